//! The `globus` command as a client: it has a login of its own, repeats calls by itself when it is told to wait, and prints
//! bodies alone.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::input::library_errors;
use crate::model::{Problem, ProblemKind};
use crate::platform::calls::{Answer, Client, Request, Service};

/// The exit status of the command when a login or a consent is missing.
const NO_LOGIN: i32 = 4;

/// Runs `globus api …` for each call.
pub(super) struct GlobusCommand;

impl Client for GlobusCommand {
    fn call(&mut self, request: &Request) -> Result<Answer, Problem> {
        let mut command = Command::new("globus");
        command.arg("api");
        match request.service.as_str().strip_prefix(Service::GCS) {
            Some(endpoint) => command.args(["gcs", endpoint]),
            None => command.arg(request.service.as_str()),
        };
        command.args(["GET", request.path.as_str()]);
        for (name, value) in &request.query {
            command.args(["-Q", &format!("{name}={value}")]);
        }
        // It must not ask anybody, and messages are read.
        let ran = command.stdin(Stdio::null()).output().map_err(|error| {
            Problem::new(
                ProblemKind::Store,
                "no_globus",
                format!("the `globus` command cannot be run: {}", library_errors::io(&error)),
            )
            .tip("install it (`pip install globus-cli`) and log in (`globus login`)")
            .tip("--via http --token-file FILE")
        })?;
        let exit = ran.status.code().unwrap_or(-1);
        if exit == 0 {
            let body = serde_json::from_slice(&ran.stdout).unwrap_or(Value::Null);
            return Ok(Answer { status: Some(200), body, ..Answer::default() });
        }
        let said = String::from_utf8_lossy(&ran.stderr);
        if exit == NO_LOGIN {
            return Err(Problem::new(
                ProblemKind::Store,
                "not_logged_in",
                format!("`globus` is not logged in for {request}"),
            )
            .tip("globus login")
            .tip("for a Globus Connect Server endpoint: globus login --gcs ENDPOINT-ID"));
        }
        Ok(Answer { exit: Some(exit), code: code_of(&said), ..Answer::default() })
    }
}

/// The code of the platform in what the command says about a failure: in its text, or in the JSON that it passes on.
fn code_of(said: &str) -> Option<String> {
    let in_text = |name: &str| {
        let line = said.lines().map(str::trim_start).find_map(|line| line.strip_prefix(name))?;
        Some(line.trim().to_owned()).filter(|value| !value.is_empty())
    };
    let in_json = || {
        let document: Value = serde_json::from_str(said.trim()).ok()?;
        Some(document.get("code")?.as_str()?.to_owned())
    };
    in_text("code:").or_else(in_json).or_else(|| in_text("HTTP status:"))
}

#[cfg(test)]
mod tests {
    use super::code_of;

    #[test]
    fn the_code_of_a_failure_is_read_from_text_or_json() {
        let text = "Globus CLI Error: A Transfer API Error Occurred.\nHTTP status:      403\nrequest_id:       T\ncode:             PermissionDenied\nmessage:          no\n";
        assert_eq!(code_of(text).as_deref(), Some("PermissionDenied"));
        assert_eq!(code_of("{\"code\": \"NotFound\", \"message\": \"x\"}").as_deref(), Some("NotFound"));
        assert_eq!(code_of("HTTP status: 502\n").as_deref(), Some("502"));
        assert_eq!(code_of("Traceback"), None);
    }
}

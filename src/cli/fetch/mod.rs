//! `fetch`: reads a platform and writes what it answered as a tape. Changes nothing, on the platform or in the store.

mod globus_command;
mod http;
mod tape_file;
mod tokens;

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::{Args, ValueEnum, ValueHint};
use serde_json::{Value, json};

use super::progress::ProgressLine;
use super::session::Session;
use super::{Outcome, examples, files};
use crate::model::platform_id::{Instance, Platform};
use crate::model::{Problem, ProblemKind, Time};
use crate::platform::calls::{Client, Request, Service};
use crate::platform::fetch::{Fetch, caller_of, caller_request};
use crate::platform::tape::{Call, Header, Via};
use crate::render::Format;
use globus_command::GlobusCommand;
use http::HttpClient;
use tape_file::TapeFile;
use tokens::Tokens;

/// How long after its beginning a tape can be continued, in milliseconds: lists that were read further apart do not
/// belong together.
const MAX_PAUSE: i64 = 3_600_000;

// How the platform is reached.
#[derive(Args, Debug)]
pub(super) struct ConnectionArgs {
    /// How to read it: `cli` runs the `globus` command, with its own login [default: cli for globus, else http]
    #[arg(long, value_name = "HOW", value_enum)]
    via: Option<HowArg>,
    /// The address of the server, with or without the prefix of its interface [default: the platform's own]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    url: Option<String>,
    /// A file with the value of the `Authorization` header, such as `Bearer …`; `-` is standard input. Several services
    /// take a line each: `SERVICE Bearer …`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    token_file: Option<PathBuf>,
    /// A file in PEM with the certificate of a private authority
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    ca_file: Option<PathBuf>,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum HowArg {
    /// By the command of the platform
    Cli,
    /// By HTTPS
    Http,
}

#[derive(Args, Debug)]
#[command(after_long_help = examples::FETCH)]
pub(super) struct FetchArgs {
    /// The platform, with the label of the installation where there are several, as in `faspex@studio`
    #[arg(value_name = "PLATFORM[@INSTANCE]", value_parser = Instance::parse, add = super::complete::words(Platform::WORDS))]
    platform: Instance,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The folder to write the tape into. One that was interrupted within the last hour is continued
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    out: PathBuf,
}

impl ConnectionArgs {
    fn via(&self, platform: Platform) -> Result<Via, Problem> {
        match (self.via, platform) {
            (Some(HowArg::Cli), Platform::Globus) | (None, Platform::Globus) if self.token_file.is_none() => {
                Ok(Via::Cli)
            }
            (Some(HowArg::Cli), Platform::Globus) => {
                Err(Problem::usage("own_login", "the `globus` command has a login of its own, and takes no token")
                    .tip("leave out --token-file, or use --via http"))
            }
            (Some(HowArg::Cli), _) => {
                Err(Problem::usage("no_command", format!("{} has no command that can be run", platform.title()))
                    .tip("leave out --via, or use --via http"))
            }
            (Some(HowArg::Http) | None, _) => Ok(Via::Http),
        }
    }

    /// A client, and the nodes of Aspera on Cloud that it has tokens for.
    fn client(&self, platform: Platform, via: Via) -> Result<ConnectedClient, Problem> {
        if via == Via::Cli {
            return Ok(ConnectedClient { client: Box::new(GlobusCommand), nodes: Vec::new() });
        }
        let tokens = match &self.token_file {
            Some(file) => Tokens::read(file)?,
            None => {
                return Err(Problem::usage("no_token", format!("{} is read with a token", platform.title()))
                    .tip("--token-file FILE, with the value of the `Authorization` header"));
            }
        };
        let nodes = tokens.nodes();
        let client = HttpClient::new(platform, self.url.as_deref(), self.ca_file.as_deref(), tokens)?;
        Ok(ConnectedClient { client: Box::new(client), nodes })
    }
}

struct ConnectedClient {
    client: Box<dyn Client>,
    nodes: Vec<Service>,
}

impl FetchArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let platform = self.platform.platform;
        let via = self.connection.via(platform)?;
        let ConnectedClient { mut client, nodes } = self.connection.client(platform, via)?;
        let (mut file, begun) = TapeFile::open(&self.out, &self.platform)?;
        let now = Time::now();
        // Asked also when a tape is continued: it must be the same caller.
        let asked = caller_request(platform).map(|request| Ok(Call { answer: client.call(&request)?, request }));
        let asked = asked.transpose();
        let asked = asked.map_err(|problem| if begun.is_none() { file.interrupted(problem) } else { problem })?;
        let caller = asked.as_ref().and_then(|call| caller_of(platform, &call.answer));
        let header = Header { instance: self.platform.clone(), caller, at: now, via, url: self.connection.url.clone() };
        let mut known = match begun {
            Some(begun) => {
                may_continue(&begun.header, &header, &file)?;
                session.warn(&format!("continues the tape that was begun at {}", begun.header.at));
                file.resume(&begun)?;
                begun.calls
            }
            None => {
                file.begin(&header)?;
                Vec::new()
            }
        };
        if let Some(call) = asked.filter(|call| known.iter().all(|known| known.request != call.request)) {
            file.call(&call.request, call.answer.clone())?;
            known.push(call);
        }
        let calls = Arc::new(AtomicU64::new(file.recorder.calls));
        let shown = Arc::clone(&calls);
        let line = move || format!("{} calls answered", shown.load(Ordering::Relaxed));
        let progress = ProgressLine::begin(session.globals.quiet, line);
        let file = RefCell::new(file);
        let refused = {
            let mut record = |request: &Request, answer| {
                calls.fetch_add(1, Ordering::Relaxed);
                file.borrow_mut().call(request, answer)
            };
            Fetch::new(&mut *client, &mut record, known).run(platform, &nodes)
        };
        drop(progress);
        let file = file.into_inner();
        let refused = refused.map_err(|problem| file.interrupted(problem))?;
        let (recorder, path) = (file.recorder.clone(), files::name_of(&file.path));
        let digest = file.end()?;
        session.changed(true);
        for (request, what) in &refused {
            session.warn(&format!("{request} was refused ({what}): its list counts as incomplete"));
        }
        if session.output_options().format == Format::Table {
            session.line(&format!("wrote {path}: {} calls, {} refused", recorder.calls, recorder.failed))?;
        } else {
            let refused: Vec<Value> =
                refused.iter().map(|(request, what)| json!({"call": request.to_string(), "answer": what})).collect();
            session.value(&json!({
                "tape": path,
                "platform": self.platform.to_string(),
                "caller": header.caller,
                "calls": recorder.calls,
                "refused": refused,
                "struck_out": recorder.struck_out,
                "sha256": digest,
            }))?;
        }
        Ok(u8::from(recorder.failed > 0))
    }
}

/// Refuses to continue a tape that another caller began, in another way, or too long ago.
fn may_continue(begun: &Header, now: &Header, file: &TapeFile) -> Result<(), Problem> {
    let refuse = |what: &str| {
        let message = format!("`{}` cannot be continued: {what}", files::name_of(&file.path));
        Err(Problem::new(ProblemKind::Conflict, "other_tape", message)
            .why("the lists of a tape are read by one caller at one time")
            .tip("name another folder with --out, or remove the file"))
    };
    if begun.caller != now.caller {
        return refuse("another caller began it");
    }
    if (begun.via, &begun.url) != (now.via, &now.url) {
        return refuse("it was begun with another --via or --url");
    }
    if now.at.0 - begun.at.0 > MAX_PAUSE {
        return refuse(&format!("it was begun at {}, more than an hour ago", begun.at));
    }
    Ok(())
}

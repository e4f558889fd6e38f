//! Tapes: the record of one reading of a platform, as JSON Lines.
//!
//! The first line says who read what and when, then comes one line for each call, and the closing line has the counts and
//! the SHA-256 of every byte before it. A tape without a closing line, or with a failed call, is incomplete: what it lacks
//! is not known to be absent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::calls::{Answer, Request, Service};
use super::secrets;
use crate::model::platform_id::Instance;
use crate::model::secret::hex;
use crate::model::{Problem, ProblemKind, Time};

/// The version of the form.
const VERSION: u64 = 1;

/// How a platform was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// By the command of the platform.
    Cli,
    /// By HTTP.
    Http,
}

/// The first line: who read what and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// The installation.
    pub instance: Instance,
    /// Who is logged in, as the platform says; `None` where it does not say.
    pub caller: Option<String>,
    /// The time of the beginning.
    pub at: Time,
    /// How it was read.
    pub via: Via,
    /// The address of the server; `None` for the usual ones.
    pub url: Option<String>,
}

/// One call with its answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Call {
    /// The call.
    pub request: Request,
    /// The answer.
    pub answer: Answer,
}

#[derive(Serialize, Deserialize)]
struct HeaderLine {
    tape: u64,
    platform: String,
    instance: Option<String>,
    caller: Option<String>,
    at: String,
    via: Via,
    url: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct CallLine {
    service: Service,
    method: String,
    path: String,
    #[serde(default)]
    query: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exit: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    body: Value,
}

#[derive(Serialize, Deserialize)]
struct EndLine {
    end: bool,
    calls: u64,
    failed: u64,
    sha256: String,
}

/// Makes the lines of a tape, each with its line feed, and counts them.
#[derive(Clone, Debug, Default)]
pub struct TapeRecorder {
    hasher: Sha256,
    /// The number of calls so far.
    pub calls: u64,
    /// The number of calls that failed.
    pub failed: u64,
    /// The number of secrets that were struck out.
    pub struck_out: usize,
}

impl TapeRecorder {
    /// The first line.
    pub fn header(&mut self, header: &Header) -> String {
        self.line(&HeaderLine {
            tape: VERSION,
            platform: header.instance.platform.as_str().to_owned(),
            instance: header.instance.label.as_deref().map(str::to_owned),
            caller: header.caller.clone(),
            at: header.at.to_string(),
            via: header.via,
            url: header.url.clone(),
        })
    }

    /// The line of a call, without the secrets of its answer.
    pub fn call(&mut self, request: &Request, answer: &mut Answer) -> String {
        self.struck_out += secrets::strike_out(&mut answer.body);
        self.count(answer);
        self.line(&CallLine {
            service: request.service.clone(),
            method: "GET".to_owned(),
            path: request.path.clone(),
            query: request.query.clone(),
            status: answer.status,
            exit: answer.exit,
            code: answer.code.clone(),
            headers: answer.headers.clone(),
            body: answer.body.clone(),
        })
    }

    /// The closing line, and the digest in it.
    pub fn end(self) -> (String, String) {
        let sha256 = hex(&self.hasher.finalize());
        let end = EndLine { end: true, calls: self.calls, failed: self.failed, sha256: sha256.clone() };
        (text_line(&end), sha256)
    }

    /// Takes in the lines of a tape that is continued.
    fn resume(&mut self, kept: &str, calls: &[Call]) {
        self.hasher.update(kept);
        calls.iter().for_each(|call| self.count(&call.answer));
    }

    fn count(&mut self, answer: &Answer) {
        self.calls += 1;
        self.failed += u64::from(!answer.is_success());
    }

    fn line<T: Serialize>(&mut self, value: &T) -> String {
        let line = text_line(value);
        self.hasher.update(&line);
        line
    }
}

/// A value as a line. Only maps whose keys are not text cannot be written, and there are none here.
fn text_line<T: Serialize>(value: &T) -> String {
    let mut line = serde_json::to_string(value).unwrap_or_default();
    line.push('\n');
    line
}

/// A tape that was read.
#[derive(Clone, PartialEq, Debug)]
pub struct Tape {
    /// Who read what and when.
    pub header: Header,
    /// The calls, in their order.
    pub calls: Vec<Call>,
    /// The digest of the closing line; `None` for a tape that has none.
    pub digest: Option<String>,
}

impl Tape {
    /// Reads a tape. `name` is what messages call it.
    ///
    /// # Errors
    /// A mistake of the input with its line: a first line that is not that of a tape, a line that is not a call, a digest
    /// or a count that differs, and text after the closing line.
    pub fn parse(name: &str, text: &str) -> Result<Tape, Problem> {
        let mut lines = text.split_inclusive('\n').enumerate();
        let wrong = |line: usize, what: &str| {
            Problem::new(ProblemKind::Input, "bad_tape", format!("{name}:{}: {what}", line + 1))
                .tip("read the platform again: rolebook fetch PLATFORM --out FOLDER")
        };
        let header = lines.next().and_then(|(_, line)| header_of(line)).ok_or_else(|| wrong(0, NOT_A_TAPE))?;
        let (mut calls, mut before) = (Vec::new(), text.find('\n').map_or(text.len(), |end| end + 1));
        while let Some((number, line)) = lines.next() {
            if let Ok(end) = serde_json::from_str::<EndLine>(line) {
                let found = hex(&Sha256::digest(text.get(..before).unwrap_or_default()));
                let failed = calls.iter().filter(|call: &&Call| !call.answer.is_success()).count() as u64;
                if end.sha256 != found || (end.calls, end.failed) != (calls.len() as u64, failed) {
                    return Err(wrong(
                        number,
                        "the tape was changed after it was closed: its digest or a count differs",
                    ));
                }
                return match lines.next() {
                    Some((after, _)) => Err(wrong(after, "text after the closing line")),
                    None => Ok(Tape { header, calls, digest: Some(found) }),
                };
            }
            calls.push(call_of(line).ok_or_else(|| wrong(number, "not a call of a tape"))?);
            before += line.len();
        }
        Ok(Tape { header, calls, digest: None })
    }

    /// Whether the tape was closed and no call failed.
    pub fn is_complete(&self) -> bool {
        self.digest.is_some() && self.calls.iter().all(|call| call.answer.is_success())
    }
}

const NOT_A_TAPE: &str = "not a tape: its first line does not say who read what and when";

/// The part of a tape that a later fetch continues.
#[derive(Clone, Debug)]
pub struct Resumed {
    /// Who began it and when.
    pub header: Header,
    /// The calls that need not be made again.
    pub calls: Vec<Call>,
    /// The lines to keep: those of the successful calls.
    pub kept: String,
    /// The recorder, with these lines.
    pub recorder: TapeRecorder,
}

impl Resumed {
    /// Reads what an interrupted fetch has left: whole lines of successful calls. `None` if there is no first line yet.
    ///
    /// # Errors
    /// For a tape that is closed.
    pub fn parse(name: &str, text: &str) -> Result<Option<Resumed>, Problem> {
        let whole = text.rfind('\n').and_then(|end| text.get(..=end)).unwrap_or_default();
        let mut lines = whole.split_inclusive('\n');
        let Some(first) = lines.next() else { return Ok(None) };
        let Some(header) = header_of(first) else {
            return Err(Problem::new(ProblemKind::Input, "bad_tape", format!("{name}:1: {NOT_A_TAPE}"))
                .tip("name another folder, or remove the file"));
        };
        let (mut calls, mut kept) = (Vec::new(), first.to_owned());
        for line in lines {
            if serde_json::from_str::<EndLine>(line).is_ok() {
                return Err(Problem::conflict("tape_exists", format!("`{name}` is a whole tape already"))
                    .why("a tape says what was there at one time, and is never written over")
                    .tip("name another folder with --out"));
            }
            // What failed, or was cut off, is asked for again.
            if let Some(call) = call_of(line).filter(|call| call.answer.is_success()) {
                kept.push_str(line);
                calls.push(call);
            }
        }
        let mut recorder = TapeRecorder::default();
        recorder.resume(&kept, &calls);
        Ok(Some(Resumed { header, calls, kept, recorder }))
    }
}

fn header_of(line: &str) -> Option<Header> {
    let read: HeaderLine = serde_json::from_str(line).ok().filter(|it: &HeaderLine| it.tape == VERSION)?;
    let label = read.instance.map_or_else(String::new, |label| format!("@{label}"));
    Some(Header {
        instance: Instance::parse(&format!("{}{label}", read.platform)).ok()?,
        caller: read.caller,
        at: Time::parse(&read.at).ok()?,
        via: read.via,
        url: read.url,
    })
}

fn call_of(line: &str) -> Option<Call> {
    let read: CallLine = serde_json::from_str(line).ok()?;
    let request = Request { service: read.service, path: read.path, query: read.query, address: None };
    let CallLine { status, exit, code, headers, body, .. } = read;
    Some(Call { request, answer: Answer { status, exit, code, headers, body } })
}

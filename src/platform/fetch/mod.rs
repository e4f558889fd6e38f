//! Reading a platform whole: which calls it takes, page by page. A call that the platform refuses is recorded and the
//! rest goes on, since a tape says of each list whether it is whole.

mod aoc;
mod faspex;
mod fastpix;
mod globus;
mod node;

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::calls::{Answer, Client, Request, Service};
use super::rows::{list, written_id as id};
use super::tape::Call;
use crate::model::Problem;
use crate::model::platform_id::Platform;

/// The call whose answer says who is logged in; `None` where no call does.
pub fn caller_request(platform: Platform) -> Option<Request> {
    match platform {
        Platform::Globus => Some(Request::get(Service::new(Service::AUTH), "/v2/oauth2/userinfo")),
        Platform::Aoc => Some(Request::get(Service::of(platform), "/self")),
        Platform::Node => Some(Request::get(Service::of(platform), "/access_keys/self")),
        Platform::Faspex | Platform::Fastpix => None,
    }
}

/// Who is logged in, by the answer to [`caller_request`]: an id that does not change.
pub fn caller_of(platform: Platform, answer: &Answer) -> Option<String> {
    let key = if platform == Platform::Globus { "sub" } else { "id" };
    if answer.is_success() { id(&answer.body, key) } else { None }
}

/// Receives each new call with its answer, and keeps it.
pub type Record<'r> = &'r mut dyn FnMut(&Request, Answer) -> Result<(), Problem>;

/// The reading of a platform.
pub struct Fetch<'f> {
    client: &'f mut dyn Client,
    record: Record<'f>,
    /// The answers that are on the tape already.
    known: HashMap<Request, Answer>,
    /// The calls that the platform refused, with what it said.
    refused: Vec<(Request, String)>,
}

impl<'f> Fetch<'f> {
    /// A reading that makes none of the calls in `known` again, which are on the tape already.
    pub fn new(client: &'f mut dyn Client, record: Record<'f>, known: Vec<Call>) -> Fetch<'f> {
        let known = known.into_iter().map(|call| (call.request, call.answer)).collect();
        Fetch { client, record, known, refused: Vec::new() }
    }

    /// Reads everything. `nodes` are the services of the nodes of Aspera on Cloud that there are tokens for. Returns the
    /// calls that the platform refused, with what it said.
    ///
    /// # Errors
    /// When no call can be made, or none with this login, or when a call cannot be recorded.
    pub fn run(mut self, platform: Platform, nodes: &[Service]) -> Result<Vec<(Request, String)>, Problem> {
        if let Some(request) = caller_request(platform) {
            self.note(request)?;
        }
        match platform {
            Platform::Globus => globus::read(&mut self)?,
            Platform::Faspex => faspex::read(&mut self)?,
            Platform::Aoc => aoc::read(&mut self, nodes)?,
            Platform::Node => node::read(&mut self, &Service::of(Platform::Node), None)?,
            Platform::Fastpix => fastpix::read(&mut self)?,
        }
        Ok(self.refused)
    }

    /// Makes a call; `None` if the platform refused it.
    fn get(&mut self, request: Request) -> Result<Option<Answer>, Problem> {
        // The address is not recorded: it is that of the service.
        let key = Request { address: None, ..request.clone() };
        let answer = match self.known.remove(&key) {
            Some(answer) => answer,
            None => {
                let answer = self.client.call(&request)?;
                (self.record)(&request, answer.clone())?;
                answer
            }
        };
        if answer.is_success() {
            return Ok(Some(answer));
        }
        self.refused.push((request, reason(&answer)));
        Ok(None)
    }

    /// Makes a call of which only the record is of use.
    fn note(&mut self, request: Request) -> Result<(), Problem> {
        self.get(request).map(drop)
    }

    /// Visits the rows of a list that is read page by page. `next` says with which parameters the next page is asked for,
    /// from the number of rows so far and the last page; `None` after the last page.
    fn pages(
        &mut self,
        request: &Request,
        rows_of: &dyn Fn(&Value) -> &[Value],
        next: NextPage<'_>,
        visit: &mut dyn FnMut(&Value),
    ) -> Result<(), Problem> {
        let (mut seen, mut page) = (0, 0);
        let mut parameters = next(Progress { seen, page, in_page: 0, last: None });
        while let Some(query) = parameters {
            let asked = query.into_iter().fold(request.clone(), |request, (name, value)| request.with(name, value));
            let Some(answer) = self.get(asked)? else { return Ok(()) };
            let rows = rows_of(&answer.body);
            rows.iter().for_each(&mut *visit);
            (seen, page) = (seen + rows.len() as u64, page + 1);
            parameters = next(Progress { seen, page, in_page: rows.len() as u64, last: Some(&answer) });
        }
        Ok(())
    }
}

/// The parameters with which the next page is asked for; `None` after the last page.
type NextPage<'n> = &'n dyn Fn(Progress<'_>) -> Option<Vec<(&'static str, String)>>;

/// How far a list is read.
struct Progress<'a> {
    /// The number of rows so far.
    seen: u64,
    /// The number of pages so far.
    page: u64,
    /// The number of rows of the last page.
    in_page: u64,
    /// The answer with the last page; `None` before the first.
    last: Option<&'a Answer>,
}

impl Progress<'_> {
    /// Whether there is another page of at most `size` rows in a list of `total` rows; by the length of the last page
    /// where no total is known. A page without rows is the last, whatever the total says.
    const fn has_more(&self, total: Option<u64>, size: u64) -> bool {
        match (self.last, total) {
            (None, _) => true,
            (Some(_), _) if self.in_page == 0 => false,
            (Some(_), Some(total)) => self.seen < total,
            (Some(_), None) => self.in_page >= size,
        }
    }
}

/// What the platform said about a call that it refused.
fn reason(answer: &Answer) -> String {
    let status = match (answer.status, answer.exit) {
        (Some(status), _) => status.to_string(),
        (None, Some(exit)) => format!("exit status {exit}"),
        (None, None) => "no answer".to_owned(),
    };
    answer.code.as_ref().map_or_else(|| status.clone(), |code| format!("{status} {code}"))
}

/// The rows of a document that is a list itself.
fn rows(document: &Value) -> &[Value] {
    document.as_array().map_or(&[], Vec::as_slice)
}

/// The ids of the rows of a list, each once.
fn ids(into: &mut BTreeSet<String>, row: &Value) {
    into.extend(id(row, "id"));
}

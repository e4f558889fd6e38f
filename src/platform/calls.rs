//! Calls to the interfaces of the platforms: requests, answers, and who makes them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Problem;
use crate::model::platform_id::Platform;

/// An interface of a platform, by the word for it in tapes and in files of tokens.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Service(String);

impl Service {
    /// Globus Auth.
    pub const AUTH: &str = "auth";
    /// Globus Groups.
    pub const GROUPS: &str = "groups";
    /// Globus Transfer.
    pub const TRANSFER: &str = "transfer";
    /// The beginning of the word for the manager of a Globus Connect Server endpoint; the endpoint's id follows.
    pub const GCS: &str = "gcs:";
    /// The beginning of the word for a node of Aspera on Cloud; the node's id follows.
    pub const NODE: &str = "node:";

    /// The service with a word, such as `transfer`.
    pub fn new(word: impl Into<String>) -> Service {
        Service(word.into())
    }

    /// The only service of a platform that has one.
    pub fn of(platform: Platform) -> Service {
        Service::new(platform.as_str())
    }

    /// The manager of an endpoint of Globus Connect Server.
    pub fn gcs(endpoint: &str) -> Service {
        Service(format!("{}{endpoint}", Service::GCS))
    }

    /// A node of Aspera on Cloud.
    pub fn node(id: &str) -> Service {
        Service(format!("{}{id}", Service::NODE))
    }

    /// The word for the service.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A call that reads: every call of a fetch is a GET.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Request {
    /// The interface.
    pub service: Service,
    /// The path after the prefix of the interface, beginning with `/`.
    pub path: String,
    /// The query, in the order in which it is sent.
    pub query: Vec<(String, String)>,
    /// The address of the interface, where an earlier answer names it.
    pub address: Option<String>,
}

impl Request {
    /// A call without a query.
    pub fn get(service: Service, path: impl Into<String>) -> Request {
        Request { service, path: path.into(), query: Vec::new(), address: None }
    }

    /// The parts of the path.
    pub fn parts(&self) -> Vec<&str> {
        self.path.split('/').filter(|part| !part.is_empty()).collect()
    }

    /// The call with a further parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Request {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// The call to an interface at an address that an earlier answer names.
    #[must_use]
    pub fn at(mut self, address: &str) -> Request {
        self.address = Some(address.to_owned());
        self
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.service, self.path)
    }
}

/// An answer to a call.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Answer {
    /// The status of HTTP; `None` where another program made the call and failed.
    pub status: Option<u16>,
    /// The exit status of the program that made the call and failed.
    pub exit: Option<i32>,
    /// The code of the platform for the failure.
    pub code: Option<String>,
    /// The headers about counts and pages, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body; null for one that is not JSON.
    pub body: Value,
}

/// The headers that a tape keeps: those about counts and pages.
pub const KEPT_HEADERS: [&str; 2] = ["x-total-count", "link"];

impl Answer {
    /// Whether the platform gave what was asked for.
    pub fn is_success(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// Makes calls.
pub trait Client {
    /// Makes a call. A refusal by the platform is an answer.
    ///
    /// # Errors
    /// When no call can be made at all, or none with this login: the fetch stops.
    fn call(&mut self, request: &Request) -> Result<Answer, Problem>;
}

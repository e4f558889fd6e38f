//! Tokens: the values of the `Authorization` header, by service. They are sent and never shown.

use std::io::Read;
use std::path::Path;

use super::super::files;
use crate::model::secret::Secret;
use crate::model::{Problem, ProblemKind};
use crate::platform::calls::Service;

/// The longest file of tokens, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// The tokens of a file.
pub(super) struct Tokens(Vec<(Option<Service>, Secret)>);

impl Tokens {
    /// Reads a file. No message repeats anything of it.
    ///
    /// # Errors
    /// For a file that cannot be read, or that is not the value of a header, or such values by service.
    pub(super) fn read(path: &Path) -> Result<Tokens, Problem> {
        let bad = |what: &str| {
            Problem::new(ProblemKind::Input, "bad_token", format!("`{}` {what}", files::name_of(path)))
                .tip("write the value of the header, such as `Bearer …` or `Basic …`; or a line for each service, such as `transfer Bearer …`")
        };
        let mut bytes = Vec::new();
        files::open(path)?
            .take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(|_| files::unreadable(path, "cannot be read"))?;
        let text = String::from_utf8(bytes).map_err(|_| bad("is not text"))?;
        if text.len() as u64 > MAX_BYTES {
            return Err(bad("is too long for a file of tokens"));
        }
        let mut tokens = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let mut words = line.split_whitespace();
            let (first, count) = (words.next().unwrap_or_default(), line.split_whitespace().count());
            let is_value = line.bytes().all(|byte| (b' '..=b'~').contains(&byte));
            match count {
                2 if is_value => tokens.push((None, Secret::from_text(line.to_owned()))),
                3 if is_value => {
                    let value = line.get(first.len()..).unwrap_or_default().trim();
                    tokens.push((Some(Service::new(first)), Secret::from_text(value.to_owned())));
                }
                _ => return Err(bad("holds a line that is not the value of an `Authorization` header")),
            }
        }
        if tokens.is_empty() {
            return Err(bad("holds no token"));
        }
        Ok(Tokens(tokens))
    }

    /// The token for a service. A token without a service goes to the platform itself, and not to servers that its answers
    /// name.
    pub(super) fn of(&self, service: &Service) -> Option<&str> {
        let is_elsewhere = service.as_str().contains(':');
        let find = |wanted: Option<&Service>| self.0.iter().find(|(known, _)| known.as_ref() == wanted);
        let found = find(Some(service)).or_else(|| if is_elsewhere { None } else { find(None) });
        found.map(|(_, token)| token.reveal())
    }

    /// The nodes of Aspera on Cloud that there are tokens for.
    pub(super) fn nodes(&self) -> Vec<Service> {
        let nodes = self.0.iter().filter_map(|(service, _)| service.clone());
        nodes.filter(|service| service.as_str().starts_with(Service::NODE)).collect()
    }
}

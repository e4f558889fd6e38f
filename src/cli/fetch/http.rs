//! HTTPS as a client. It waits when the platform asks to, repeats a call that got no answer, follows no redirect, and sends
//! a token to no other server than that of its service.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use ureq::http::Uri;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};

use super::super::files;
use super::tokens::Tokens;
use crate::input::library_errors;
use crate::model::escape::printable;
use crate::model::platform_id::Platform;
use crate::model::{Problem, ProblemKind};
use crate::platform::calls::{Answer, Client, KEPT_HEADERS, Request, Service};

/// How long a call may take, and how long a connection.
const CALL_TIME: Duration = Duration::from_secs(120);
const CONNECT_TIME: Duration = Duration::from_secs(20);

/// The longest body, in bytes.
const MAX_BODY: u64 = 256 << 20;

/// How often a call is made at most if the platform asks to wait, and if the answer is lost.
const MAX_TRIES: u32 = 8;
const MAX_LOST: u32 = 4;

/// The longest pause that a platform can ask for, in seconds.
const MAX_PAUSE: u64 = 300;

/// The addresses of a platform's services and the prefix of the interface; no address where every site has its own.
const fn addresses(platform: Platform) -> (&'static [(&'static str, &'static str)], &'static str) {
    match platform {
        Platform::Globus => (
            &[
                (Service::AUTH, "https://auth.globus.org"),
                (Service::GROUPS, "https://groups.api.globus.org"),
                (Service::TRANSFER, "https://transfer.api.globus.org"),
            ],
            "",
        ),
        Platform::Faspex => (&[], "/aspera/faspex/api/v5"),
        Platform::Aoc => (&[("aoc", "https://api.ibmaspera.com")], "/api/v1"),
        Platform::Node => (&[], ""),
        Platform::Fastpix => (&[("fastpix", "https://api.fastpix.io")], "/v1"),
    }
}

/// Makes calls by HTTPS.
pub(super) struct HttpClient {
    agent: ureq::Agent,
    platform: Platform,
    /// The address of every service, as the user gave it.
    url: Option<String>,
    tokens: Tokens,
}

impl HttpClient {
    /// A client for a platform.
    ///
    /// # Errors
    /// A usage problem for an address that is missing or not safe; for a file of certificates that cannot be used.
    pub(super) fn new(
        platform: Platform,
        url: Option<&str>,
        ca_file: Option<&Path>,
        tokens: Tokens,
    ) -> Result<HttpClient, Problem> {
        let (known, prefix) = addresses(platform);
        let url = url.map(|url| {
            let url = url.trim_end_matches('/');
            url.strip_suffix(prefix).filter(|_| !prefix.is_empty()).unwrap_or(url).to_owned()
        });
        if url.is_none() && known.is_empty() {
            return Err(Problem::usage("no_url", format!("every site has its own {}", platform.title()))
                .tip("--url https://SERVER"));
        }
        if let Some(url) = &url {
            safe(url)?;
        }
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::Specific(Arc::new(authorities(ca_file)?)))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(CALL_TIME))
            .timeout_connect(Some(CONNECT_TIME))
            .user_agent(concat!("rolebook/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(HttpClient { agent: config.into(), platform, url, tokens })
    }

    /// The address of a call without its query.
    fn address(&self, request: &Request) -> Result<String, Problem> {
        let (known, prefix) = addresses(self.platform);
        let (base, prefix) = match &request.address {
            // What an earlier answer names.
            Some(address) if request.service.as_str().starts_with(Service::GCS) => (address.as_str(), "/api"),
            Some(address) => (address.as_str(), ""),
            None => {
                let usual = known.iter().find(|(service, _)| *service == request.service.as_str());
                (self.url.as_deref().or(usual.map(|(_, address)| *address)).unwrap_or_default(), prefix)
            }
        };
        safe(base)?;
        Ok(format!("{}{prefix}{}", base.trim_end_matches('/'), request.path))
    }

    fn once(&self, address: &str, request: &Request, token: &str) -> Result<Reply, ureq::Error> {
        let mut call = self.agent.get(address).header("Authorization", token).header("Accept", "application/json");
        for (name, value) in &request.query {
            call = call.query(name, value);
        }
        let mut response = call.call()?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let kept = KEPT_HEADERS.iter().filter_map(|name| Some(((*name).to_owned(), header(name)?)));
        let (headers, pause) = (kept.collect(), header("retry-after").and_then(|text| text.trim().parse().ok()));
        let status = response.status().as_u16();
        let text = response.body_mut().with_config().limit(MAX_BODY).read_to_string()?;
        Ok(Reply { status, headers, pause, body: serde_json::from_str(&text).unwrap_or(Value::Null) })
    }
}

struct Reply {
    status: u16,
    headers: BTreeMap<String, String>,
    /// How long the server asks to wait, in seconds.
    pause: Option<u64>,
    body: Value,
}

impl Client for HttpClient {
    fn call(&mut self, request: &Request) -> Result<Answer, Problem> {
        let address = self.address(request)?;
        let Some(token) = self.tokens.of(&request.service) else {
            return Ok(Answer { code: Some(format!("no token for {}", request.service)), ..Answer::default() });
        };
        let mut tries = 1;
        loop {
            let reply = self.once(&address, request, token);
            let is_last = tries >= MAX_TRIES;
            let pause = match reply {
                Ok(reply) if is_temporary(reply.status) && !is_last => reply.pause.unwrap_or(backoff(tries)),
                Ok(reply) if reply.status == 401 => return Err(unauthorized(request)),
                Ok(reply) => {
                    let code = code_of(&reply.body).filter(|_| !(200..300).contains(&reply.status));
                    let Reply { status, headers, body, .. } = reply;
                    return Ok(Answer { status: Some(status), exit: None, code, headers, body });
                }
                Err(error) if tries >= MAX_LOST || !is_lost(&error) => return Err(unreachable(&address, &error)),
                Err(_) => backoff(tries),
            };
            if pause > MAX_PAUSE {
                return Err(Problem::new(
                    ProblemKind::Store,
                    "told_to_wait",
                    format!("{request}: the platform asks to wait {pause} seconds"),
                )
                .tip("run the same command again then"));
            }
            std::thread::sleep(Duration::from_secs(pause));
            tries += 1;
        }
    }
}

/// Whether the same call may succeed later: reading changes nothing, so it may be repeated.
const fn is_temporary(status: u16) -> bool {
    matches!(status, 429 | 500 | 502 | 503 | 504)
}

/// The pause after a number of tries, in seconds: 1, 2, 4 and so on to 60.
fn backoff(tries: u32) -> u64 {
    1_u64.checked_shl(tries - 1).unwrap_or(60).min(60)
}

/// Whether an answer was lost on its way, and another call may get one.
fn is_lost(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Io(error) => error.kind() != std::io::ErrorKind::ConnectionRefused && !is_untrusted(error),
        ureq::Error::Timeout(_) | ureq::Error::ConnectionFailed => true,
        _ => false,
    }
}

const UNTRUSTED: &str = "its certificate is not trusted, or is for another name";

/// Whether a connection was given up since TLS failed.
fn is_untrusted(error: &std::io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>())
}

/// The code of the platform in the body of a failure.
fn code_of(body: &Value) -> Option<String> {
    let code = body.get("code").or_else(|| body.get("error")?.get("code"))?;
    match code {
        Value::String(text) => Some(printable(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn unauthorized(request: &Request) -> Problem {
    Problem::new(
        ProblemKind::Store,
        "token_refused",
        format!("the platform does not accept the token for {}", request.service),
    )
    .why("status 401: a token is unknown, or has expired")
    .tip("--token-file FILE with a new one")
}

/// No message repeats what the server said.
fn unreachable(address: &str, error: &ureq::Error) -> Problem {
    let why: Cow<'static, str> = match error {
        ureq::Error::Io(error) if is_untrusted(error) => UNTRUSTED.into(),
        ureq::Error::Io(error) => library_errors::io(error).into(),
        ureq::Error::Timeout(_) => "it did not answer in time".into(),
        ureq::Error::HostNotFound => "its name is not known".into(),
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => UNTRUSTED.into(),
        ureq::Error::BodyExceedsLimit(_) => format!("an answer is longer than {} MB", MAX_BODY >> 20).into(),
        _ => "it does not speak HTTP as it should".into(),
    };
    let host = address.parse::<Uri>().ok().and_then(|uri| uri.authority().map(|it| it.host().to_owned()));
    let host = host.unwrap_or_else(|| "the server".to_owned());
    Problem::new(ProblemKind::Store, "unreachable", format!("`{}` cannot be read: {why}", printable(&host)))
        .tip("--url, for another address; --ca-file FILE, for a private authority")
}

/// Refuses an address to which a token would travel in the clear.
fn safe(url: &str) -> Result<(), Problem> {
    let bad = |what: &str| {
        Problem::usage("bad_url", format!("`{}` {what}", printable(url))).tip("write it as `https://SERVER`")
    };
    let uri: Uri = url.parse().map_err(|_| bad("is not an address"))?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| bad("names no server"))?;
    let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    if has_user || uri.query().is_some() {
        return Err(bad("holds more than a server and a path"));
    }
    let is_loopback = host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if is_loopback => Ok(()),
        Some("http") => {
            Err(bad("is not protected").why("a token is sent by HTTPS only, except to this machine itself"))
        }
        _ => Err(bad("is not an address of HTTPS")),
    }
}

/// The authorities that the system trusts, and those of a file.
fn authorities(file: Option<&Path>) -> Result<Vec<Certificate<'static>>, Problem> {
    let native = rustls_native_certs::load_native_certs().certs;
    let mut found: Vec<Certificate<'static>> =
        native.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    let Some(path) = file else { return Ok(found) };
    let pem = std::fs::read(path)
        .map_err(|error| files::unreadable(path, &format!("cannot be read: {}", library_errors::io(&error))))?;
    let before = found.len();
    found.extend(parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    }));
    if found.len() == before {
        return Err(files::unreadable(path, "holds no certificate in PEM"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_travels_in_the_clear_to_this_machine_alone() {
        for good in [
            "https://f.example",
            "https://f.example:8443/x",
            "http://127.0.0.1:80",
            "http://localhost:1",
            "http://[::1]:1",
        ] {
            assert!(safe(good).is_ok(), "{good}");
        }
        for bad in [
            "http://f.example",
            "http://127.0.0.1.f.example",
            "ftp://f.example",
            "f.example",
            "https://u:p@f.example",
            "https://f.example?x=1",
            "",
        ] {
            assert!(safe(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn pauses_grow_to_a_minute() {
        let pauses: Vec<u64> = (1..9).map(backoff).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    }
}

//! Mailing private links through a configured SMTP server.
//!
//! The connection is protected unless the configuration says otherwise outright. Failures are
//! answered as text and never hold the secret: the link itself stands, and is printed.

use std::error::Error as _;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls as Protection, TlsParameters};
use lettre::{Message, SmtpTransport, Transport};

use super::config::{Smtp, Tls};

/// A private link on its way.
pub(super) struct Letter<'l> {
    pub(super) to: &'l str,
    pub(super) dropbox: &'l str,
    pub(super) link: &'l str,
    pub(super) expires: Option<String>,
}

/// Sends a letter.
pub(super) fn send(smtp: &Smtp, letter: &Letter<'_>) -> Result<(), String> {
    let transport = transport(smtp)?;
    let message = message(smtp, letter)?;
    transport.send(&message).map(drop).map_err(|error| failed(&error))
}

/// Why a mail was not sent. What the server says is not repeated: it may quote what it was sent,
/// and that is the link or the password.
fn failed(error: &Error) -> String {
    match error.status() {
        Some(code) => {
            let text = error.source().map(ToString::to_string).unwrap_or_default();
            let status = text.split_whitespace().next().filter(|word| is_status(word)).unwrap_or_default();
            format!("the server refused it: {code} {status}").trim_end().to_owned()
        }
        None if error.is_response() => "the server does not speak SMTP, or broke off".to_owned(),
        None => said(error),
    }
}

/// Whether a word is a status of RFC 3463, such as `5.1.1`: figures, which tell and quote nothing.
fn is_status(word: &str) -> bool {
    let shape = word.len() <= 9 && word.matches('.').count() == 2 && word.starts_with(['4', '5']);
    shape && word.bytes().all(|it| it == b'.' || it.is_ascii_digit())
}

/// The error and what is behind it, in one line.
fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(&format!(": {inner_text}"));
        }
        source = inner.source();
    }
    text.lines().collect::<Vec<_>>().join(" ")
}

fn transport(smtp: &Smtp) -> Result<SmtpTransport, String> {
    let mut builder = SmtpTransport::builder_dangerous(smtp.host.as_str());
    let port = smtp.port.unwrap_or(match smtp.tls {
        Tls::Starttls => 587,
        Tls::Wrapped => 465,
        Tls::None => 25,
    });
    let protection = match smtp.tls {
        Tls::None => Protection::None,
        Tls::Starttls => Protection::Required(parameters(smtp)?),
        Tls::Wrapped => Protection::Wrapper(parameters(smtp)?),
    };
    builder = builder.port(port).tls(protection).timeout(Some(Duration::from_secs(smtp.timeout.unwrap_or(30))));
    if let (Some(user), Some(file)) = (&smtp.user, &smtp.password_file) {
        let password = std::fs::read_to_string(file)
            .map_err(|error| format!("the password file `{}` cannot be read: {error}", file.display()))?;
        builder =
            builder.credentials(Credentials::new(user.clone(), password.trim_end_matches(['\r', '\n']).to_owned()));
    }
    Ok(builder.build())
}

fn parameters(smtp: &Smtp) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(smtp.host.clone());
    if let Some(file) = &smtp.ca_file {
        let pem = std::fs::read(file)
            .map_err(|error| format!("the certificate file `{}` cannot be read: {error}", file.display()))?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| said(&error))?);
    }
    builder.build_rustls().map_err(|error| said(&error))
}

fn message(smtp: &Smtp, letter: &Letter<'_>) -> Result<Message, String> {
    let from: Mailbox = smtp.from.parse().map_err(|error| format!("`from` of the configuration: {error}"))?;
    let to: Mailbox = letter.to.parse().map_err(|error| format!("`{}`: {error}", letter.to))?;
    let expires = letter
        .expires
        .as_ref()
        .map_or_else(|| "It works until it is withdrawn.".to_owned(), |time| format!("It works until {time}."));
    let body = format!(
        "You are invited to submit files to the dropbox \"{}\".\n\nYour private link:\n\n{}\n\n{expires} Whoever holds it can submit in your name: keep it to yourself.\n",
        letter.dropbox, letter.link
    );
    Message::builder()
        .from(from)
        .to(to)
        .subject(format!("Your link to the dropbox \"{}\"", letter.dropbox))
        .header(ContentType::TEXT_PLAIN)
        .body(body)
        .map_err(|error| error.to_string())
}

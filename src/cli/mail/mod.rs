//! Mails links and invitations through the SMTP server of the configuration.
//!
//! The connection is encrypted unless the configuration says `tls: none`. A failure is returned as a text that never
//! holds the secret. It does not undo the change: the link was printed before and stays valid.

mod smtp;

use std::time::Duration;

use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;

use self::smtp::{Envelope, Security, SmtpServer};
use super::config::{Smtp, Tls};

/// A message to one person.
pub(super) struct MailMessage {
    /// What the mail delivers, as a warning names it.
    pub(super) what: &'static str,
    pub(super) to: String,
    pub(super) subject: String,
    pub(super) body: String,
}

impl MailMessage {
    /// The mail with a private link to a dropbox.
    pub(super) fn link(to: &str, dropbox: &str, link: &str, expires: Option<&str>) -> MailMessage {
        MailMessage {
            what: "the link",
            to: to.to_owned(),
            subject: format!("Your link to the dropbox \"{dropbox}\""),
            body: format!(
                "You are invited to submit files to the dropbox \"{dropbox}\".\n\nYour private link:\n\n{link}\n\n{} Whoever holds it can submit in your name: keep it to yourself.\n",
                validity(expires)
            ),
        }
    }

    /// The mail with an invitation to an organization, in a role.
    pub(super) fn invitation(to: &str, org: &str, role: &str, secret: &str, expires: Option<&str>) -> MailMessage {
        MailMessage {
            what: "the invitation",
            to: to.to_owned(),
            subject: format!("Your invitation to the organization \"{org}\""),
            body: format!(
                "You are invited to the organization \"{org}\" as {role}.\n\nYour invitation:\n\n{secret}\n\n{} Your account accepts it with `rolebook org accept`: keep it to yourself.\n",
                validity(expires)
            ),
        }
    }
}

fn validity(expires: Option<&str>) -> String {
    expires.map_or_else(|| "It works until it is withdrawn.".to_owned(), |time| format!("It works until {time}."))
}

/// Why a mail was not sent.
pub(super) struct MailError {
    pub(super) why: String,
    /// Whether every other mail would fail in the same way.
    pub(super) for_all: bool,
}

impl MailError {
    fn for_all(why: String) -> MailError {
        MailError { why, for_all: true }
    }
}

/// Sends a mail.
pub(super) fn send(config: &Smtp, mail: &MailMessage) -> Result<(), MailError> {
    let from: Mailbox = config
        .from
        .parse()
        .map_err(|_| MailError::for_all("`from` of the configuration is not an e-mail address".to_owned()))?;
    let one = |why: &str| MailError { why: why.to_owned(), for_all: false };
    let to: Mailbox = mail.to.parse().map_err(|_| one("it is not an address that mail can be sent to"))?;
    let message = Message::builder()
        .from(from.clone())
        .to(to.clone())
        .subject(&mail.subject)
        .header(ContentType::TEXT_PLAIN)
        .body(mail.body.clone())
        .map_err(|_| one("the message cannot be composed"))?;
    let password = password(config).map_err(MailError::for_all)?;
    let port = config.port.unwrap_or(match config.tls {
        Tls::Starttls => 587,
        Tls::Wrapped => 465,
        Tls::None => 25,
    });
    let server = SmtpServer {
        host: &config.host,
        port,
        security: security(config).map_err(MailError::for_all)?,
        login: config.user.as_deref().zip(password.as_deref()),
        timeout: Duration::from_secs(config.timeout.unwrap_or(30)),
    };
    let envelope = Envelope { from: from.email.as_ref(), to: to.email.as_ref(), message: &message.formatted() };
    smtp::deliver(&server, &envelope)
        .map_err(|failure| MailError { why: failure.to_string(), for_all: failure.is_of_connection() })
}

/// The password from its file, without the line end; `None` if no file is configured.
fn password(config: &Smtp) -> Result<Option<String>, String> {
    let Some(file) = &config.password_file else { return Ok(None) };
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("the password file `{}` cannot be read: {}", file.display(), error.kind()))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn security(config: &Smtp) -> Result<Security, String> {
    if config.tls == Tls::None {
        return Ok(Security::None);
    }
    let bad =
        |what: String| config.ca_file.as_ref().map(|file| format!("the certificate file `{}` {what}", file.display()));
    let pem = match &config.ca_file {
        Some(file) => Some(
            std::fs::read(file)
                .map_err(|error| bad(format!("cannot be read: {}", error.kind())).unwrap_or_default())?,
        ),
        None => None,
    };
    let tls = smtp::client_config(pem.as_deref())
        .map_err(|what| bad(format!("cannot be used: {what}")).unwrap_or_else(|| what.to_owned()))?;
    Ok(if config.tls == Tls::Wrapped { Security::Wrapped(tls) } else { Security::Starttls(tls) })
}

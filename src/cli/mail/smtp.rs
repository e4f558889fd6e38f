//! The SMTP dialogue that delivers one message (RFC 5321), bounded in time and in bytes.
//!
//! `lettre` composes the message but does not transport it, for three reasons. Its timeout bounds each read and not the
//! whole dialogue. It reads a response line to its end before it checks the length. It trusts data that a server sends
//! after its answer to STARTTLS as if the data had come through TLS.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// The maximum length of a response line, including its end. RFC 5321 allows 512 bytes; some servers write more.
const MAX_LINE_BYTES: usize = 4096;

/// The maximum number of lines of one response.
const MAX_LINES: usize = 100;

/// The maximum number of bytes read from the server in one dialogue, including TLS.
const MAX_BYTES: usize = 256 * 1024;

/// How the connection is protected.
pub(super) enum Security {
    /// Unencrypted at first, then upgraded; no mail is sent if the server cannot upgrade.
    Starttls(Arc<ClientConfig>),
    /// Encrypted from the first byte.
    Wrapped(Arc<ClientConfig>),
    /// Not encrypted.
    None,
}

/// The server and how to connect to it.
pub(super) struct SmtpServer<'s> {
    pub(super) host: &'s str,
    pub(super) port: u16,
    pub(super) security: Security,
    /// The user and the password to log in with; `None` for no login.
    pub(super) login: Option<(&'s str, &'s str)>,
    /// The maximum time of the whole dialogue, including the lookup of the server's name.
    pub(super) timeout: Duration,
}

/// A message and its envelope.
pub(super) struct Envelope<'m> {
    pub(super) from: &'m str,
    pub(super) to: &'m str,
    /// The message in the format of RFC 5322; its lines end with CRLF.
    pub(super) message: &'m [u8],
}

/// Why a message was not delivered. Of the server's responses only the codes are kept: a server may quote what it
/// received, which includes the link and the password.
#[derive(Debug)]
pub(super) enum SmtpError {
    /// The name of the server has no address.
    Unresolved,
    /// The connection could not be made, or broke.
    Io(io::ErrorKind),
    /// The dialogue did not finish within its maximum time.
    TimeOver(Duration),
    /// The server sent more than the bounds allow.
    TooMuch,
    /// The response is not SMTP.
    NotSmtp,
    /// The server does not offer STARTTLS.
    NoStarttls,
    /// The server sent data after its answer to STARTTLS.
    Injected,
    /// The TLS handshake failed.
    Tls(rustls::Error),
    /// The host is not a name that a certificate can be checked against.
    BadHost,
    /// The server offers no login method that this client knows.
    NoLogin,
    /// An address is not ASCII and the server does not support SMTPUTF8.
    NotAscii,
    /// The server refused, with a code and, if it gave one, a status of RFC 3463.
    Refused(u16, Option<String>),
}

impl SmtpError {
    /// Whether another message would fail in the same way, since the server cannot be used at all.
    pub(super) const fn is_of_connection(&self) -> bool {
        !matches!(self, SmtpError::Refused(..) | SmtpError::NotAscii)
    }
}

impl std::fmt::Display for SmtpError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SmtpError::Unresolved => f.write_str("the name of the mail server cannot be resolved"),
            SmtpError::Io(io::ErrorKind::ConnectionRefused) => f.write_str("the connection was refused"),
            SmtpError::Io(_) => f.write_str("the connection broke or could not be made"),
            SmtpError::TimeOver(limit) => write!(f, "the server did not finish within {} s", limit.as_secs()),
            SmtpError::TooMuch => f.write_str("the server wrote more than a response can be"),
            SmtpError::NotSmtp => f.write_str("the server does not speak SMTP, or broke off"),
            SmtpError::NoStarttls => f.write_str("the server does not offer STARTTLS"),
            SmtpError::Injected => f.write_str("data arrived between STARTTLS and the protected connection"),
            SmtpError::Tls(error) => f.write_str(tls_message(error)),
            SmtpError::BadHost => f.write_str("`host` is not a name that a certificate can be checked against"),
            SmtpError::NoLogin => f.write_str("the server offers neither AUTH PLAIN nor AUTH LOGIN"),
            SmtpError::NotAscii => f.write_str("the server cannot take an address with letters beyond ASCII"),
            SmtpError::Refused(code, None) => write!(f, "the server refused it: {code}"),
            SmtpError::Refused(code, Some(status)) => write!(f, "the server refused it: {code} {status}"),
        }
    }
}

fn tls_message(error: &rustls::Error) -> &'static str {
    use rustls::Error::InvalidCertificate;
    match error {
        InvalidCertificate(CertificateError::UnknownIssuer) => "the server's certificate is not trusted",
        InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) => {
            "the server's certificate is for another name"
        }
        InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "the server's certificate is expired"
        }
        InvalidCertificate(_) => "the server's certificate is not valid",
        _ => "the TLS handshake failed",
    }
}

/// The TLS configuration of a client that trusts the system's authorities and the certificates of a PEM file.
///
/// # Errors
/// If the file holds no usable certificate.
pub(super) fn client_config(extra: Option<&[u8]>) -> Result<Arc<ClientConfig>, &'static str> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(pem) = extra {
        let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let certificates = certificates.ok().filter(|found| !found.is_empty()).ok_or("it is not in PEM")?;
        for certificate in certificates {
            roots.add(certificate).map_err(|_| "it holds no certificate that can be used")?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| "TLS is not available")?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

/// Delivers a message.
pub(super) fn deliver(server: &SmtpServer<'_>, envelope: &Envelope<'_>) -> Result<(), SmtpError> {
    let until = Instant::now() + server.timeout;
    converse(server, envelope, until).map_err(|failure| match failure {
        SmtpError::Io(io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) => SmtpError::TimeOver(server.timeout),
        SmtpError::Io(io::ErrorKind::FileTooLarge) => SmtpError::TooMuch,
        other => other,
    })
}

fn converse(server: &SmtpServer<'_>, envelope: &Envelope<'_>, until: Instant) -> Result<(), SmtpError> {
    let socket = connect(server, until)?;
    match &server.security {
        Security::None => {
            let mut dialogue = Dialogue::new(socket);
            dialogue.greeting()?;
            dialogue.send(server, envelope)
        }
        Security::Wrapped(config) => {
            let mut dialogue = Dialogue::new(protect(server, config, socket)?);
            dialogue.greeting()?;
            dialogue.send(server, envelope)
        }
        Security::Starttls(config) => {
            let mut dialogue = Dialogue::new(socket);
            dialogue.greeting()?;
            let plain = dialogue.start_tls()?;
            Dialogue::new(protect(server, config, plain)?).send(server, envelope)
        }
    }
}

/// Connects to the first address that answers.
fn connect(server: &SmtpServer<'_>, until: Instant) -> Result<BoundedSocket, SmtpError> {
    // The system's resolver takes no timeout, so it runs in a thread that is abandoned when the time is over.
    let (sender, receiver) = mpsc::channel();
    let target = (server.host.to_owned(), server.port);
    std::thread::spawn(move || sender.send(target.to_socket_addrs().map(Vec::from_iter)));
    let addresses = match receiver.recv_timeout(time_left(until)?) {
        Ok(Ok(addresses)) if !addresses.is_empty() => addresses,
        Ok(_) => return Err(SmtpError::Unresolved),
        Err(_) => return Err(SmtpError::Io(io::ErrorKind::TimedOut)),
    };
    let mut failure = SmtpError::Unresolved;
    for address in addresses {
        match TcpStream::connect_timeout(&address, time_left(until)?) {
            Ok(socket) => return Ok(BoundedSocket { socket, until, left: MAX_BYTES }),
            Err(error) => failure = SmtpError::Io(error.kind()),
        }
    }
    Err(failure)
}

fn time_left(until: Instant) -> Result<Duration, SmtpError> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(SmtpError::Io(io::ErrorKind::TimedOut)) } else { Ok(left) }
}

/// Performs the TLS handshake.
fn protect(
    server: &SmtpServer<'_>,
    config: &Arc<ClientConfig>,
    mut socket: BoundedSocket,
) -> Result<StreamOwned<ClientConnection, BoundedSocket>, SmtpError> {
    let name = ServerName::try_from(server.host.to_owned()).map_err(|_| SmtpError::BadHost)?;
    let mut connection = ClientConnection::new(Arc::clone(config), name).map_err(SmtpError::Tls)?;
    while connection.is_handshaking() {
        connection.complete_io(&mut socket).map_err(|error| {
            match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(tls) => SmtpError::Tls(tls.clone()),
                None => SmtpError::Io(error.kind()),
            }
        })?;
    }
    Ok(StreamOwned::new(connection, socket))
}

/// A socket with a deadline for all reads and writes and a maximum number of bytes to read.
struct BoundedSocket {
    socket: TcpStream,
    until: Instant,
    left: usize,
}

impl BoundedSocket {
    fn time_left(&self) -> io::Result<Duration> {
        time_left(self.until).map_err(|_| io::ErrorKind::TimedOut.into())
    }
}

impl Read for BoundedSocket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.socket.set_read_timeout(Some(self.time_left()?))?;
        let most = buffer.len().min(self.left);
        let read = self.socket.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.left -= read;
        Ok(read)
    }
}

impl Write for BoundedSocket {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(Some(self.time_left()?))?;
        self.socket.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// A response: its code, and the text of each line.
struct Response {
    code: u16,
    lines: Vec<String>,
}

impl Response {
    /// The response if its code is of the expected class: 2 for success, 3 for an intermediate step.
    fn expect(self, class: u16) -> Result<Response, SmtpError> {
        if self.code / 100 == class {
            return Ok(self);
        }
        let first = self.lines.first().and_then(|line| line.split_whitespace().next());
        Err(SmtpError::Refused(self.code, first.filter(|word| is_status(word)).map(str::to_owned)))
    }

    /// The parameters of an extension that the server offers; `None` if it does not offer it.
    fn extension(&self, name: &str) -> Option<&str> {
        self.lines.iter().skip(1).find_map(|line| {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            word.eq_ignore_ascii_case(name).then_some(rest)
        })
    }
}

/// Whether a word is a status of RFC 3463, such as `5.1.1`. Its digits cannot quote a secret.
fn is_status(word: &str) -> bool {
    let shape = word.len() <= 9 && word.matches('.').count() == 2 && word.starts_with(['4', '5']);
    shape && word.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit())
}

/// The client's side of a dialogue over a stream.
struct Dialogue<S> {
    stream: S,
    /// Bytes that were read and not yet used.
    unread: Vec<u8>,
}

impl<S: Read + Write> Dialogue<S> {
    const fn new(stream: S) -> Dialogue<S> {
        Dialogue { stream, unread: Vec::new() }
    }

    fn greeting(&mut self) -> Result<(), SmtpError> {
        self.response()?.expect(2).map(drop)
    }

    fn hello(&mut self) -> Result<Response, SmtpError> {
        self.command("EHLO [127.0.0.1]")?.expect(2)
    }

    /// Asks for TLS and returns the stream, ready for the handshake.
    fn start_tls(mut self) -> Result<S, SmtpError> {
        if self.hello()?.extension("STARTTLS").is_none() {
            return Err(SmtpError::NoStarttls);
        }
        self.command("STARTTLS")?.expect(2)?;
        // Data after the answer was not encrypted, and may come from an attacker on the network.
        if self.unread.is_empty() { Ok(self.stream) } else { Err(SmtpError::Injected) }
    }

    /// Logs in if a login is configured, and sends the message.
    fn send(&mut self, server: &SmtpServer<'_>, envelope: &Envelope<'_>) -> Result<(), SmtpError> {
        let offered = self.hello()?;
        if let Some((user, password)) = server.login {
            self.log_in(offered.extension("AUTH").unwrap_or_default(), user, password)?;
        }
        let utf8 = match (envelope.from.is_ascii() && envelope.to.is_ascii(), offered.extension("SMTPUTF8")) {
            (true, _) => "",
            (false, Some(_)) => " SMTPUTF8",
            (false, None) => return Err(SmtpError::NotAscii),
        };
        self.command(&format!("MAIL FROM:<{}>{utf8}", envelope.from))?.expect(2)?;
        self.command(&format!("RCPT TO:<{}>", envelope.to))?.expect(2)?;
        self.command("DATA")?.expect(3)?;
        self.write(&stuffed(envelope.message))?;
        self.response()?.expect(2)?;
        // The message is delivered even if this fails.
        let _ = self.write(b"QUIT\r\n");
        Ok(())
    }

    fn log_in(&mut self, methods: &str, user: &str, password: &str) -> Result<(), SmtpError> {
        let offers = |name: &str| methods.split_whitespace().any(|method| method.eq_ignore_ascii_case(name));
        if offers("PLAIN") {
            let token = STANDARD.encode(format!("\0{user}\0{password}"));
            self.command(&format!("AUTH PLAIN {token}"))?.expect(2).map(drop)
        } else if offers("LOGIN") {
            self.command("AUTH LOGIN")?.expect(3)?;
            self.command(&STANDARD.encode(user))?.expect(3)?;
            self.command(&STANDARD.encode(password))?.expect(2).map(drop)
        } else {
            Err(SmtpError::NoLogin)
        }
    }

    fn command(&mut self, line: &str) -> Result<Response, SmtpError> {
        self.write(format!("{line}\r\n").as_bytes())?;
        self.response()
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SmtpError> {
        self.stream.write_all(bytes).and_then(|()| self.stream.flush()).map_err(|error| SmtpError::Io(error.kind()))
    }

    /// Reads a response: lines with the same code, followed by a hyphen on all but the last.
    fn response(&mut self) -> Result<Response, SmtpError> {
        let mut lines = Vec::new();
        let mut first_code = None;
        loop {
            let line = self.line()?;
            let code = line.get(..3).and_then(|digits| digits.parse::<u16>().ok()).ok_or(SmtpError::NotSmtp)?;
            if !(200..600).contains(&code) || *first_code.get_or_insert(code) != code {
                return Err(SmtpError::NotSmtp);
            }
            lines.push(line.get(4..).unwrap_or_default().to_owned());
            match line.as_bytes().get(3) {
                Some(b'-') if lines.len() < MAX_LINES => {}
                Some(b'-') => return Err(SmtpError::TooMuch),
                None | Some(b' ') => return Ok(Response { code, lines }),
                Some(_) => return Err(SmtpError::NotSmtp),
            }
        }
    }

    /// Reads a line and returns it without its end.
    fn line(&mut self) -> Result<String, SmtpError> {
        let mut chunk = [0; 1024];
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
            }
            if self.unread.len() >= MAX_LINE_BYTES {
                return Err(SmtpError::TooMuch);
            }
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(SmtpError::NotSmtp),
                Ok(read) => self.unread.extend(chunk.iter().take(read)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(SmtpError::NotSmtp),
                Err(error) => return Err(SmtpError::Io(error.kind())),
            }
        }
    }
}

/// The message as DATA transmits it: with a second dot before a dot at the start of a line, and with the final line.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(message.len() + 16);
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            text.push(b'.');
        }
        text.extend(line);
    }
    if !text.ends_with(b"\r\n") {
        text.extend(b"\r\n");
    }
    text.extend(b".\r\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The responses of a server, and the bytes that it received.
    struct Script {
        says: io::Cursor<Vec<u8>>,
        heard: Vec<u8>,
    }

    impl Read for Script {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.says.read(buffer)
        }
    }

    impl Write for Script {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            self.heard.write(buffer)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn script(says: &str) -> Dialogue<Script> {
        Dialogue::new(Script { says: io::Cursor::new(says.as_bytes().to_vec()), heard: Vec::new() })
    }

    #[test]
    fn data_after_the_answer_to_starttls_is_refused() {
        const BEFORE: &str = "250-x\r\n250 STARTTLS\r\n220 go\r\n";
        assert!(script(BEFORE).start_tls().is_ok());
        let injected = script(&format!("{BEFORE}250 x\r\n")).start_tls();
        assert!(matches!(injected, Err(SmtpError::Injected)));
        assert!(matches!(script("250 x\r\n").start_tls(), Err(SmtpError::NoStarttls)));
    }

    #[test]
    fn a_line_and_a_response_are_bounded() {
        let endless = "2".repeat(10 * MAX_LINE_BYTES);
        assert!(matches!(script(&endless).response(), Err(SmtpError::TooMuch)));
        let many = "250-more\r\n".repeat(10 * MAX_LINES);
        assert!(matches!(script(&many).response(), Err(SmtpError::TooMuch)));
    }

    #[test]
    fn a_response_that_is_not_smtp_is_distinguished_from_a_refusal() {
        for text in
            ["", "HTTP/1.1 400 Bad Request\r\n", "250-a\r\n251 b\r\n", "999 x\r\n", "250", "25\r\n", "é50 x\r\n"]
        {
            assert!(matches!(script(text).response(), Err(SmtpError::NotSmtp)), "{text:?}");
        }
        let refused = script("550 5.1.1 no such mailbox\r\n").greeting().map_err(|it| it.to_string());
        assert_eq!(refused, Err("the server refused it: 550 5.1.1".to_owned()));
        let quoting = script("550 secret\r\n").greeting().map_err(|it| it.to_string());
        assert_eq!(quoting, Err("the server refused it: 550".to_owned()));
    }

    #[test]
    fn a_dot_at_the_start_of_a_line_is_doubled() {
        assert_eq!(stuffed(b"a\r\n.\r\n.b"), b"a\r\n..\r\n..b\r\n.\r\n");
        assert_eq!(stuffed(b"a\r\n"), b"a\r\n.\r\n");
    }
}

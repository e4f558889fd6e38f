//! A mail server on loopback, for one test: `mailin` speaks SMTP, `rustls` encrypts it, `rcgen`
//! makes the certificate. One thread serves it, and ends when the value is dropped.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use mail_parser::MessageParser;
use mailin::{Action, AuthMechanism, Handler, Response, Session, SessionBuilder, response};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::PATIENCE;
use super::tls::self_signed;

/// How the server greets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Greeting {
    /// In the clear, with STARTTLS.
    Starttls,
    /// In TLS from the first byte.
    Wrapped,
    /// In the clear, without STARTTLS.
    Clear,
    /// Accepts the connection and sends nothing.
    Silent,
}

/// The configuration of the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) greeting: Greeting,
    /// The name in the certificate.
    pub(crate) certified: &'static str,
    /// The required user and password.
    pub(crate) login: Option<(&'static str, &'static str)>,
    /// Whether the server refuses every mail and every login, and quotes what it received.
    pub(crate) refuses_and_quotes: bool,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup { greeting: Greeting::Starttls, certified: "127.0.0.1", login: None, refuses_and_quotes: false }
    }
}

/// A mail as it arrived, decoded.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    /// The addresses of the envelope.
    pub(crate) to: Vec<String>,
    /// The addresses of the header.
    pub(crate) header_to: Vec<String>,
    pub(crate) from: String,
    pub(crate) subject: String,
    pub(crate) text: String,
}

/// The state that the thread shares with the test.
#[derive(Default)]
struct Shared {
    ends: AtomicBool,
    connections: AtomicUsize,
    mails: Mutex<Vec<Mail>>,
    /// All bytes that were read without TLS.
    in_the_clear: Mutex<Vec<u8>>,
}

/// The server. Dropping it closes its port.
pub(crate) struct Server {
    pub(crate) port: u16,
    certificate: String,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server on a free port.
    pub(crate) fn start(setup: Setup) -> Server {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tls, certificate) = self_signed(&[setup.certified]);
        let shared = Arc::new(Shared::default());
        let thread = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    if shared.ends.load(Ordering::SeqCst) {
                        return;
                    }
                    shared.connections.fetch_add(1, Ordering::SeqCst);
                    // A client that disconnects or rejects the certificate is not an error.
                    let _ = serve(stream, setup, &tls, &shared);
                }
            }
        });
        Server { port, certificate, shared, thread: Some(thread) }
    }

    /// Writes the certificate to a file for the client.
    pub(crate) fn write_certificate(&self, path: &Path) {
        std::fs::write(path, &self.certificate).unwrap();
    }

    /// The mails that arrived, in order.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.shared.mails.lock().unwrap().clone()
    }

    /// The one mail that arrived.
    pub(crate) fn only_mail(&self) -> Mail {
        let mails = self.mails();
        assert_eq!(mails.len(), 1, "{mails:#?}");
        mails[0].clone()
    }

    /// The number of connections.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The text that an eavesdropper could have read.
    pub(crate) fn in_the_clear(&self) -> String {
        String::from_utf8_lossy(&self.shared.in_the_clear.lock().unwrap()).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::SeqCst);
        // Wakes the thread; a refused connection means that it has ended by itself.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            assert!(ended.is_none_or(|it| it.is_ok()), "the mail server panicked");
        }
    }
}

/// A server that handles its first connection as a test says. It ends when the value is dropped.
pub(crate) struct Raw {
    pub(crate) port: u16,
    thread: Option<JoinHandle<()>>,
}

impl Raw {
    /// Starts a server; `serve` ends when the client disconnects, which makes its reads and writes fail.
    pub(crate) fn start(serve: impl FnOnce(TcpStream) -> io::Result<()> + Send + 'static) -> Raw {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let thread = std::thread::spawn(move || {
            if let Ok((stream, _)) = listener.accept() {
                let _ = stream.set_read_timeout(Some(PATIENCE));
                let _ = serve(stream);
            }
        });
        Raw { port, thread: Some(thread) }
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // Wakes the thread if no client has connected.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// One line from the client, with its line end; `None` if the client has disconnected.
pub(crate) fn line(stream: &mut dyn Read) -> io::Result<Option<Vec<u8>>> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while stream.read(&mut byte)? == 1 {
        line.push(byte[0]);
        if line.ends_with(b"\r\n") {
            return Ok(Some(line));
        }
    }
    Ok(None)
}

fn say(stream: &mut dyn Write, response: &Response) -> io::Result<()> {
    stream.write_all(&response.buffer()?)?;
    stream.flush()
}

/// Serves one connection to its end.
fn serve(mut stream: TcpStream, setup: Setup, tls: &Arc<ServerConfig>, shared: &Arc<Shared>) -> io::Result<()> {
    // The thread must end whatever the client does.
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    if setup.greeting == Greeting::Silent {
        let _ = io::copy(&mut stream, &mut io::sink());
        return Ok(());
    }
    let mut builder = SessionBuilder::new("mail.example.com");
    if setup.greeting == Greeting::Starttls {
        builder.enable_start_tls();
    }
    if setup.login.is_some() {
        builder.enable_auth(AuthMechanism::Plain);
    }
    let inbox = Inbox { setup, shared: Arc::clone(shared), to: Vec::new(), data: Vec::new() };
    let mut session = builder.build(IpAddr::V4(Ipv4Addr::LOCALHOST), inbox);
    if setup.greeting == Greeting::Wrapped {
        let mut stream = protected(stream, tls)?;
        session.tls_active();
        say(&mut stream, &session.greeting())?;
        converse(&mut session, &mut stream, None)?;
        return Ok(());
    }
    say(&mut stream, &session.greeting())?;
    if converse(&mut session, &mut stream, Some(shared))? == Action::UpgradeTls {
        let mut stream = protected(stream, tls)?;
        session.tls_active();
        converse(&mut session, &mut stream, None)?;
    }
    Ok(())
}

fn protected(stream: TcpStream, tls: &Arc<ServerConfig>) -> io::Result<StreamOwned<ServerConnection, TcpStream>> {
    let connection = ServerConnection::new(Arc::clone(tls)).map_err(io::Error::other)?;
    Ok(StreamOwned::new(connection, stream))
}

/// Answers line by line until the connection ends or switches to TLS.
fn converse(
    session: &mut Session<Inbox>,
    stream: &mut (impl Read + Write),
    overheard: Option<&Shared>,
) -> io::Result<Action> {
    while let Some(line) = line(stream)? {
        if let Some(shared) = overheard {
            shared.in_the_clear.lock().unwrap().extend(&line);
        }
        let response = session.process(&line);
        if response.action != Action::NoReply {
            say(stream, &response)?;
        }
        if matches!(response.action, Action::Close | Action::UpgradeTls) {
            return Ok(response.action);
        }
    }
    Ok(Action::Close)
}

/// The handler of one connection, which accepts or refuses mails.
struct Inbox {
    setup: Setup,
    shared: Arc<Shared>,
    to: Vec<String>,
    data: Vec<u8>,
}

impl Handler for Inbox {
    fn data_start(&mut self, _domain: &str, _from: &str, _is8bit: bool, to: &[String]) -> Response {
        self.to = to.to_vec();
        self.data.clear();
        response::OK
    }

    fn data(&mut self, line: &[u8]) -> io::Result<()> {
        self.data.extend(line);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let mail = opened(&self.data, std::mem::take(&mut self.to));
        if self.setup.refuses_and_quotes {
            let quoted = mail.text.split_whitespace().collect::<Vec<_>>().join(" ");
            let mut refusal = Response::custom(554, format!("5.7.1 \x1b[31mnot wanted here: {quoted}"));
            // After a refusal, `mailin` treats further input as part of the mail.
            refusal.action = Action::Close;
            return refusal;
        }
        self.shared.mails.lock().unwrap().push(mail);
        response::OK
    }

    fn auth_plain(&mut self, _for: &str, user: &str, password: &str) -> Response {
        if self.setup.refuses_and_quotes {
            Response::custom(535, format!("5.7.8 not the password of {user}: {password}"))
        } else if self.setup.login == Some((user, password)) {
            response::AUTH_OK
        } else {
            response::INVALID_CREDENTIALS
        }
    }
}

/// Decodes a mail as a mail client does.
fn opened(data: &[u8], to: Vec<String>) -> Mail {
    let mail = MessageParser::default().parse(data).unwrap();
    let addresses = |header: Option<&mail_parser::Address<'_>>| {
        let found = header.into_iter().flat_map(|it| it.iter());
        found.filter_map(|it| it.address().map(str::to_owned)).collect::<Vec<_>>()
    };
    Mail {
        to,
        header_to: addresses(mail.to()),
        from: addresses(mail.from()).concat(),
        subject: mail.subject().unwrap().to_owned(),
        text: mail.body_text(0).unwrap().into_owned(),
    }
}

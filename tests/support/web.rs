//! A web server on loopback, for one test: it answers each request as the test says, in the clear or by TLS. One thread
//! serves it, and ends when the value is dropped.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use super::PATIENCE;
use super::tls::self_signed;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct WebRequest {
    pub(crate) path: String,
    /// The body of a form, decoded.
    pub(crate) form: BTreeMap<String, String>,
    /// The query, decoded.
    pub(crate) query: BTreeMap<String, String>,
    /// The headers, by their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
}

impl WebRequest {
    /// A parameter as a number; 0 if there is none.
    pub(crate) fn number(&self, name: &str) -> usize {
        self.query.get(name).map_or(0, |text| text.parse().unwrap())
    }
}

/// What the server answers.
#[derive(Clone, Debug)]
pub(crate) struct WebAnswer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl WebAnswer {
    pub(crate) fn json(body: &Value) -> WebAnswer {
        WebAnswer { status: 200, headers: Vec::new(), body: body.to_string() }
    }

    pub(crate) fn refused(status: u16) -> WebAnswer {
        WebAnswer { status, ..WebAnswer::json(&serde_json::json!({"code": "Refused"})) }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> WebAnswer {
        self.headers.push((name, value.to_string()));
        self
    }
}

type Handler = Box<dyn FnMut(&WebRequest) -> WebAnswer + Send>;

/// The server. Dropping it closes its port.
pub(crate) struct Web {
    pub(crate) port: u16,
    certificate: Option<String>,
    requests: Arc<Mutex<Vec<WebRequest>>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Web {
    /// Starts a server in the clear.
    pub(crate) fn start(answer: impl FnMut(&WebRequest) -> WebAnswer + Send + 'static) -> Web {
        Web::serve(None, Box::new(answer))
    }

    /// Starts a server by TLS, with a certificate that nobody trusts.
    pub(crate) fn start_tls(answer: impl FnMut(&WebRequest) -> WebAnswer + Send + 'static) -> Web {
        Web::serve(Some(self_signed(&["127.0.0.1", "localhost"])), Box::new(answer))
    }

    fn serve(tls: Option<(Arc<ServerConfig>, String)>, mut answer: Handler) -> Web {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (requests, ends) = (Arc::<Mutex<Vec<WebRequest>>>::default(), Arc::<AtomicBool>::default());
        let (tls, certificate) = tls.unzip();
        let thread = std::thread::spawn({
            let (requests, ends) = (Arc::clone(&requests), Arc::clone(&ends));
            move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    if ends.load(Ordering::SeqCst) {
                        return;
                    }
                    let mut told = |request: &WebRequest| {
                        requests.lock().unwrap().push(request.clone());
                        answer(request)
                    };
                    // A client that disconnects or rejects the certificate is not an error.
                    let _ = connection(stream, tls.as_ref(), &mut told);
                }
            }
        });
        Web { port, certificate, requests, ends, thread: Some(thread) }
    }

    /// The address of the server.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// Writes the certificate to a file for the client.
    pub(crate) fn write_certificate(&self, path: &Path) {
        std::fs::write(path, self.certificate.as_ref().unwrap()).unwrap();
    }

    /// The requests so far, in their order.
    pub(crate) fn requests(&self) -> Vec<WebRequest> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        // Wakes the thread; a refused connection means that it has ended by itself.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            assert!(ended.is_none_or(|it| it.is_ok()), "the web server panicked");
        }
    }
}

/// Answers one request; the connection is closed then.
fn connection(
    mut stream: TcpStream,
    tls: Option<&Arc<ServerConfig>>,
    answer: &mut dyn FnMut(&WebRequest) -> WebAnswer,
) -> io::Result<()> {
    // The thread must end whatever the client does.
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    match tls {
        None => exchange(&mut stream, answer),
        Some(tls) => {
            let session = ServerConnection::new(Arc::clone(tls)).map_err(io::Error::other)?;
            let mut stream = StreamOwned::new(session, stream);
            exchange(&mut stream, answer)?;
            stream.conn.send_close_notify();
            stream.flush()
        }
    }
}

fn exchange<S: Read + Write>(stream: &mut S, answer: &mut dyn FnMut(&WebRequest) -> WebAnswer) -> io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(());
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let target = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers: BTreeMap<String, String> =
        headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body)?;
    let form = fields(&String::from_utf8(body).unwrap());
    let request = WebRequest { path: path.to_owned(), form, query: fields(query), headers };
    let answer = answer(&request);
    let extra: String = answer.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    write!(
        stream,
        "HTTP/1.1 {} Status\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n{extra}\r\n{}",
        answer.status,
        answer.body.len(),
        answer.body
    )?;
    stream.flush()
}

/// The fields of a query or a form.
fn fields(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

/// A text of a query without its escapes.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut plain, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        match bytes[at] {
            b'%' => {
                plain.push(u8::from_str_radix(&text[at + 1..at + 3], 16).unwrap());
                at += 2;
            }
            b'+' => plain.push(b' '),
            other => plain.push(other),
        }
        at += 1;
    }
    String::from_utf8(plain).unwrap()
}

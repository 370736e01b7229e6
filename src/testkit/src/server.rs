//! An HTTP/1.1 server that gives each request to a script and sends back the bytes it gets.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// The head of a request: request line and headers, as received.
#[derive(Clone, Debug)]
pub struct Request {
    head: String,
}

impl Request {
    /// Method and target: `GET /api/v1/snapshot`.
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// What a request gets.
pub enum Reply {
    /// These bytes, and then the end of the connection.
    Bytes(Vec<u8>),
    /// These pieces, with a pause after each, and then the end of the connection.
    Pieces { pieces: Vec<Vec<u8>>, pause: Duration },
    /// These bytes, and then nothing, on a connection that stays open.
    Held(Vec<u8>),
    /// Nothing, on a connection that stays open.
    Silence,
    /// The end of the connection, without an answer.
    Hangup,
    /// Its end in the middle of an answer, as when the other machine has crashed (RST).
    Reset,
}

impl Reply {
    /// The head of an event stream and what stands in it, to be sent by one of the variants.
    pub fn event_stream(body: &[u8]) -> Vec<u8> {
        let head =
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        [head, body].concat()
    }

    /// A well-formed answer. `headers` are whole lines without their ends.
    pub fn http(status: &str, headers: &[&str], body: &[u8]) -> Self {
        let mut bytes = format!("HTTP/1.1 {status}\r\nconnection: close\r\n").into_bytes();
        for header in headers {
            bytes.extend_from_slice(header.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        // RFC 9110, section 8.6: an answer 304 has no body and need not say its length.
        if !status.starts_with("304") {
            bytes.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(body);
        Self::Bytes(bytes)
    }
}

/// Runs until it is dropped.
pub struct Server {
    address: SocketAddr,
    scheme: &'static str,
    requests: Arc<Mutex<Vec<Request>>>,
    accepting: JoinHandle<()>,
}

impl Server {
    pub async fn http(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(free_port().await, None, script)
    }

    /// On a port that was another server's.
    pub async fn http_at(
        port: u16,
        script: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::start(port_of_another(port).await, None, script)
    }

    pub async fn https(
        config: ServerConfig,
        script: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self::start(free_port().await, Some(acceptor), script)
    }

    /// On a port that was another server's.
    pub async fn https_at(
        port: u16,
        config: ServerConfig,
        script: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self::start(port_of_another(port).await, Some(acceptor), script)
    }

    fn start(
        listener: TcpListener,
        acceptor: Option<TlsAcceptor>,
        script: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().expect("a bound listener has an address");
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let script = Arc::new(script);
        let accepting = tokio::spawn(async move {
            // Owning the connections here ends them together with the server.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (script, seen, acceptor) =
                    (Arc::clone(&script), Arc::clone(&seen), acceptor.clone());
                connections.spawn(async move {
                    converse(stream, acceptor, &*script, &seen).await;
                });
            }
        });
        Self { address, scheme, requests, accepting }
    }

    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no test panics while it holds the lock").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn free_port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port on loopback")
}

async fn port_of_another(port: u16) -> TcpListener {
    // The other one lets go of it when its task has noticed its end.
    loop {
        match TcpListener::bind(("127.0.0.1", port)).await {
            Ok(listener) => return listener,
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

/// How a connection ends.
#[derive(PartialEq, Eq)]
enum End {
    Close,
    Reset,
}

async fn converse(
    mut stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    script: &(dyn Fn(&Request) -> Reply + Send + Sync),
    seen: &Mutex<Vec<Request>>,
) {
    match acceptor {
        None => {
            if answer(&mut stream, script, seen).await == End::Reset {
                let _ = stream.set_zero_linger();
            }
        }
        // A handshake that fails is what some tests want to see on the other side.
        Some(acceptor) => {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                answer(&mut stream, script, seen).await;
            }
        }
    }
}

async fn answer(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    script: &(dyn Fn(&Request) -> Reply + Send + Sync),
    seen: &Mutex<Vec<Request>>,
) -> End {
    let reply = match read_head(stream).await {
        Some(request) => {
            let reply = script(&request);
            seen.lock().expect("no test panics while it holds the lock").push(request);
            reply
        }
        None => Reply::http("400 Bad Request", &[], b""),
    };
    match reply {
        Reply::Bytes(bytes) => {
            // The client may leave in the middle of a long answer; that is its right.
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Reply::Pieces { pieces, pause } => {
            for piece in pieces {
                if stream.write_all(&piece).await.is_err() || stream.flush().await.is_err() {
                    return End::Close;
                }
                tokio::time::sleep(pause).await;
            }
            let _ = stream.shutdown().await;
        }
        Reply::Held(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.flush().await;
            std::future::pending().await
        }
        Reply::Silence => std::future::pending().await,
        Reply::Hangup => {}
        Reply::Reset => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{").await;
            let _ = stream.flush().await;
            return End::Reset;
        }
    }
    End::Close
}

/// `None` for what is no request: the stream ends early, or another protocol is spoken.
async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
        if !head[0].is_ascii_alphabetic() {
            return None;
        }
    }
    String::from_utf8(head).ok().map(|head| Request { head })
}

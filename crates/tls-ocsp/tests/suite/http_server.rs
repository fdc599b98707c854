//! An HTTP server that answers as a test says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What comes back.
#[derive(Clone)]
pub enum Reply {
    /// 200 with this body.
    Body(Vec<u8>),
    /// A status without a body.
    Status(u16),
    /// A redirect.
    Moved(String),
    /// These bytes, as they are.
    Raw(Vec<u8>),
    /// Nothing, and the connection stays open.
    Silence,
    /// A byte now and then, without an end.
    Drip,
}

/// One request: its first line, and its body.
#[derive(Clone, Debug)]
pub struct Asked {
    pub line: String,
    pub body: Vec<u8>,
}

pub struct HttpServer {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: tokio::task::JoinHandle<()>,
}

impl HttpServer {
    pub async fn start(reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let reply = Arc::new(reply);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&log), Arc::clone(&reply)));
            }
        });
        Self {
            address,
            asked,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    log: Arc<Mutex<Vec<Asked>>>,
    reply: Arc<impl Fn(&Asked) -> Reply>,
) {
    let mut bytes = Vec::new();
    let (head, length) = loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head.to_ascii_lowercase();
            let length = length
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            break (
                head.to_owned(),
                length.map_or(0, |length| length.parse().unwrap()),
            );
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    };
    while bytes.len() < head.len() + 4 + length {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let asked = Asked {
        line: head.lines().next().unwrap_or_default().to_owned(),
        body: bytes.split_off(head.len() + 4),
    };
    log.lock().unwrap().push(asked.clone());
    let answer = match reply(&asked) {
        Reply::Body(body) => {
            let mut answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            answer.push_str("");
            [answer.into_bytes(), body].concat()
        }
        Reply::Status(status) => {
            format!("HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n").into_bytes()
        }
        Reply::Moved(to) => {
            format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
                .into_bytes()
        }
        Reply::Raw(bytes) => bytes,
        Reply::Silence => {
            let _ = stream.read_u8().await;
            return;
        }
        Reply::Drip => return drip(stream).await,
    };
    let _ = stream.write_all(&answer).await;
}

async fn drip(mut stream: TcpStream) {
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    let mut next: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n";
    while stream.write_all(next).await.is_ok() {
        ticks.tick().await;
        next = b"0";
    }
}

//! Plain rustls and tokio-rustls in two processes that know one Redis and one secret, nothing else: a client
//! makes a session with one of them, and resumes it at the other, then after the first has gone.
//!
//! ```text
//! cargo run -p tls-session-store --features redis --example two_processes [REDIS-URL]
//! ```
//!
//! Without a URL it starts a `redis-server` of its own, if there is one.

// Runs to its end by itself.
// Printing is what an example is for.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tls_session_store::{ContextId, RedisStore, SessionId, SharedSecret, TicketKeys};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["worker", name, url, folder] => serve(name, url, Path::new(folder)).await,
        [url] => run(url).await,
        [] => run_with_own_redis().await,
        _ => Err("at most one argument, the URL of a Redis".into()),
    }
}

/// One of the two processes: this is what a server of yours has.
async fn serve(name: &str, url: &str, folder: &Path) -> Result<()> {
    let store = RedisStore::open(url)?;
    let secret = SharedSecret::from_file(folder.join("secret"))?;
    let keys = TicketKeys::published(store, secret)?
        .rotate_every(Duration::from_secs(3_600))
        .spawn()?;
    // It would do so by itself in a moment; then the very first ticket is the fleet's, too.
    keys.sync().await?;

    let certificate = CertificateDer::from(fs::read(folder.join("certificate"))?);
    let key = PrivatePkcs8KeyDer::from(fs::read(folder.join("key"))?);
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let mut config = ServerConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())?;
    config.ticketer = keys.ticketer_for(ContextId::from_label("example, open to all"));

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let acceptor = TlsAcceptor::from(Arc::new(config));
    loop {
        let (tcp, _) = listener.accept().await?;
        let Ok(mut tls) = acceptor.accept(tcp).await else {
            continue;
        };
        let kind = tls.get_ref().1.handshake_kind();
        let greeting = format!("{name}, process {}: {kind:?}", std::process::id());
        if tls.write_all(greeting.as_bytes()).await.is_ok() {
            let _ = tls.shutdown().await;
        }
    }
}

async fn run(url: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let client = prepare(folder.path())?;
    let first = Worker::start("first", url, folder.path())?;
    let second = Worker::start("second", url, folder.path())?;
    for port in [first.port, second.port, first.port] {
        println!("client hears: {}", visit(&client, port).await?);
    }
    drop(first);
    let third = Worker::start("third", url, folder.path())?;
    let heard = visit(&client, third.port).await?;
    println!("client hears: {heard}");
    if heard.ends_with("Some(Resumed)") {
        return Ok(());
    }
    Err("the session was not resumed by a process that was started later".into())
}

async fn run_with_own_redis() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut command = Command::new("redis-server");
    command
        .current_dir(folder.path())
        .args(["--port", "0", "--save", ""]);
    command.args(["--unixsocket", "redis.sock"]);
    let Ok(mut redis) = command.stdout(Stdio::piped()).spawn().map(Ended) else {
        println!("there is no redis-server here; give the URL of one");
        return Ok(());
    };
    let said = redis.0.stdout.take().ok_or("redis-server has no output")?;
    for line in BufReader::new(said).lines() {
        if line?.contains("ready to accept connections") {
            break;
        }
    }
    let socket = folder.path().join("redis.sock");
    run(&format!("unix:{}", socket.display())).await
}

/// Writes what the workers share, and makes a client that trusts them.
fn prepare(folder: &Path) -> Result<TlsConnector> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    fs::write(folder.join("certificate"), made.cert.der())?;
    fs::write(folder.join("key"), made.signing_key.serialize_der())?;
    let secret = folder.join("secret");
    let mut file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(secret)?;
    // 32 random bytes; otherwise, `openssl rand -hex 32`.
    file.write_all(SessionId::generate()?.as_bytes())?;

    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone())?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let config = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

async fn visit(client: &TlsConnector, port: u16) -> Result<String> {
    let tcp = TcpStream::connect(("127.0.0.1", port)).await?;
    let mut tls = client
        .connect(ServerName::try_from("localhost")?, tcp)
        .await?;
    let mut heard = String::new();
    tls.read_to_string(&mut heard).await?;
    Ok(heard)
}

/// This program once more, as a server.
struct Worker {
    _process: Ended,
    port: u16,
}

impl Worker {
    fn start(name: &str, url: &str, folder: &Path) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["worker", name, url]).arg(folder);
        let mut process = Ended(command.stdout(Stdio::piped()).spawn()?);
        let said = process.0.stdout.take().ok_or("the worker has no output")?;
        let mut port = String::new();
        BufReader::new(said).read_line(&mut port)?;
        Ok(Self {
            _process: process,
            port: port
                .trim()
                .parse()
                .map_err(|_| "the worker did not start")?,
        })
    }
}

/// A process that does not outlive its owner.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

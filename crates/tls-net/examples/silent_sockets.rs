//! A thousand silent sockets, and a good client twenty times: `cargo run --release -p tls-net
//! --example silent_sockets`. Ends with 1 if any of them waits for a second or longer.
//!
//! A measurement, not a test: it depends on the machine.

#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use tls_certs::Trust;
use tls_certs::development::DevelopmentCa;
use tls_context::SecureContext;
use tls_net::{TlsAcceptor, TlsConnector};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SILENT: usize = 1000;
const GOOD: usize = 20;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    raise_descriptor_limit();
    let directory = tempfile::tempdir()?;
    let ca = DevelopmentCa::load_or_create(directory.path().join("ca"))?;
    let context = SecureContext::server(ca.issue(&["localhost"])?).build()?;
    // Default options: that is the point.
    let server = TlsAcceptor::from(context).bind("127.0.0.1:0").await?;
    let address = server.local_addr()?;
    let serving = tokio::spawn(server.serve(|mut stream| async move {
        let byte = stream.read_u8().await?;
        stream.write_u8(byte).await?;
        stream.flush().await
    }));
    let trust = Trust::from_pem_file(ca.ca_path())?;
    let connector = TlsConnector::from(SecureContext::client(trust).build()?);
    let mut silent = Vec::with_capacity(SILENT);
    for _ in 0..SILENT {
        silent.push(TcpStream::connect(address).await?);
    }
    let mut slowest = Duration::ZERO;
    for _ in 0..GOOD {
        let begun = Instant::now();
        let io = TcpStream::connect(address).await?;
        let mut stream = connector.connect("localhost".try_into()?, io).await?;
        stream.write_u8(7).await?;
        stream.flush().await?;
        assert_eq!(stream.read_u8().await?, 7);
        slowest = slowest.max(begun.elapsed());
    }
    serving.abort();
    println!("{SILENT} silent sockets; {GOOD} good clients served, the slowest in {slowest:?}");
    Ok(if slowest < Duration::from_secs(1) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Each connection is two descriptors of this process.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it can't be raised, connecting says so.
    let _ = setrlimit(Resource::Nofile, limit);
}

//! A responder over HTTP, on a thread of its own: it signs for whatever it is asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use rcgen::KeyPair;
use rustix::thread::{CpuSet, sched_setaffinity};

use super::response;
use crate::Result;
use crate::single_core::CLIENT_CORE;

/// No request in the small form has more.
const LONGEST: usize = 1024;

/// Answers until the process ends; its URL.
pub(super) fn start(key: KeyPair) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    std::thread::Builder::new().spawn(move || {
        let mut core = CpuSet::new();
        core.set(CLIENT_CORE);
        if let Err(error) = sched_setaffinity(None, &core) {
            eprintln!("the responder shares a core with the stapler: {error}");
        }
        for stream in listener.incoming() {
            if let Err(error) = stream.map_err(Into::into).and_then(|io| answer(io, &key)) {
                eprintln!("the responder: {error}");
            }
        }
    })?;
    Ok(url)
}

/// One request a connection.
fn answer(io: TcpStream, key: &KeyPair) -> Result<()> {
    let mut reader = BufReader::new(io);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        let line = line.to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
    let mut request = vec![0; LONGEST.min(length)];
    reader.read_exact(&mut request)?;
    let response = response::good(&request, key)?;
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/ocsp-response\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        response.len()
    );
    Ok(reader
        .into_inner()
        .write_all(&[head.into_bytes(), response].concat())?)
}

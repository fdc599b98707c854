//! Describes a ClientHello.
//!
//! ```sh
//! cargo run -p tls-wire --example describe_hello -- crates/tls-wire/tests/hellos/curl.hex
//! xxd -p hello.bin | cargo run -p tls-wire --example describe_hello
//! ```
//!
//! The input is hex, with blanks and `#` comments allowed: either the handshake message, which
//! begins with 01, or its records as they were on the wire, which begin with 16.

use std::error::Error;
use std::io::{Read, Write};

use tls_wire::{ClientHello, ClientHelloReader, Progress};

fn main() -> Result<(), Box<dyn Error>> {
    let text = match std::env::args().nth(1) {
        Some(path) => std::fs::read_to_string(path)?,
        None => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            text
        }
    };
    let bytes = from_hex(&text)?;
    let message = match bytes.first() {
        Some(1) => bytes.into(),
        _ => match ClientHelloReader::default().read(&bytes)? {
            Progress::Whole(whole) => whole.message,
            Progress::NeedMore(count) => {
                return Err(format!("the hello is cut short, {count} bytes are missing").into());
            }
        },
    };
    let hello = ClientHello::parse(message)?;
    write!(std::io::stdout(), "{}", hello.describe())?;
    Ok(())
}

fn from_hex(text: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    let digits: Vec<u8> = lines
        .flat_map(str::bytes)
        .filter(|b| !b.is_ascii_whitespace())
        .collect();
    digits
        .chunks(2)
        .map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?))
        .collect()
}

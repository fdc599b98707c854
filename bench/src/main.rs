//! The processes that `cargo xtask bench` measures: a server of each stack, and the one client.
//!
//! `tls-bench server STACK ROW` prints `port N` and serves until its input ends.
//! `tls-bench client ROW PORT` makes the load and prints `NAME VALUE` a line.
//! `tls-bench alone STACK ROW` works on certificates or OCSP responses without a peer and prints the same.
//! `tls-bench worker SHARING PORT` is one of several on a port; prints `port N`, serves until its
//! input ends, and then prints what its connections came to.
//! `tls-bench rate PORT` and `tls-bench soak PORT` come to workers and print `NAME VALUE` a line.
//! `tls-bench peers` prints the versions of libraries of the system.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program"
)]

mod alone;
mod certificates;
mod client;
mod cpu_clock;
mod fleet;
mod identity;
mod ocsp;
mod options;
mod psk;
mod row;
mod server;
mod single_core;

use std::process::ExitCode;
use std::time::Duration;

/// An error of these processes: read by a person, never handled.
type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T> = std::result::Result<T, Error>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["server", stack, row, options @ ..] => server(stack, row, options),
        ["client", row, port, options @ ..] => client(row, port, options),
        ["alone", stack, row, options @ ..] => alone(stack, row, options),
        ["worker", sharing, port, options @ ..] => worker(sharing, port, options),
        ["rate", port, options @ ..] => fleet_client(fleet::rate, port, options),
        ["soak", port, options @ ..] => fleet_client(fleet::soak, port, options),
        ["peers"] => {
            server::print_peers();
            Ok(())
        }
        _ => Err("usage: tls-bench server STACK ROW | client ROW PORT | alone STACK ROW | worker SHARING PORT | rate PORT | \
                   soak PORT | peers"
            .into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tls-bench {}: {error}", words.join(" "));
            ExitCode::FAILURE
        }
    }
}

fn server(stack: &str, row: &str, options: &[&str]) -> Result<()> {
    let row = row.parse()?;
    let options = options::Options::parse(options)?;
    single_core::pin(&options, single_core::SERVER_CORE)?;
    server::run(stack.parse()?, row, &options)
}

fn alone(stack: &str, row: &str, options: &[&str]) -> Result<()> {
    let options = options::Options::parse(options)?;
    single_core::pin(&options, single_core::SERVER_CORE)?;
    match row.starts_with("ocsp-") {
        true => ocsp::run(stack.parse()?, row.parse()?, &options),
        false => certificates::run(stack.parse()?, row.parse()?, &options),
    }
}

fn client(row: &str, port: &str, options: &[&str]) -> Result<()> {
    let row = row.parse()?;
    let options = options::Options::parse(options)?;
    single_core::pin(&options, single_core::CLIENT_CORE)?;
    end_in_time(&options)?;
    client::run(row, port.parse()?, &options)
}

fn worker(sharing: &str, port: &str, options: &[&str]) -> Result<()> {
    let options = options::Options::parse(options)?;
    fleet::worker(sharing.parse()?, port.parse()?, &options)
}

fn fleet_client(
    run: fn(u16, &options::Options) -> Result<()>,
    port: &str,
    options: &[&str],
) -> Result<()> {
    run(port.parse()?, &options::Options::parse(options)?)
}

/// A server that stopped answering must not hold up a run: the client gives up.
fn end_in_time(options: &options::Options) -> Result<()> {
    let limit = Duration::from_secs(if options.units.is_some() { 300 } else { 60 });
    std::thread::Builder::new().spawn(move || {
        std::thread::sleep(limit);
        eprintln!("tls-bench client: not done after {limit:?}");
        std::process::exit(1);
    })?;
    Ok(())
}

//! The command `tls`: reads what was typed, runs it, tells what went wrong.

mod cert;
mod ciphers;
mod connect;
mod connection_report;
mod development;
mod error;
mod exit_codes;
mod flags;
mod help;
mod key_log;
mod message;
mod named_contexts;
mod names;
mod ocsp;
mod output;
mod presented;
mod psk;
mod secret;
mod serve;
mod settings;
mod store_address;
mod ticket_keys;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;

use clap::Parser;

use self::error::Result;
use self::exit_codes::ExitCode;
use self::flags::{CertCommand, Command, Flags, OcspCommand, PskCommand, TicketKeysCommand};

fn main() -> process::ExitCode {
    let flags = match Flags::try_parse() {
        Ok(flags) => flags,
        Err(told) => {
            // Help and versions come this way too. Who can't be told can't be told that either.
            let _ = told.print();
            let usage = told.use_stderr();
            return if usage {
                ExitCode::Usage
            } else {
                ExitCode::Done
            }
            .into();
        }
    };
    keep_secrets_out_of_core_dumps();
    tell_warnings_of_libraries();
    // A panic has printed its message by then.
    match catch_unwind(AssertUnwindSafe(|| run(&flags.command))) {
        Ok(Ok(code)) => code.into(),
        Ok(Err(error)) => {
            message::tell(&error, wants_json(&flags.command));
            error.exit_code().into()
        }
        Err(_) => ExitCode::Bug.into(),
    }
}

/// The memory of this process holds keys.
#[cfg(unix)]
fn keep_secrets_out_of_core_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};

    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // Where that is forbidden, there is nothing more to do.
    let _ = setrlimit(Resource::Core, none);
}

#[cfg(not(unix))]
fn keep_secrets_out_of_core_dumps() {}

/// What the session store and the file of ticket keys do, `tls serve` says itself.
const WARNINGS: &str = "warn,tls_net::store_guard=off,tls_session_store::redis=off,\
                        tls_session_store::key_file_watch=off";

/// Such as: the process has no file descriptors left.
fn tell_warnings_of_libraries() {
    let _ = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(WARNINGS))
        .with_writer(std::io::stderr)
        .with_target(false)
        .without_time()
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .try_init();
}

fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Serve(flags) => serve::run(flags),
        Command::Connect(flags) => connect::run(flags),
        Command::Cert { command } => cert::run(command),
        Command::TicketKeys { command } => ticket_keys::run(command),
        Command::Psk { command } => psk::run(command),
        Command::Ocsp { command } => ocsp::run(command),
        Command::Ciphers { list, json } => ciphers::run(list.as_deref(), *json),
        Command::Help { topic } => help::run(topic),
    }
}

fn wants_json(command: &Command) -> bool {
    match command {
        Command::Serve(flags) => flags.json,
        Command::Connect(flags) => flags.json,
        Command::Cert { command } => match command {
            CertCommand::Dev { json, .. } | CertCommand::Show { json, .. } => *json,
            CertCommand::Verify(flags) => flags.json,
            CertCommand::Check(flags) => flags.json,
        },
        Command::TicketKeys {
            command: TicketKeysCommand::Show { json, .. },
        } => *json,
        Command::Psk {
            command: PskCommand::Check { json, .. },
        } => *json,
        Command::Ocsp {
            command: OcspCommand::Check(flags) | OcspCommand::Fetch { flags, .. },
        } => flags.json,
        Command::TicketKeys { .. } | Command::Psk { .. } | Command::Help { .. } => false,
        Command::Ciphers { json, .. } => *json,
    }
}

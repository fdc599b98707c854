//! `tls cert`: what certificates say, whether they can be trusted and for how long, and the
//! development CA.

mod check;
mod dev;
mod show;
mod verify;

use crate::error::Result;
use crate::exit_codes::ExitCode;
use crate::flags::CertCommand;

pub(crate) fn run(command: &CertCommand) -> Result<ExitCode> {
    match command {
        CertCommand::Dev {
            remove: true,
            development,
            json,
            ..
        } => dev::remove(development, *json),
        CertCommand::Dev {
            path,
            development,
            json,
            ..
        } => dev::show(development, *path, *json),
        CertCommand::Show { what, json } => show::run(what, *json),
        CertCommand::Verify(flags) => verify::run(flags),
        CertCommand::Check(flags) => check::run(flags),
    }
}

//! `tls cert`: the development CA, and what certificates say.

mod dev;
mod show;

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
    }
}

//! `tls help`: all options of a command, or the exit codes.

use clap::CommandFactory;

use crate::error::{Error, Result};
use crate::exit_codes::{self, ExitCode};
use crate::flags::Flags;
use crate::output;

pub(crate) fn run(topic: &[String]) -> Result<ExitCode> {
    if let [topic] = topic
        && topic == "exit-codes"
    {
        return output::result(exit_codes::table().trim_end());
    }
    let mut command = Flags::command();
    command.build();
    let mut chosen = &mut command;
    for word in topic {
        chosen = chosen.find_subcommand_mut(word).ok_or_else(|| {
            Error::usage(
                format!("there is no command \"{}\"", word.escape_debug()),
                "`tls --help` lists the commands; `tls help exit-codes` the exit codes",
            )
        })?;
    }
    output::result(&chosen.render_long_help().ansi().to_string())
}

//! `tls ticket-keys`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;

use super::duration;

#[derive(Debug, Subcommand)]
pub(crate) enum TicketKeysCommand {
    /// Make a file with a new key, which only its owner may read; never overwrites
    #[command(after_help = "Examples:
  tls ticket-keys new tickets.key
  tls serve --ticket-keys tickets.key &        # as often as there are cores
  tls ticket-keys show tickets.key")]
    New {
        /// The file to make
        file: PathBuf,
    },
    /// Show names and states of the keys in a file, never the keys
    Show {
        /// The file
        file: PathBuf,
        /// JSON on stdout
        #[arg(long)]
        json: bool,
    },
    /// Put a new key before the others in a file, which go when no ticket of theirs is left
    #[command(after_help = "Examples:
  tls ticket-keys rotate tickets.key           # servers with this file take it up in seconds
  tls ticket-keys rotate tickets.key --lifetime 24h
  tls ticket-keys show tickets.key

The file is replaced at once, and stays its owner's alone.")]
    Rotate {
        /// The file
        file: PathBuf,
        /// How long tickets live: for so long after it ceased to issue, a key still opens
        #[arg(long, value_name = "TIME", default_value = "2h", value_parser = duration)]
        lifetime: Duration,
    },
}

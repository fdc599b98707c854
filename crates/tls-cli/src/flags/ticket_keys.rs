//! `tls ticket-keys`.

use std::path::PathBuf;

use clap::Subcommand;

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
}

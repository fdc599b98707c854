//! `tls ticket-keys`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::{StoreFlags, duration};

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
    /// Show names, ages and states of the keys in a file or a store, never the keys
    #[command(after_help = "Examples:
  tls ticket-keys show tickets.key
  tls ticket-keys show --session-store redis://10.0.0.5 --session-secret sessions.key --json")]
    Show {
        #[command(flatten)]
        place: KeysPlace,
        /// JSON on stdout
        #[arg(long)]
        json: bool,
    },
    /// Have another key issue; the others stay until no ticket of theirs is left
    #[command(after_help = "Examples:
  tls ticket-keys rotate tickets.key           # servers with this file take it up in seconds
  tls ticket-keys rotate tickets.key --lifetime 24h
  tls ticket-keys rotate --session-store redis://10.0.0.5 --session-secret sessions.key

A file is replaced at once, and stays its owner's alone.")]
    Rotate(RotateFlags),
}

/// A file of keys, or the store through which servers publish theirs.
#[derive(Args, Debug)]
pub(crate) struct KeysPlace {
    /// The file
    #[arg(
        required_unless_present = "session_store",
        conflicts_with = "session_store"
    )]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: StoreFlags,
}

#[derive(Args, Debug)]
pub(crate) struct RotateFlags {
    #[command(flatten)]
    pub(crate) place: KeysPlace,
    /// How long tickets live: for so long after it ceased to issue, a key still opens
    #[arg(long, value_name = "TIME", default_value = "2h", value_parser = duration)]
    pub(crate) lifetime: Duration,
    /// What the servers of a store have as --ticket-rotation
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = duration)]
    pub(crate) ticket_rotation: Duration,
}

//! What can be wrong with a file of keys.

use std::fmt;
use std::io;

use crate::limits::{MAX_IDENTITY, MAX_KEY, MAX_KEYS_PER_IDENTITY};
use crate::{PskIdentity, PskWarning};

/// One thing that [`check_psk_file`](crate::check_psk_file) found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PskFileFinding {
    /// The file is not taken like this.
    Refused {
        /// Counted from 1; `None` for the file as a whole.
        line: Option<usize>,
        /// What is wrong.
        problem: PskFileProblem,
    },
    /// The file is taken, but something is better not done.
    Advice {
        /// Counted from 1; `None` for the file as a whole.
        line: Option<usize>,
        /// What that is.
        warning: PskWarning,
    },
}

impl PskFileFinding {
    /// Whether the file is not taken like this.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// The line, counted from 1; `None` for the file as a whole.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Refused { line, .. } | Self::Advice { line, .. } => *line,
        }
    }

    /// A stable name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { problem, .. } => problem.code(),
            Self::Advice { warning, .. } => warning.code(),
        }
    }
}

impl fmt::Display for PskFileFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line() {
            write!(f, "line {line}: ")?;
        }
        match self {
            Self::Refused { problem, .. } => problem.fmt(f),
            Self::Advice { warning, .. } => warning.fmt(f),
        }
    }
}

/// Why a file of keys, or a line of it, is refused. Holds no key, and no part of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PskFileProblem {
    /// The system does not let it be read.
    #[error("it can't be read: {reason}")]
    Unreadable {
        /// What the system said.
        reason: String,
        /// Which kind of error that is.
        kind: io::ErrorKind,
    },
    /// Others than its owner can read or change it.
    #[error("it is open to others (mode {mode:03o}) and holds keys; run: chmod 600")]
    OpenToOthers {
        /// Its permission bits.
        mode: u32,
    },
    /// It belongs to another user, who can change it at will.
    #[error("it belongs to user {owner}, neither to this process's user nor to root")]
    ForeignOwner {
        /// The owner's numeric id.
        owner: u32,
    },
    /// Not one key in it.
    #[error("it holds no key")]
    NoKeys,
    /// A line without a colon.
    #[error("not `identity:hexkey`: there is no colon")]
    NoColon,
    /// What follows the colon is not hex.
    #[error("the key is not in hex digits, two a byte: make one with `tls psk new`")]
    KeyNotHex,
    /// The key is too short or too long.
    #[error("the key has {length} bytes, not {least} to {MAX_KEY}: make one with `tls psk new`")]
    KeyLength {
        /// Its bytes.
        length: usize,
        /// The fewest that are taken.
        least: usize,
    },
    /// The identity is empty or too long.
    #[error("the identity has {length} bytes, not 1 to {MAX_IDENTITY}")]
    IdentityLength {
        /// Its bytes.
        length: usize,
    },
    /// More keys than are tried for one identity.
    #[error("\"{identity}\" has more than {MAX_KEYS_PER_IDENTITY} keys: take out the oldest")]
    TooManyKeys {
        /// Whose.
        identity: PskIdentity,
    },
}

impl PskFileProblem {
    pub(super) fn unreadable(error: &io::Error) -> Self {
        Self::Unreadable {
            reason: error.to_string(),
            kind: error.kind(),
        }
    }

    /// A stable name.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "psk_file_unreadable",
            Self::OpenToOthers { .. } => "psk_file_mode",
            Self::ForeignOwner { .. } => "psk_file_owner",
            Self::NoKeys => "psk_file_empty",
            Self::NoColon => "psk_file_no_colon",
            Self::KeyNotHex => "psk_file_not_hex",
            Self::KeyLength { .. } => "psk_file_key_length",
            Self::IdentityLength { .. } => "psk_file_identity_length",
            Self::TooManyKeys { .. } => "psk_file_too_many_keys",
        }
    }
}

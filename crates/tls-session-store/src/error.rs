//! The one error of this crate.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::limits::{
    MAX_RING_KEYS, MAX_SESSION_ID_LEN, MAX_SHARED_SECRET_LEN, MAX_SHARED_SECRETS,
    MIN_SHARED_SECRET_LEN, TICKET_KEY_LEN,
};

/// What can go wrong with keys, files and stores.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A ticket key of another length (spec `T-SES-06`, `CTX-12`).
    #[error("ticket keys must be exactly {TICKET_KEY_LEN} bytes, not {given}")]
    TicketKeyLength {
        /// Bytes given.
        given: usize,
    },
    /// More keys than one ring holds.
    #[error(
        "{given} ticket keys are more than the {MAX_RING_KEYS} of a ring; drop the oldest, or let it expire"
    )]
    TooManyTicketKeys {
        /// Keys given.
        given: usize,
    },
    /// Two keys of one ring have the same first 16 bytes, by which tickets name their key.
    #[error("two ticket keys share their first 16 bytes, which name the key; make a new one")]
    DuplicateTicketKey,
    /// A shared secret of unfit length.
    #[error(
        "a shared secret has {MIN_SHARED_SECRET_LEN} to {MAX_SHARED_SECRET_LEN} bytes, not {given}; \
         make one with `openssl rand -hex 32`"
    )]
    SharedSecretLength {
        /// Bytes given.
        given: usize,
    },
    /// More secrets than one [`SharedSecret`](crate::SharedSecret) holds.
    #[error("{given} shared secrets are more than {MAX_SHARED_SECRETS}; drop the oldest")]
    TooManySharedSecrets {
        /// Secrets given.
        given: usize,
    },
    /// The keys follow a fleet's rule, by which no worker rotates alone.
    #[error(
        "these ticket keys rotate {how} in all workers alike; one worker alone can't rotate them"
    )]
    FleetKeys {
        /// How they rotate.
        how: &'static str,
    },
    /// No ticket key may issue yet: the fleet's are on their way.
    #[error("the fleet's ticket keys have not come yet")]
    TicketKeysPending,
    /// No thread for what keys need one for.
    #[error("cannot start a thread for the ticket keys")]
    Thread(#[source] io::Error),
    /// An environment variable of keys is not set, or not text.
    #[error(
        "the environment variable {name} is not set, or is not text; it should hold a ticket key"
    )]
    KeyVariable {
        /// Which variable.
        name: String,
    },
    /// An environment variable holds something else than keys. Says nothing of its content.
    #[error(
        "key {position} of the environment variable {name} is not one: a ticket key is 96 hex digits \
         or 64 characters of base64"
    )]
    KeyVariableContent {
        /// Which variable.
        name: String,
        /// Which of its keys, counted from 1.
        position: usize,
    },
    /// A key file could not be read or written.
    #[error("cannot {action} the key file {}", path.display())]
    KeyFile {
        /// Which file.
        path: PathBuf,
        /// What was tried: `read` or `create`.
        action: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Others than the owner may read or change a file of secrets.
    #[error(
        "{} is open to others (mode {mode:03o}) and holds secrets; run: chmod 600 {}",
        path.display(), path.display()
    )]
    InsecurePermissions {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A key file belongs to another user, who can change it at will.
    #[error("{} belongs to user {owner}, neither to this process's user nor to root", path.display())]
    InsecureOwner {
        /// Which file.
        path: PathBuf,
        /// The owner's numeric id.
        owner: u32,
    },
    /// A line of a key file is not a key.
    #[error(
        "line {line} of {} is not a key: a ticket key is 96 hex digits or 64 characters of base64, \
         or the file is 48 raw bytes", path.display()
    )]
    KeyFileLine {
        /// Which file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// A key file holds no key.
    #[error("{} holds no key", path.display())]
    KeyFileEmpty {
        /// Which file.
        path: PathBuf,
    },
    /// A session id of unfit length.
    #[error("a session id has 1 to {MAX_SESSION_ID_LEN} bytes, not {given}")]
    SessionIdLength {
        /// Bytes given.
        given: usize,
    },
    /// A value that no store should hold.
    #[error("{given} bytes are more than the {limit} of one session")]
    TooLarge {
        /// Bytes given.
        given: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Bytes that are no envelope, or an envelope beyond its limits.
    #[error("not a session envelope: {reason}")]
    Envelope {
        /// Which field, and what about it.
        reason: &'static str,
    },
    /// The store is full of sessions that are just being put.
    #[error("the session store is full; raise its limits")]
    StoreFull,
    /// The store gives sessions and takes none: it is a replica.
    #[error(
        "the session store takes nothing, since it is a read-only replica; give the primary's address"
    )]
    StoreReadOnly,
    /// The store did not answer in time.
    #[error("the session store did not answer within {limit:?}")]
    StoreLate {
        /// How long was waited.
        limit: Duration,
    },
    /// The URL of a store is not understood. What was given is not repeated, since there may be a
    /// password in it.
    #[error("the URL of the session store is not understood: {reason}")]
    StoreUrl {
        /// What about it.
        reason: &'static str,
    },
    /// TLS with the store cannot be set up.
    #[error("TLS with the session store cannot be set up")]
    StoreTls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store cannot be reached or does not work.
    #[error("the session store does not work")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    Randomness,
}

impl Error {
    /// A stable name for logs, metrics and scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TicketKeyLength { .. } => "ticket_key_length",
            Self::TooManyTicketKeys { .. } => "too_many_ticket_keys",
            Self::DuplicateTicketKey => "duplicate_ticket_key",
            Self::SharedSecretLength { .. } => "shared_secret_length",
            Self::TooManySharedSecrets { .. } => "too_many_shared_secrets",
            Self::FleetKeys { .. } => "fleet_ticket_keys",
            Self::TicketKeysPending => "ticket_keys_pending",
            Self::Thread(_) => "ticket_key_thread",
            Self::KeyVariable { .. } => "key_variable",
            Self::KeyVariableContent { .. } => "key_variable_content",
            Self::KeyFile { .. } => "key_file",
            Self::InsecurePermissions { .. } => "insecure_permissions",
            Self::InsecureOwner { .. } => "insecure_owner",
            Self::KeyFileLine { .. } => "key_file_line",
            Self::KeyFileEmpty { .. } => "key_file_empty",
            Self::SessionIdLength { .. } => "session_id_length",
            Self::TooLarge { .. } => "session_too_large",
            Self::Envelope { .. } => "envelope_malformed",
            Self::StoreFull => "store_full",
            Self::StoreReadOnly => "store_read_only",
            Self::StoreLate { .. } => "store_late",
            Self::StoreUrl { .. } => "store_url",
            Self::StoreTls(_) => "store_tls",
            Self::Store(_) => "store_down",
            Self::Randomness => "no_randomness",
        }
    }

    /// The code that Node has for this, if it has one (spec `CTX-12`).
    #[must_use]
    pub fn node_code(&self) -> Option<&'static str> {
        match self {
            Self::TicketKeyLength { .. } => Some("ERR_INVALID_ARG_VALUE"),
            _ => None,
        }
    }
}

/// Why sealed bytes did not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum OpenFailure {
    /// None of the keys made it: another server's, a key gone since, or junk.
    #[error("none of the keys made it")]
    NotOurs,
    /// Too short or too long, or of an unknown format.
    #[error("too short, too long, or of an unknown format")]
    Malformed,
    /// A key of ours is named, but the bytes were changed, or belong to another context, kind or id.
    #[error("changed, or made for another context, kind or id")]
    NotAuthentic,
}

impl OpenFailure {
    /// A stable name for logs and metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotOurs => "not_ours",
            Self::Malformed => "malformed",
            Self::NotAuthentic => "not_authentic",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn all() -> Vec<Error> {
        let path = || PathBuf::from("/etc/tls/ticket.key");
        let name = || "TICKET_KEYS".to_owned();
        vec![
            Error::TicketKeyLength { given: 47 },
            Error::TooManyTicketKeys { given: 17 },
            Error::DuplicateTicketKey,
            Error::SharedSecretLength { given: 8 },
            Error::TooManySharedSecrets { given: 5 },
            Error::FleetKeys {
                how: "by the clock",
            },
            Error::TicketKeysPending,
            Error::Thread(io::ErrorKind::WouldBlock.into()),
            Error::KeyVariable { name: name() },
            Error::KeyVariableContent {
                name: name(),
                position: 2,
            },
            Error::KeyFile {
                path: path(),
                action: "read",
                source: io::ErrorKind::NotFound.into(),
            },
            Error::InsecurePermissions {
                path: path(),
                mode: 0o644,
            },
            Error::InsecureOwner {
                path: path(),
                owner: 1000,
            },
            Error::KeyFileLine {
                path: path(),
                line: 3,
            },
            Error::KeyFileEmpty { path: path() },
            Error::SessionIdLength { given: 33 },
            Error::TooLarge { given: 9, limit: 8 },
            Error::Envelope { reason: "version" },
            Error::StoreFull,
            Error::StoreReadOnly,
            Error::StoreLate {
                limit: Duration::from_millis(50),
            },
            Error::StoreUrl { reason: "scheme" },
            Error::StoreTls("no trust anchors".into()),
            Error::Store("connection refused".into()),
            Error::Randomness,
        ]
    }

    #[test]
    fn every_error_has_its_own_code_and_message() {
        let listed = "ticket_key_length too_many_ticket_keys duplicate_ticket_key \
            shared_secret_length too_many_shared_secrets fleet_ticket_keys ticket_keys_pending \
            ticket_key_thread key_variable key_variable_content key_file insecure_permissions insecure_owner key_file_line \
            key_file_empty session_id_length session_too_large envelope_malformed store_full store_read_only \
            store_late store_url store_tls store_down no_randomness";
        let codes: Vec<_> = all().iter().map(Error::code).collect();
        assert_eq!(codes, listed.split_whitespace().collect::<Vec<_>>());
        let messages: HashSet<_> = all().iter().map(ToString::to_string).collect();
        assert_eq!(messages.len(), codes.len());
    }

    #[test]
    fn messages_name_the_file_and_the_remedy() {
        let error = Error::InsecurePermissions {
            path: "/etc/tls/ticket.key".into(),
            mode: 0o644,
        };
        assert_eq!(
            error.to_string(),
            "/etc/tls/ticket.key is open to others (mode 644) and holds secrets; \
             run: chmod 600 /etc/tls/ticket.key"
        );
    }

    #[test]
    fn every_open_failure_has_its_own_code() {
        let codes = [
            OpenFailure::NotOurs,
            OpenFailure::Malformed,
            OpenFailure::NotAuthentic,
        ]
        .map(OpenFailure::code);
        assert_eq!(codes, ["not_ours", "malformed", "not_authentic"]);
    }
}

//! What is known of the session store, for logs, metrics and programs.

use std::fmt;
use std::sync::Arc;

/// The state of an acceptor's session store, as the handshakes of this process see it.
///
/// Whatever it is, handshakes go on: without a store as full ones, or by tickets where there are
/// [ticket keys](crate::AcceptorBuilder::ticket_keys). A store that is away is asked again in the
/// background, and the state changes by itself within seconds of its return.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreState {
    /// It answers in time, as far as is known.
    Working,
    /// It answers, and takes nothing: it is full, or a replica. What it has still resumes, from a
    /// replica in TLS 1.2 only; no new sessions are made for it.
    ReadOnly(StoreTrouble),
    /// It was late or away several times in a row. No handshake waits for it.
    OpenCircuit(StoreTrouble),
}

impl StoreState {
    /// A stable name: `working`, `read_only` or `open_circuit`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::ReadOnly(_) => "read_only",
            Self::OpenCircuit(_) => "open_circuit",
        }
    }

    /// What is wrong, unless it works.
    pub fn trouble(&self) -> Option<&StoreTrouble> {
        match self {
            Self::Working => None,
            Self::ReadOnly(trouble) | Self::OpenCircuit(trouble) => Some(trouble),
        }
    }
}

impl fmt::Display for StoreState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Working => f.write_str("the session store works"),
            Self::ReadOnly(trouble) => {
                write!(f, "the session store takes no new sessions: {trouble}")
            }
            Self::OpenCircuit(trouble) => {
                write!(f, "handshakes go on without the session store: {trouble}")
            }
        }
    }
}

/// What is wrong with a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreTrouble {
    code: &'static str,
    message: Arc<str>,
}

impl StoreTrouble {
    pub(crate) fn new(code: &'static str, message: impl Into<Arc<str>>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The code of the last error: [`tls_session_store::Error::code`].
    pub fn code(&self) -> &'static str {
        self.code
    }
}

impl fmt::Display for StoreTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

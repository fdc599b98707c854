//! Why Redis could not say.

use std::io;
use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::Error;

/// Why Redis does not answer, or not with what was asked for.
///
/// It is the source of an [`Error::Store`] and the cause in a [`RedisState`](super::RedisState). No
/// password is ever in it, nor what Redis wrote beside its error code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedisFault {
    /// Nobody listens there.
    #[error("nobody listens at {address}; is Redis running?")]
    Refused {
        /// Host and port, or the path of the socket.
        address: String,
    },
    /// The host has no address, cannot be reached, or the socket may not be opened.
    #[error("cannot reach {address}: {reason}")]
    Unreachable {
        /// Host and port, or the path of the socket.
        address: String,
        /// What the system said.
        reason: String,
    },
    /// The connection ended.
    #[error("the connection to Redis ended")]
    Lost,
    /// No answer in time.
    #[error("Redis did not answer within {limit:?}")]
    Late {
        /// How long was waited.
        limit: Duration,
    },
    /// The TLS handshake with Redis failed.
    #[error("TLS with {address} failed: {reason}")]
    Tls {
        /// Host and port.
        address: String,
        /// What rustls said.
        reason: String,
    },
    /// It reads its data from disk.
    #[error("Redis is still loading its data")]
    Loading,
    /// It has no memory left (`maxmemory` with `noeviction`).
    #[error("Redis is full; raise maxmemory, or set maxmemory-policy allkeys-lru")]
    Full,
    /// It is a replica, which takes no writes.
    #[error("Redis is a read-only replica; give the address of its primary, or of its sentinels")]
    ReadOnly,
    /// User or password are missing or wrong.
    #[error("Redis refuses the user and password, or wants some")]
    Auth,
    /// The user may not run a command, or not with these keys.
    #[error(
        "the Redis user lacks a permission; it needs: +get +set +getdel +del +exists +ping ~PREFIX*"
    )]
    NoPermission,
    /// What it sends is not Redis's protocol, or not an answer to the command.
    #[error("the answer is not Redis's; is another service at that address?")]
    Protocol,
    /// The sentinels know no primary under that name, or none of them answers.
    #[error("no sentinel names a primary for {master}")]
    NoPrimary {
        /// The name that the sentinels were asked for.
        master: String,
    },
    /// The cluster does not serve this key's slot.
    #[error("the Redis cluster does not serve all slots")]
    ClusterDown,
    /// It is a node of a cluster, and was addressed as if it were alone.
    #[error("this Redis is a node of a cluster; write redis-cluster://HOST")]
    ClusterNode,
    /// It is no node of a cluster, and was addressed as if it were.
    #[error("this Redis is not a cluster; write redis://HOST")]
    NoCluster,
    /// As many calls wait for Redis as may.
    #[error("{limit} calls wait for Redis already")]
    Busy {
        /// How many may.
        limit: usize,
    },
    /// Another error of Redis.
    #[error("Redis answers with the error {code}")]
    Refusal {
        /// Its first word, which names the kind.
        code: String,
    },
    /// The thread that talks to Redis could not be started.
    #[error("no thread could be started for Redis: {reason}")]
    Thread {
        /// What the system said.
        reason: String,
    },
}

impl RedisFault {
    /// A stable name for logs, metrics and scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "redis_refused",
            Self::Unreachable { .. } => "redis_unreachable",
            Self::Lost => "redis_lost",
            Self::Late { .. } => "redis_late",
            Self::Tls { .. } => "redis_tls",
            Self::Loading => "redis_loading",
            Self::Full => "redis_full",
            Self::ReadOnly => "redis_read_only",
            Self::Auth => "redis_auth",
            Self::NoPermission => "redis_no_permission",
            Self::Protocol => "redis_protocol",
            Self::NoPrimary { .. } => "redis_no_primary",
            Self::ClusterDown => "redis_cluster_down",
            Self::ClusterNode => "redis_cluster_node",
            Self::NoCluster => "redis_no_cluster",
            Self::Busy { .. } => "redis_busy",
            Self::Refusal { .. } => "redis_refusal",
            Self::Thread { .. } => "redis_thread",
        }
    }

    /// The fault inside an error of the store, if it came from Redis.
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        match error {
            Error::Store(source) => source.downcast_ref(),
            _ => None,
        }
    }

    /// What failed in a command, or in setting up a connection.
    pub(super) fn from_redis(error: &RedisError) -> Self {
        match error.kind() {
            ErrorKind::AuthenticationFailed => Self::Auth,
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => Self::Protocol,
            ErrorKind::Io => Self::Lost,
            ErrorKind::Server(kind) => Self::from_server(kind, error),
            _ => Self::from_code(error),
        }
    }

    fn from_server(kind: ServerErrorKind, error: &RedisError) -> Self {
        match kind {
            ServerErrorKind::BusyLoading => Self::Loading,
            ServerErrorKind::ReadOnly => Self::ReadOnly,
            ServerErrorKind::NoPerm => Self::NoPermission,
            ServerErrorKind::ClusterDown | ServerErrorKind::Moved | ServerErrorKind::Ask => {
                Self::ClusterDown
            }
            _ => Self::from_code(error),
        }
    }

    fn from_code(error: &RedisError) -> Self {
        match error.code() {
            Some("OOM") => Self::Full,
            Some("NOAUTH" | "WRONGPASS") => Self::Auth,
            Some(code) => Self::Refusal {
                code: first_word(code),
            },
            None => Self::Protocol,
        }
    }

    /// What failed in opening a socket.
    pub(super) fn from_connect(address: &str, error: &io::Error) -> Self {
        let address = address.to_owned();
        match error.kind() {
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => Self::Refused { address },
            _ => Self::Unreachable {
                address,
                reason: error.to_string(),
            },
        }
    }

    /// Whether the connection is of no use any more.
    pub(super) fn ends_connection(&self) -> bool {
        matches!(
            self,
            Self::Lost | Self::Late { .. } | Self::Protocol | Self::Auth
        )
    }

    /// Whether Redis answers, but does not do what it is for.
    pub(super) fn is_impairment(&self) -> bool {
        matches!(
            self,
            Self::Loading
                | Self::Full
                | Self::ReadOnly
                | Self::NoPermission
                | Self::ClusterDown
                | Self::ClusterNode
                | Self::Refusal { .. }
        )
    }
}

impl From<RedisFault> for Error {
    fn from(fault: RedisFault) -> Self {
        match fault {
            RedisFault::Full => Self::StoreFull,
            RedisFault::ReadOnly => Self::StoreReadOnly,
            RedisFault::Late { limit } => Self::StoreLate { limit },
            other => Self::Store(Box::new(other)),
        }
    }
}

/// A server that answers junk gets no long or odd text into our logs.
fn first_word(code: &str) -> String {
    code.chars()
        .take_while(char::is_ascii_alphanumeric)
        .take(32)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault_of(answer: &[u8]) -> RedisFault {
        let error = redis::parse_redis_value(answer)
            .and_then(redis::Value::extract_error)
            .unwrap_err();
        RedisFault::from_redis(&error)
    }

    #[test]
    fn each_answer_of_redis_has_its_fault_and_code() {
        for (answer, code) in [
            (
                &b"-OOM command not allowed when used memory > 'maxmemory'.\r\n"[..],
                "redis_full",
            ),
            (
                b"-READONLY You can't write against a read only replica.\r\n",
                "redis_read_only",
            ),
            (
                b"-LOADING Redis is loading the dataset in memory\r\n",
                "redis_loading",
            ),
            (b"-NOAUTH Authentication required.\r\n", "redis_auth"),
            (
                b"-WRONGPASS invalid username-password pair\r\n",
                "redis_auth",
            ),
            (
                b"-NOPERM User x has no permissions\r\n",
                "redis_no_permission",
            ),
            (
                b"-CLUSTERDOWN Hash slot not served\r\n",
                "redis_cluster_down",
            ),
            (b"-MISCONF Redis is configured to save\r\n", "redis_refusal"),
            (b"-ERR unknown command 'GETDEL'\r\n", "redis_refusal"),
            (b"HTTP/1.1 400 Bad Request\r\n", "redis_protocol"),
        ] {
            assert_eq!(fault_of(answer).code(), code, "{answer:?}");
        }
    }

    #[test]
    fn the_text_of_a_server_stays_out() {
        let fault = fault_of(b"-MISCONF secret words\r\n");
        assert_eq!(fault.to_string(), "Redis answers with the error MISCONF");
        assert_eq!(first_word("A\u{1b}[31mB"), "A");
    }

    #[test]
    fn faults_become_the_errors_that_every_store_has() {
        let limit = Duration::from_millis(5);
        let code = |fault: RedisFault| Error::from(fault).code();
        assert_eq!(code(RedisFault::Full), "store_full");
        assert_eq!(code(RedisFault::ReadOnly), "store_read_only");
        assert_eq!(code(RedisFault::Late { limit }), "store_late");
        assert_eq!(code(RedisFault::Auth), "store_down");
        let error = Error::from(RedisFault::Lost);
        assert_eq!(RedisFault::of(&error), Some(&RedisFault::Lost));
        assert_eq!(RedisFault::of(&Error::StoreFull), None);
    }
}

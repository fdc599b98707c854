//! Every limit and default of this crate, each with its reason.

use std::time::Duration;

/// Length of a ticket key in bytes: 16 of name and 32 of secret, the size that Node and nginx use.
pub const TICKET_KEY_LEN: usize = 48;

/// Length in bytes of the key name that starts a ticket.
pub const KEY_NAME_LEN: usize = 16;

/// Most keys that one ring holds: the one that issues and those that still open.
///
/// A ticket is looked up by name along the ring, so that the ring bounds the work that a stranger's
/// ticket causes.
pub const MAX_RING_KEYS: usize = 16;

/// Default lifetime of a ticket and of a retired key: what Node sends with `sessionTimeout` absent.
pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(7200);

/// The longest lifetime that RFC 8446, Section 4.6.1 allows a ticket: seven days.
pub const MAX_LIFETIME: Duration = Duration::from_secs(604_800);

/// Longest ticket in bytes that [`TicketKeys::ticketer`](crate::TicketKeys::ticketer) hands to
/// rustls; beyond it none is issued.
///
/// A long client chain in a ticket would travel in each hello, beyond the first flight of TCP.
pub const MAX_TICKET_LEN: usize = 2048;

/// Longest plaintext in bytes that is sealed: the longest chain and payload of an envelope, and room.
pub const MAX_SEALED_PLAINTEXT: usize = 256 * 1024;

/// Longest session id in bytes (RFC 5246, Section 7.4.1.2: `SessionID<0..32>`).
pub const MAX_SESSION_ID_LEN: usize = 32;

/// Most certificates in an [`Envelope`](crate::Envelope)'s chain.
pub const MAX_CHAIN_CERTIFICATES: usize = 16;

/// Longest chain in an [`Envelope`](crate::Envelope), in bytes over all certificates.
pub const MAX_CHAIN_LEN: usize = 65_535;

/// Longest payload of an [`Envelope`](crate::Envelope) in bytes: a session of rustls holds the
/// peer's chain once more.
pub const MAX_PAYLOAD_LEN: usize = 128 * 1024;

/// Longest code of a [`Verdict`](crate::Verdict) in bytes; the longest of OpenSSL has 35.
pub const MAX_VERDICT_CODE_LEN: usize = 64;

/// Longest [`Envelope`](crate::Envelope) `maker` in bytes: a worker's name, shown to people.
pub const MAX_MAKER_LEN: usize = 255;

/// How far the clocks of a fleet may be apart: how far in the future the time in an envelope may
/// lie, and how long before its time, and after its end, a key of a fleet opens.
pub const FLEET_CLOCK_TOLERANCE: Duration = Duration::from_secs(300);

/// A key issues for at least the lifetime divided by this, however short a period was asked for.
///
/// Keys that open are kept for the lifetime, so that more of them would shorten a key's life by no
/// more than an eighth and outgrow the ring.
pub const PERIODS_IN_A_LIFETIME: u32 = 8;

/// Most secrets in one [`SharedSecret`](crate::SharedSecret): each is one more try for a stored value.
pub const MAX_SHARED_SECRETS: usize = 4;

/// How often a watched key file is read; a change counts once two readings agree.
pub const KEY_FILE_WATCH_INTERVAL: Duration = Duration::from_secs(2);

/// Default bound of a [`MemoryStore`](crate::MemoryStore) in sessions.
pub const DEFAULT_MAX_ENTRIES: usize = 100_000;

/// Default bound of a [`MemoryStore`](crate::MemoryStore) in bytes of ids and values: 64 MiB.
pub const DEFAULT_MAX_BYTES: usize = 64 << 20;

/// Longest value in bytes that a [`MemoryStore`](crate::MemoryStore) takes: the longest plaintext and
/// what sealing adds.
pub const MAX_VALUE_LEN: usize = MAX_SEALED_PLAINTEXT + 1024;

/// Shortest [`SharedSecret`](crate::SharedSecret) in bytes: the strength of AES-256.
pub const MIN_SHARED_SECRET_LEN: usize = 32;

/// Longest [`SharedSecret`](crate::SharedSecret) in bytes; more adds no strength.
pub const MAX_SHARED_SECRET_LEN: usize = 1024;

/// Largest key file in bytes that is read.
pub const MAX_KEY_FILE_LEN: usize = 64 * 1024;

/// What stands before the ids in the names of Redis keys, unless set.
#[cfg(feature = "redis")]
pub const DEFAULT_REDIS_PREFIX: &str = "tls:";

/// How long a call to Redis may take, unless set. It frees what a call that hangs holds; what a
/// handshake waits is less and set elsewhere.
#[cfg(feature = "redis")]
pub const DEFAULT_REDIS_LIMIT: Duration = Duration::from_secs(1);

/// How many calls may wait for Redis at once, unless set: what a Redis that hangs can hold of memory
/// within [`DEFAULT_REDIS_LIMIT`].
#[cfg(feature = "redis")]
pub const DEFAULT_REDIS_CALLS: usize = 4096;

/// The shortest time between two attempts to connect to Redis, unless set.
#[cfg(feature = "redis")]
pub const MIN_REDIS_BACKOFF: Duration = Duration::from_millis(50);

/// The longest time between two attempts to connect to Redis, before jitter, unless set: how late a
/// Redis that is back may be noticed.
#[cfg(feature = "redis")]
pub const MAX_REDIS_BACKOFF: Duration = Duration::from_secs(2);

/// Places in a store for published ticket keys: the one that issues, the next, and those that open
/// still; each worker looks at all of them.
pub const PUBLISHED_SLOTS: usize = 16;

/// Shortest period of published ticket keys.
pub const MIN_ROTATION_PERIOD: Duration = Duration::from_secs(1);

/// Default period of published ticket keys.
pub const DEFAULT_ROTATION_PERIOD: Duration = Duration::from_secs(3_600);

/// Longest time by which a published key precedes its first use; a quarter of the period if that is
/// shorter.
pub const MAX_LEAD: Duration = Duration::from_secs(900);

/// Longest time between two looks of a worker for published keys; a fifth of the lead if that is shorter.
pub const MAX_SYNC_INTERVAL: Duration = Duration::from_secs(60);

/// How long a worker that has just started waits for the fleet's keys before it issues with one of its
/// own. Handshakes do not wait: they get no ticket meanwhile.
pub const FIRST_KEYS_WAIT: Duration = Duration::from_secs(2);

/// Longest time until the next look after one that failed.
pub const SYNC_RETRY: Duration = Duration::from_secs(5);

/// How long one look for published keys may take, with a store that sets no limit itself.
pub const SYNC_LIMIT: Duration = Duration::from_secs(10);

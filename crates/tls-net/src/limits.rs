//! Every limit and default of this crate, with the source of its number.

use std::time::Duration;

use crate::error::Error;

/// From the accepted connection to the whole hello. A hello is one round trip away; five seconds
/// cover three lost packets.
pub(crate) const HELLO_TIMEOUT: Duration = Duration::from_secs(5);

/// From the accepted connection to the finished handshake. Node has 120 s (`SRV-03`), which lets a
/// silent client hold a handshake for two minutes.
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// To find and reach a server; Linux alone would try for over two minutes.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// For each hook: half of the handshake's time, so that a slow database is told from a slow peer.
pub(crate) const HOOK_TIMEOUT: Duration = Duration::from_secs(5);

/// For all calls of one handshake to the session store: a full handshake costs less than waiting
/// longer would.
pub(crate) const STORE_TIMEOUT: Duration = Duration::from_millis(25);

/// Misses of the session store in a row until handshakes go on without it: one may be a lost
/// packet, two a coincidence.
pub(crate) const STORE_MISSES: u32 = 3;

/// Session look-ups in flight. At a millisecond each they are 128,000 a second, more than any
/// machine makes handshakes; so beyond them the store is in trouble, or somebody makes it.
pub(crate) const MAX_LOOKUPS: usize = 128;

/// The first pause before a store that is away is asked again; each one after it is twice as long.
pub(crate) const PROBE_FIRST: Duration = Duration::from_millis(100);

/// The longest pause: a store that is back is noticed within three seconds.
pub(crate) const PROBE_LAST: Duration = Duration::from_secs(2);

/// For the first question of a probe, behind which a store may have to connect.
pub(crate) const PROBE_PATIENCE: Duration = Duration::from_secs(1);

/// How long what a probe writes is kept.
pub(crate) const PROBE_TTL: Duration = Duration::from_secs(60);

/// How long a store has to work until its next outage counts as a new one.
pub(crate) const STORE_STEADY: Duration = Duration::from_secs(10);

/// To tell the other workers of a revocation; nobody's handshake waits for it.
pub(crate) const REVOKE_TIMEOUT: Duration = Duration::from_secs(5);

/// How often the store is told of revocations again, which it may have forgotten.
pub(crate) const REVOKE_AGAIN: Duration = Duration::from_secs(60);

/// With many of them more seldom: a hundred a second.
pub(crate) const REVOKE_PACE: Duration = Duration::from_millis(10);

/// By how much the clocks of workers may differ, for revocations: as much as for sessions.
pub(crate) const REVOCATION_MARGIN: Duration = tls_session_store::limits::FLEET_CLOCK_TOLERANCE;

/// Revocations that are remembered one by one, in some 8 MiB; beyond them everything made until
/// then is revoked.
pub(crate) const MAX_REVOCATIONS: usize = 100_000;

/// Look-ups by which one session is asked after: a certificate with more names does not resume.
pub(crate) const MAX_REVOCATION_KEYS: usize = 16;

/// Contexts that were replaced, as the reason of a full handshake tells them from others.
pub(crate) const MAX_REPLACED: usize = 4;

/// For the peer's `close_notify` after ours, in `TlsStream::close`.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections without a whole hello.
pub(crate) const MAX_PENDING: usize = 4096;

/// Handshakes at work: two cores finish some 16,000 a second, so 256 are 16 ms of work.
pub(crate) const MAX_HANDSHAKES: usize = 256;

/// Wire bytes of a whole handshake, those of the hello included: one-byte fragments of a normal
/// handshake are legal and come to some 60 KiB.
pub(crate) const MAX_HANDSHAKE_WIRE: usize = 256 * 1024;

/// While handshakes are in progress, finished ones are cleared away this often; each accepted
/// connection clears them too.
///
/// That a timer is always due before any deadline has a second use: registering a deadline that
/// would be the next to fire wakes the runtime's driver, a system call for each connection.
pub(crate) const REAP_INTERVAL: Duration = Duration::from_secs(1);

/// How long the listener rests when no descriptor is left; those in use come back meanwhile.
pub(crate) const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// The limits of an acceptor.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) hello_timeout: Duration,
    pub(crate) handshake_timeout: Duration,
    pub(crate) hook_timeout: Duration,
    pub(crate) store_timeout: Duration,
    pub(crate) max_lookups: usize,
    pub(crate) max_pending: usize,
    pub(crate) max_handshakes: usize,
    pub(crate) max_connections: Option<usize>,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) write_timeout: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            hello_timeout: HELLO_TIMEOUT,
            handshake_timeout: HANDSHAKE_TIMEOUT,
            hook_timeout: HOOK_TIMEOUT,
            store_timeout: STORE_TIMEOUT,
            max_lookups: MAX_LOOKUPS,
            max_pending: MAX_PENDING,
            max_handshakes: MAX_HANDSHAKES,
            max_connections: None,
            idle_timeout: None,
            write_timeout: None,
        }
    }
}

impl Limits {
    /// A limit of zero would let nothing through: a mistake, said at once.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let zero = [
            ("hello_timeout", self.hello_timeout.is_zero()),
            ("handshake_timeout", self.handshake_timeout.is_zero()),
            ("hook_timeout", self.hook_timeout.is_zero()),
            ("max_lookups", self.max_lookups == 0),
            ("max_pending", self.max_pending == 0),
            ("max_handshakes", self.max_handshakes == 0),
            ("max_connections", self.max_connections == Some(0)),
            ("idle_timeout", self.idle_timeout == Some(Duration::ZERO)),
            ("write_timeout", self.write_timeout == Some(Duration::ZERO)),
        ];
        match zero.iter().find(|(_, zero)| *zero) {
            Some((name, _)) => Err(Error::ZeroLimit(name)),
            None => Ok(()),
        }
    }
}

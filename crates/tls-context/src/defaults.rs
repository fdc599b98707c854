//! All defaults and limits of this crate, each with its source.

use std::time::Duration;

use tls_wire::ProtocolVersion;

/// The lowest version: TLS 1.2. Node's `tls.DEFAULT_MIN_VERSION` (`MOD-06`); RFC 8996 forbids what
/// is below.
pub const DEFAULT_MIN_VERSION: ProtocolVersion = ProtocolVersion::Tls12;

/// The highest version: TLS 1.3. Node's `tls.DEFAULT_MAX_VERSION` (`MOD-07`).
pub const DEFAULT_MAX_VERSION: ProtocolVersion = ProtocolVersion::Tls13;

/// The ciphers, best first. The order of Node's `tls.DEFAULT_CIPHERS` (`MOD-03`, `MOD-04`), as far
/// as its ciphers exist here: `HIGH` at the end of Node's list is the two ChaCha20 suites of
/// TLS 1.2, and what its exclusions take away never existed here.
pub const DEFAULT_CIPHERS: &str = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:\
TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:\
ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:\
ECDHE-RSA-CHACHA20-POLY1305";

/// The groups, best first. The order of OpenSSL 3.5 as Node's clients offer them (`CIP-18`), less
/// X448, P-521 and finite fields, which do not exist here. The hybrid first: what is recorded today
/// must not be readable by a quantum computer later.
#[doc(alias = "DEFAULT_ECDH_CURVE")]
pub const DEFAULT_GROUPS: &str = "X25519MLKEM768:X25519:P-256:P-384";

/// How long a session may be resumed: two hours, as measured with Node (`CTX-13`; its manual says
/// 300 s). RFC 8446, Section 4.6.1 allows seven days.
pub const DEFAULT_SESSION_TIMEOUT: Duration = Duration::from_secs(7_200);

/// The longest session lifetime: seven days (RFC 8446, Section 4.6.1). Node takes 2^31-1 s, and
/// OpenSSL cuts that to seven days for TLS 1.3.
pub const MAX_SESSION_TIMEOUT: Duration = tls_wire::new_session_ticket::MAX_LIFETIME;

/// TLS 1.3 tickets after a full handshake. OpenSSL and rustls send two, so that a client may open
/// two connections at once without using a ticket twice (RFC 8446, Section C.4).
pub const DEFAULT_TICKETS: u8 = 2;

/// The longest session id context, in bytes (`CTX-11`; OpenSSL's `SSL_MAX_SID_CTX_LENGTH`).
pub const MAX_SESSION_ID_CONTEXT: usize = 32;

/// The longest ALPN protocol name, in bytes: its length is one byte (RFC 7301, Section 3.1).
pub const MAX_ALPN_NAME: usize = 255;

/// The longest ALPN list on the wire, in bytes. RFC 7301 allows 65,535; a hello above 16 KiB meets
/// servers and middleboxes that refuse it, and nobody has that many protocols.
pub const MAX_ALPN_LIST: usize = 16_000;

/// The longest server name or pattern, in bytes (RFC 1035, Section 3.1).
pub const MAX_SERVER_NAME: usize = 253;

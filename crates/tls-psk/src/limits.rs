//! Every size limit of this crate, with the source of each number.

/// Longest identity of an external key, in bytes. RFC 4279, Section 5.3 asks every stack for 128;
/// 256 is what OpenSSL and Node take (spec `PSK-05`).
pub const MAX_IDENTITY: usize = 256;

/// Longest identity on the wire that is looked up, in bytes: an imported identity (RFC 9258,
/// Section 5.1) holds the external one, a context, and eight bytes beside them.
pub const MAX_WIRE_IDENTITY: usize = 2 * MAX_IDENTITY + 8;

/// Longest context of imported keys, in bytes: two names of devices.
pub const MAX_IMPORT_CONTEXT: usize = 256;

/// Longest file of keys, in bytes: half a million devices.
pub const MAX_KEY_FILE: usize = 64 * 1024 * 1024;

/// Longest key, in bytes: what OpenSSL and Node take (spec `PSK-05`).
pub const MAX_KEY: usize = 512;

/// Shortest key that is taken without being asked, in bytes: "at least 128 bits" (RFC 9257,
/// Section 6).
pub const MIN_KEY: usize = 16;

/// Longest identity hint of TLS 1.2, in bytes (spec `PSK-05`).
pub const MAX_HINT: usize = 256;

/// Identities of one hello that are looked up at most. A hello has room for some 900, and each
/// look-up may be a question to a database before the client has proved anything.
pub const MAX_LOOKUPS: usize = 4;

/// Tickets of one hello that are opened at most: each costs a key derivation, and whose keys they
/// name is no secret.
pub const MAX_TICKETS_OPENED: usize = 2;

/// Keys that are tried for one identity: the old and the new one of a change, and one to spare.
pub const MAX_KEYS_PER_IDENTITY: usize = 3;

/// Early data that a server skips, in bytes of its records (RFC 8446, Section 4.2.10). It belongs to
/// a ticket of another server, or of a certificate, most of which allow 16 or 64 KiB of content;
/// there is room for that in rather small records, too.
pub const MAX_SKIPPED_EARLY_DATA: usize = 128 * 1024;

/// Bytes that a peer may send in a whole handshake, record headers included, the ClientHello of a
/// server's client apart: legal one-byte fragments of what a handshake with pre-shared keys needs.
pub const MAX_HANDSHAKE_WIRE: usize = 256 * 1024;

/// `change_cipher_spec` records that are dropped in TLS 1.3 (RFC 8446, Appendix D.4): one is usual,
/// two where there is a HelloRetryRequest.
pub const MAX_CHANGE_CIPHER_SPECS: u8 = 4;

/// Warning alerts before the handshake is given up: as many as BoringSSL takes.
pub const MAX_WARNINGS: u8 = 4;

/// Longest ticket that a server issues, and that a client keeps, in bytes.
pub const MAX_TICKET: usize = 2048;

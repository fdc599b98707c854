//! Every size limit of this crate, with the source of each number.

/// Content of one plaintext record, in bytes (RFC 8446, Section 5.1: 2^14).
pub const MAX_PLAINTEXT: usize = 16_384;

/// Content of one protected TLS 1.3 record, in bytes (RFC 8446, Section 5.2: 2^14 + 256).
pub const MAX_CIPHERTEXT_TLS13: usize = MAX_PLAINTEXT + 256;

/// Content of one protected TLS 1.2 record, in bytes (RFC 5246, Section 6.2.3: 2^14 + 2048).
pub const MAX_CIPHERTEXT_TLS12: usize = MAX_PLAINTEXT + 2_048;

/// A whole ClientHello, handshake header included, in bytes.
///
/// The body of a larger one would still fit its 24-bit length, but no client sends it: the
/// largest in use carry two post-quantum key shares and stay under 4 KiB. 64 KiB is also the
/// largest vector of extensions that the format allows.
pub const MAX_CLIENT_HELLO: usize = 65_536;

/// Any other handshake message, handshake header included, in bytes. Certificate chains are the
/// largest ones in practice; rustls has the same limit.
pub const MAX_HANDSHAKE_MESSAGE: usize = 65_536;

/// Bytes on the wire until the ClientHello is whole, record headers included.
///
/// Fragments of one byte are legal and cost six bytes each, so an ordinary hello cut that small
/// must fit, while a hello of 64 KiB cut that small need not.
pub const MAX_HELLO_WIRE: usize = 262_144;

/// Empty handshake records before the ClientHello is whole. RFC 8446, Section 5.1 forbids them;
/// old stacks sent one as a defence for CBC, so a few are let through.
pub const MAX_EMPTY_RECORDS: usize = 4;

/// Bytes of a peer's first line kept for an error message, before escaping.
pub const MAX_FIRST_LINE: usize = 120;

/// Extensions of one message. RFC 8446 knows some 60; GREASE and private ones come on top.
/// Bounds the search for duplicates.
pub const MAX_EXTENSIONS: usize = 256;

/// A host name in `server_name`, in bytes (RFC 1035, Section 2.3.4, in its text form).
pub const MAX_HOST_NAME: usize = 255;

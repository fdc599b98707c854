//! What a peer speaks, told from its first bytes: TLS, plain HTTP, SSH, SSLv2 or junk.

use std::fmt;

use crate::alert::AlertDescription;
use crate::limits::MAX_FIRST_LINE;

/// What the first bytes of a connection look like.
///
/// Five bytes always suffice. [`Tls`](Self::Tls) says that a record header may start here, not
/// that it is a good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FirstBytes {
    /// Too few bytes to tell.
    NeedMore,
    /// A TLS record with major version 3.
    Tls,
    /// A request of HTTP/1, or the preface of HTTP/2, without TLS.
    Http,
    /// A ClientHello in the format of SSLv2 (RFC 5246, Appendix E.2), which no longer is read.
    SslV2,
    /// An SSH version string.
    Ssh,
    /// A PROXY protocol header (version 1 or 2), from a load balancer that was told to send one.
    ProxyProtocol,
    /// None of these.
    Junk,
}

/// The beginnings of protocols that are text, as far as five bytes go.
const TEXTS: [(&[u8], FirstBytes); 14] = [
    (b"GET ", FirstBytes::Http),
    (b"HEAD ", FirstBytes::Http),
    (b"POST ", FirstBytes::Http),
    (b"PUT ", FirstBytes::Http),
    (b"PATCH", FirstBytes::Http),
    (b"DELET", FirstBytes::Http),
    (b"OPTIO", FirstBytes::Http),
    (b"CONNE", FirstBytes::Http),
    (b"TRACE", FirstBytes::Http),
    (b"PRI *", FirstBytes::Http),
    (b"PROPF", FirstBytes::Http),
    (b"SSH-", FirstBytes::Ssh),
    (b"PROXY", FirstBytes::ProxyProtocol),
    (b"\r\n\r\n\0", FirstBytes::ProxyProtocol),
];

impl FirstBytes {
    /// Classifies the first bytes of a connection; five are always enough.
    #[must_use]
    pub fn classify(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::NeedMore;
        }
        for (text, kind) in TEXTS {
            let common = text.len().min(bytes.len());
            if bytes[..common] == text[..common] {
                return if common == text.len() {
                    kind
                } else {
                    Self::NeedMore
                };
            }
        }
        match *bytes {
            [20..=24] => Self::NeedMore,
            [20..=24, 3, ..] => Self::Tls,
            _ => Self::classify_ssl_v2(bytes),
        }
    }

    /// SSLv2: two bytes of length with the top bit set, message type 1, version 0.2 or 3.x.
    fn classify_ssl_v2(bytes: &[u8]) -> Self {
        match *bytes {
            [0x80..=0xff, _, 1, 0, 2, ..] | [0x80..=0xff, _, 1, 3, ..] => Self::SslV2,
            [0x80..=0xff] | [0x80..=0xff, _] | [0x80..=0xff, _, 1] | [0x80..=0xff, _, 1, 0] => {
                Self::NeedMore
            }
            _ => Self::Junk,
        }
    }

    /// The alert that such a peer can understand, if any.
    #[must_use]
    pub const fn alert(self) -> Option<AlertDescription> {
        match self {
            Self::SslV2 => Some(AlertDescription::ProtocolVersion),
            // What OpenSSL 3.5 answers to a line of text.
            Self::Junk => Some(AlertDescription::RecordOverflow),
            Self::NeedMore | Self::Tls | Self::Http | Self::Ssh | Self::ProxyProtocol => None,
        }
    }
}

impl fmt::Display for FirstBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NeedMore => "too few bytes to tell",
            Self::Tls => "TLS",
            Self::Http => "plain HTTP",
            Self::SslV2 => "SSLv2",
            Self::Ssh => "SSH",
            Self::ProxyProtocol => "the PROXY protocol",
            Self::Junk => "something unknown",
        })
    }
}

/// The first line of `bytes`, cut at [`MAX_FIRST_LINE`] and escaped to printable ASCII.
pub(crate) fn first_line(bytes: &[u8]) -> String {
    let bounded = &bytes[..bytes.len().min(MAX_FIRST_LINE)];
    let line = bounded
        .split(|&byte| matches!(byte, b'\r' | b'\n'))
        .next()
        .unwrap_or_default();
    line.escape_ascii().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_beginnings_are_told_apart() {
        for (bytes, expected) in [
            (&b"\x16\x03\x01\x02\x00"[..], FirstBytes::Tls),
            (b"\x15\x03\x03\x00\x02", FirstBytes::Tls),
            (b"GET / HTTP/1.1\r\n", FirstBytes::Http),
            (b"PRI * HTTP/2.0\r\n", FirstBytes::Http),
            (b"PROPFIND / HTTP/1.1", FirstBytes::Http),
            (b"SSH-2.0-OpenSSH_9.6\r\n", FirstBytes::Ssh),
            (b"PROXY TCP4 10.0.0.1", FirstBytes::ProxyProtocol),
            (b"\r\n\r\n\0\r\nQUIT\n", FirstBytes::ProxyProtocol),
            (b"\x80\x2e\x01\x00\x02", FirstBytes::SslV2),
            (b"\x80\x67\x01\x03\x01", FirstBytes::SslV2),
            (b"\x16\x02\x00\x00\x00", FirstBytes::Junk),
            (b"\x00\x00\x00\x00\x00", FirstBytes::Junk),
            (b"EHLO mail\r\n", FirstBytes::Junk),
            (b"", FirstBytes::NeedMore),
        ] {
            assert_eq!(
                FirstBytes::classify(bytes),
                expected,
                "{}",
                bytes.escape_ascii()
            );
        }
    }

    #[test]
    fn five_bytes_always_decide_and_more_never_change_the_answer() {
        let mut state = 1u64;
        for _ in 0..20_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let bytes = state.to_be_bytes();
            let decided = FirstBytes::classify(&bytes[..5]);
            assert_ne!(decided, FirstBytes::NeedMore);
            assert_eq!(FirstBytes::classify(&bytes), decided);
        }
        for (text, kind) in TEXTS {
            for cut in 0..text.len() {
                assert_eq!(FirstBytes::classify(&text[..cut]), FirstBytes::NeedMore);
            }
            assert_eq!(FirstBytes::classify(text), kind);
        }
    }

    #[test]
    fn first_line_is_bounded_and_escaped() {
        assert_eq!(
            first_line(b"GET /\x1b[31m HTTP/1.1\r\nHost: a"),
            r"GET /\x1b[31m HTTP/1.1"
        );
        assert_eq!(first_line(&[b'a'; 4096]).len(), MAX_FIRST_LINE);
        assert_eq!(first_line(b""), "");
    }
}

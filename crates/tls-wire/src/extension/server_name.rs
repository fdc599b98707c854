//! `server_name` (RFC 6066, Section 3), judged and normalised as rustls does.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::error::Error;
use crate::limits::MAX_HOST_NAME;
use crate::reader::Reader;
use crate::writer::Writer;

/// The only name type there is.
const HOST_NAME: u8 = 0;

/// A label is at most 63 bytes, a name 253 in its text form (RFC 1035, Section 2.3.4).
const MAX_LABEL: usize = 63;
const MAX_NAME: usize = 253;

/// What a client says the server is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerName<'a> {
    /// A DNS name as it was sent, checked to be one.
    Dns(&'a str),
    /// The text of an IP address, which RFC 6066 forbids. Some clients send it; it counts as no
    /// name.
    IpAddress,
}

impl<'a> ServerName<'a> {
    /// The name as it is compared: lower case, one trailing dot off; `None` for an address.
    #[must_use]
    pub fn normalized(self) -> Option<Cow<'a, str>> {
        let Self::Dns(name) = self else {
            return None;
        };
        let name = name.strip_suffix('.').unwrap_or(name);
        Some(if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(name.to_ascii_lowercase())
        } else {
            Cow::Borrowed(name)
        })
    }

    fn from_host_name(name: &'a [u8]) -> Result<Self, Error> {
        let illegal = Error::IllegalValue {
            field: "server_name",
        };
        let Ok(text) = str::from_utf8(name) else {
            return Err(illegal);
        };
        if is_dns_name(name) {
            Ok(Self::Dns(text))
        } else if text.parse::<Ipv4Addr>().is_ok() || text.parse::<Ipv6Addr>().is_ok() {
            Ok(Self::IpAddress)
        } else {
            Err(illegal)
        }
    }
}

/// Reads the body in a ClientHello.
///
/// What follows a name of unknown type cannot be told apart and is left unread.
///
/// # Errors
///
/// [`Error::Truncated`], [`Error::BadLength`], [`Error::TrailingBytes`];
/// [`Error::IllegalValue`] for two host names, none, or one that is neither a DNS name nor an IP
/// address.
pub fn parse(body: &[u8]) -> Result<ServerName<'_>, Error> {
    let mut reader = Reader::new(body, "server_name");
    let list = reader.vec16("server_name_list", 1..=usize::from(u16::MAX))?;
    reader.finish()?;
    let mut names = Reader::new(list, "server_name_list");
    let mut found = None;
    while !names.is_empty() {
        if names.u8()? != HOST_NAME {
            break;
        }
        let name = names.vec16("host_name", 1..=usize::from(u16::MAX))?;
        if found.is_some() || name.len() > MAX_HOST_NAME {
            return Err(Error::IllegalValue {
                field: "server_name",
            });
        }
        found = Some(ServerName::from_host_name(name)?);
    }
    found.ok_or(Error::IllegalValue {
        field: "server_name",
    })
}

/// Writes the body in a ClientHello.
pub fn write(writer: &mut Writer, host_name: &str) {
    writer.vec16(|list| {
        list.u8(HOST_NAME);
        list.vec16(|name| name.put(host_name.as_bytes()));
    });
}

/// Letters, digits, `-` and `_` in labels of 1 to 63 bytes that neither start nor end with `-`;
/// one trailing dot may stand; the last label is no number, decimal or hexadecimal, since such
/// a name could be taken for an address.
fn is_dns_name(name: &[u8]) -> bool {
    if name.is_empty() || name.len() > MAX_NAME {
        return false;
    }
    let name = name.strip_suffix(b".").unwrap_or(name);
    let mut last = &[][..];
    for label in name.split(|&byte| byte == b'.') {
        if !is_label(label) {
            return false;
        }
        last = label;
    }
    !is_number(last)
}

fn is_label(label: &[u8]) -> bool {
    matches!(label.len(), 1..=MAX_LABEL)
        && label
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && label.first() != Some(&b'-')
        && label.last() != Some(&b'-')
}

fn is_number(label: &[u8]) -> bool {
    match label {
        [b'0', b'x' | b'X', hex @ ..] => hex.iter().all(u8::is_ascii_hexdigit),
        decimal => decimal.iter().all(u8::is_ascii_digit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(host_name: &str) -> Vec<u8> {
        let mut writer = Writer::new();
        write(&mut writer, host_name);
        writer.finish("server_name").unwrap()
    }

    fn normalized(host_name: &str) -> Result<Option<String>, &'static str> {
        parse(&body(host_name))
            .map(|name| name.normalized().map(Cow::into_owned))
            .map_err(|error| error.code())
    }

    /// Lower case, one trailing dot off, and an IP literal counts as none.
    #[test]
    fn a_name_is_normalised_as_rustls_does() {
        for (sent, expected) in [
            ("example.com", Ok(Some("example.com"))),
            ("Example.COM", Ok(Some("example.com"))),
            ("example.com.", Ok(Some("example.com"))),
            ("localhost", Ok(Some("localhost"))),
            ("_dmarc.a-b.example", Ok(Some("_dmarc.a-b.example"))),
            ("192.0.2.7", Ok(None)),
            ("2001:db8::1", Ok(None)),
            ("example.com..", Err("illegal_value")),
            (".", Err("illegal_value")),
            (".example", Err("illegal_value")),
            ("-a.example", Err("illegal_value")),
            ("a-.example", Err("illegal_value")),
            ("a b", Err("illegal_value")),
            ("münchen.example", Err("illegal_value")),
            ("example.123", Err("illegal_value")),
            ("example.0x1f", Err("illegal_value")),
            ("[::1]", Err("illegal_value")),
        ] {
            let expected = expected.map(|name| name.map(str::to_owned));
            assert_eq!(normalized(sent), expected, "{sent}");
        }
    }

    #[test]
    fn lengths_of_labels_and_names_are_bounded() {
        assert!(normalized(&format!("{}.example", "a".repeat(63))).is_ok());
        assert!(normalized(&format!("{}.example", "a".repeat(64))).is_err());
        assert!(normalized(&"a.".repeat(126)).is_ok());
        assert!(normalized(&"a.".repeat(127)).is_err());
    }

    #[test]
    fn exactly_one_host_name_is_taken() {
        let two = [&[0, 8][..], &[0, 0, 1, b'a'], &[0, 0, 1, b'b']].concat();
        assert_eq!(
            parse(&two),
            Err(Error::IllegalValue {
                field: "server_name"
            })
        );
        let other_type = [0, 3, 7, 9, 9];
        assert_eq!(
            parse(&other_type),
            Err(Error::IllegalValue {
                field: "server_name"
            })
        );
        let behind_it = [0, 6, 0, 0, 1, b'a', 7, 9];
        assert_eq!(parse(&behind_it), Ok(ServerName::Dns("a")));
        assert_eq!(parse(&[0, 0]).map_err(|e| e.code()), Err("bad_length"));
        assert_eq!(
            parse(&[0, 3, 0, 0, 0]).map_err(|e| e.code()),
            Err("bad_length")
        );
    }
}

//! JA4, the TLS client fingerprint of FoxIO (BSD-3-Clause for JA4 itself).
//!
//! `t13d1516h2_8daaf6152771_e5627efa2ab1`: transport, version, whether a server name was sent,
//! number of suites, number of extensions, first and last character of the first ALPN name; then
//! the sorted suites, hashed; then the sorted extensions and the signature schemes, hashed. GREASE
//! counts nowhere. A fingerprint tells kinds of clients apart; it proves nothing about one.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::client_hello::ClientHelloView;
use crate::extension::ExtensionType;
use crate::protocol_version::ProtocolVersion;
use crate::signature_scheme::SignatureScheme;

/// What carries the hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// TLS on TCP: `t`.
    Tcp,
    /// QUIC: `q`.
    Quic,
    /// DTLS: `d`.
    Dtls,
}

impl Transport {
    const fn letter(self) -> char {
        match self {
            Self::Tcp => 't',
            Self::Quic => 'q',
            Self::Dtls => 'd',
        }
    }
}

/// The fingerprint with hashed lists.
#[must_use]
pub fn fingerprint(hello: &ClientHelloView<'_>, transport: Transport) -> String {
    let lists = Lists::of(hello);
    let [suites, extensions] =
        [&lists.suites, &lists.extensions_and_schemes()].map(|list| hash(list));
    format!("{}_{suites}_{extensions}", lists.summary(hello, transport))
}

/// The fingerprint with the lists themselves, known as `JA4_r`.
#[must_use]
pub fn raw_fingerprint(hello: &ClientHelloView<'_>, transport: Transport) -> String {
    let lists = Lists::of(hello);
    let summary = lists.summary(hello, transport);
    format!(
        "{summary}_{}_{}",
        lists.suites,
        lists.extensions_and_schemes()
    )
}

/// The parts of a fingerprint, in comma-separated hex.
struct Lists {
    suites: String,
    suite_count: usize,
    /// Sorted, without `server_name` and ALPN.
    extensions: String,
    /// All but GREASE, with `server_name` and ALPN.
    extension_count: usize,
    /// In the order of the hello.
    schemes: String,
}

impl Lists {
    fn of(hello: &ClientHelloView<'_>) -> Self {
        let mut suites: Vec<u16> = hello
            .cipher_suites()
            .filter(|suite| !suite.is_grease())
            .map(|suite| suite.0)
            .collect();
        suites.sort_unstable();
        let mut types: Vec<ExtensionType> = hello
            .extensions()
            .map(|extension| extension.extension_type)
            .filter(|extension_type| !extension_type.is_grease())
            .collect();
        let extension_count = types.len();
        types.retain(|&known| known != ExtensionType::SERVER_NAME && known != ExtensionType::ALPN);
        types.sort_unstable();
        let schemes = hello
            .signature_schemes()
            .filter(|scheme| !scheme.is_grease());
        Self {
            suite_count: suites.len(),
            suites: hex_list(suites.into_iter()),
            extensions: hex_list(types.into_iter().map(u16::from)),
            extension_count,
            schemes: hex_list(schemes.map(|SignatureScheme(number)| number)),
        }
    }

    /// The part before the first underscore.
    fn summary(&self, hello: &ClientHelloView<'_>, transport: Transport) -> String {
        let name = match hello.extension(ExtensionType::SERVER_NAME) {
            Some(_) => 'd',
            None => 'i',
        };
        let [first, last] = alpn_characters(hello.alpn_protocols().next());
        format!(
            "{}{}{name}{:02}{:02}{first}{last}",
            transport.letter(),
            version(hello),
            self.suite_count.min(99),
            self.extension_count.min(99),
        )
    }

    fn extensions_and_schemes(&self) -> String {
        if self.schemes.is_empty() {
            return self.extensions.clone();
        }
        format!("{}_{}", self.extensions, self.schemes)
    }
}

/// The highest version offered, in two characters.
fn version(hello: &ClientHelloView<'_>) -> &'static str {
    let highest = hello
        .supported_versions()
        .filter(|version| !crate::cipher_suite::is_grease(version.number()))
        .max_by_key(|version| version.number());
    match highest {
        Some(ProtocolVersion::Tls13) => "13",
        Some(ProtocolVersion::Tls12) => "12",
        Some(ProtocolVersion::Tls11) => "11",
        Some(ProtocolVersion::Tls10) => "10",
        Some(ProtocolVersion::Ssl3) => "s3",
        Some(ProtocolVersion::Unknown(0x0002)) => "s2",
        Some(ProtocolVersion::Unknown(0xfeff)) => "d1",
        Some(ProtocolVersion::Unknown(0xfefd)) => "d2",
        Some(ProtocolVersion::Unknown(0xfefc)) => "d3",
        _ => "00",
    }
}

/// First and last character of the first protocol name; where either is not alphanumeric ASCII,
/// the first and last digit of the whole name in hex; `00` without a name.
fn alpn_characters(name: Option<&[u8]>) -> [char; 2] {
    let Some((&first, &last)) = name.and_then(|name| name.first().zip(name.last())) else {
        return ['0', '0'];
    };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [first, last].map(char::from);
    }
    [hex_digit(first >> 4), hex_digit(last & 0x0f)]
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).unwrap_or('0')
}

fn hex_list(numbers: impl Iterator<Item = u16>) -> String {
    let mut list = String::new();
    for number in numbers {
        let comma = if list.is_empty() { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(list, "{comma}{number:04x}");
    }
    list
}

/// The first twelve hex digits of SHA-256; zeros for an empty list.
fn hash(list: &str) -> String {
    if list.is_empty() {
        return "000000000000".to_owned();
    }
    let digest = Sha256::digest(list.as_bytes());
    digest
        .iter()
        .take(6)
        .fold(String::with_capacity(12), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests;

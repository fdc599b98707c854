//! How versions, suites, groups, times and a peer's text are shown to people.

use std::fmt;

use tls::rustls::pki_types::UnixTime;
use tls::rustls::{NamedGroup, ProtocolVersion};
use tls::wire;

/// `TLS 1.3`.
pub(crate) fn version(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_2 => "TLS 1.2",
        ProtocolVersion::TLSv1_3 => "TLS 1.3",
        _ => "TLS",
    }
}

/// The versions of a context, lowest first: `TLS 1.2`, `1.3`.
pub(crate) fn versions(context: &tls::context::SecureContext) -> Vec<&'static str> {
    let mut names: Vec<_> = context
        .versions()
        .iter()
        .map(|v| version(v.version))
        .collect();
    names.sort_unstable();
    names
        .iter()
        .enumerate()
        .map(|(i, name)| {
            if i == 0 {
                name
            } else {
                name.trim_start_matches("TLS ")
            }
        })
        .collect()
}

/// `TLSv1.3`, as Node says it.
pub(crate) fn node_version(version: ProtocolVersion) -> String {
    wire::ProtocolVersion::from(u16::from(version)).to_string()
}

/// IANA's name of a suite.
pub(crate) fn suite(suite: wire::CipherSuite) -> String {
    let name = suite.iana_name();
    name.map_or_else(|| format!("0x{:04x}", suite.0), str::to_owned)
}

/// The name of a group under which people know it.
pub(crate) fn group(group: NamedGroup) -> String {
    wire_group(u16::from(group))
}

/// The same by number, as it stands in a hello.
pub(crate) fn wire_group(number: u16) -> String {
    match wire::NamedGroup(number) {
        wire::NamedGroup::SECP256R1 => "P-256".to_owned(),
        wire::NamedGroup::SECP384R1 => "P-384".to_owned(),
        wire::NamedGroup::SECP521R1 => "P-521".to_owned(),
        wire::NamedGroup::X25519 => "X25519".to_owned(),
        other => other
            .iana_name()
            .map_or_else(|| format!("0x{number:04x}"), str::to_owned),
    }
}

/// Whole days from now to `end` (seconds since 1970); negative after it.
pub(crate) fn days_until(end: i64) -> i64 {
    (end - jiff::Timestamp::now().as_second()).div_euclid(86_400)
}

/// `valid 89 days`, or since when not.
pub(crate) fn validity(not_after: i64) -> String {
    match days_until(not_after) {
        days @ ..=-1 => format!("EXPIRED {} days ago", -days),
        0 => "valid until today".to_owned(),
        1 => "valid 1 day".to_owned(),
        days => format!("valid {days} days"),
    }
}

/// Seconds since 1970 in RFC 3339; `None` beyond the year 9999.
pub(crate) fn rfc3339(seconds: i64) -> Option<String> {
    let time = jiff::Timestamp::from_second(seconds).ok()?;
    Some(time.to_string())
}

/// The same of a time of rustls.
pub(crate) fn time(time: UnixTime) -> Option<String> {
    rfc3339(i64::try_from(time.as_secs()).ok()?)
}

/// The time of day at this place.
pub(crate) fn time_of_day() -> String {
    jiff::ZonedDateTime::now().strftime("%H:%M:%S").to_string()
}

/// Text of a peer without what a terminal would obey.
pub(crate) struct Printable<'a>(pub(crate) &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_obeyed = |c: char| {
            c.is_control()
                || ('\u{202a}'..='\u{202e}').contains(&c)
                || ('\u{2066}'..='\u{2069}').contains(&c)
        };
        for c in self.0.chars() {
            if is_obeyed(c) {
                write!(f, "{}", c.escape_default())?;
            } else {
                fmt::Write::write_char(f, c)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_the_names_that_people_use() {
        assert_eq!(group(NamedGroup::X25519MLKEM768), "X25519MLKEM768");
        assert_eq!(group(NamedGroup::secp256r1), "P-256");
        assert_eq!(wire_group(0xfafa), "0xfafa");
    }

    #[test]
    fn a_terminal_obeys_nothing_of_a_peer() {
        let text = Printable("a\u{1b}[2Jb\n\u{202e}c é").to_string();
        assert_eq!(text, "a\\u{1b}[2Jb\\n\\u{202e}c é");
    }

    #[test]
    fn an_end_is_told_in_days() {
        let now = jiff::Timestamp::now().as_second();
        assert_eq!(validity(now + 86_400 * 89 + 3600), "valid 89 days");
        assert_eq!(validity(now + 3600), "valid until today");
        assert_eq!(validity(now - 86_400 * 3 + 3600), "EXPIRED 3 days ago");
    }
}

//! Distinguished names as one readable line.

use std::fmt::Write;

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Encode, Tag, Tagged};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::Name;

use crate::displayed_text::{MAX_DISPLAYED, is_deceptive};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// Short names of RFC 4514, Section 3, and the others that certificates carry.
const SHORT_NAMES: &[(ObjectIdentifier, &str)] = &[
    (COMMON_NAME, "CN"),
    (ObjectIdentifier::new_unwrap("2.5.4.4"), "SN"),
    (ObjectIdentifier::new_unwrap("2.5.4.5"), "serialNumber"),
    (ObjectIdentifier::new_unwrap("2.5.4.6"), "C"),
    (ObjectIdentifier::new_unwrap("2.5.4.7"), "L"),
    (ObjectIdentifier::new_unwrap("2.5.4.8"), "ST"),
    (ObjectIdentifier::new_unwrap("2.5.4.9"), "STREET"),
    (ObjectIdentifier::new_unwrap("2.5.4.10"), "O"),
    (ObjectIdentifier::new_unwrap("2.5.4.11"), "OU"),
    (ObjectIdentifier::new_unwrap("2.5.4.12"), "title"),
    (ObjectIdentifier::new_unwrap("2.5.4.42"), "GN"),
    (
        ObjectIdentifier::new_unwrap("2.5.4.97"),
        "organizationIdentifier",
    ),
    (
        ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.1"),
        "UID",
    ),
    (
        ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.25"),
        "DC",
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1"),
        "emailAddress",
    ),
];

/// The name as one line, most specific part first as in RFC 4514 (`CN=…, O=…, C=…`),
/// escaped and bounded.
pub(crate) fn one_line(name: &Name) -> String {
    let parts: Vec<_> = name.iter_rdn().collect();
    let mut line = String::new();
    for rdn in parts.into_iter().rev() {
        for (index, attribute) in rdn.iter().enumerate() {
            if !line.is_empty() {
                line.push_str(if index == 0 { ", " } else { "+" });
            }
            push_attribute(&mut line, attribute);
            if line.chars().count() > MAX_DISPLAYED {
                line = line.chars().take(MAX_DISPLAYED).collect();
                line.push('…');
                return line;
            }
        }
    }
    line
}

/// The same of a name's content, without the SEQUENCE header; empty if it cannot be read.
pub(crate) fn one_line_of_content(content: &[u8]) -> String {
    let name = AnyRef::new(Tag::Sequence, content)
        .and_then(|any| any.to_der())
        .and_then(|der| Name::from_der(&der));
    name.map_or_else(|_| String::new(), |name| one_line(&name))
}

/// The name as RFC 2253 has it, unbounded: most specific part first, commas without blanks.
pub(crate) fn rfc2253(name: &Name) -> String {
    let parts: Vec<_> = name.iter_rdn().collect();
    let mut line = String::new();
    for rdn in parts.into_iter().rev() {
        for (index, attribute) in rdn.iter().enumerate() {
            if !line.is_empty() {
                line.push_str(if index == 0 { "," } else { "+" });
            }
            push_attribute(&mut line, attribute);
        }
    }
    line
}

/// Every common name, as the certificate has them (unescaped).
pub(crate) fn common_names(name: &Name) -> Vec<String> {
    name.iter()
        .filter(|attribute| attribute.oid == COMMON_NAME)
        .filter_map(text)
        .collect()
}

/// The last common name, as the certificate has it (unescaped).
pub(crate) fn common_name(name: &Name) -> Option<String> {
    name.iter()
        .filter(|attribute| attribute.oid == COMMON_NAME)
        .last()
        .and_then(text)
}

fn push_attribute(line: &mut String, attribute: &AttributeTypeAndValue) {
    match SHORT_NAMES.iter().find(|(oid, _)| *oid == attribute.oid) {
        Some((_, short)) => line.push_str(short),
        None => _ = write!(line, "{}", attribute.oid),
    }
    line.push('=');
    match text(attribute) {
        Some(value) => push_escaped(line, &value),
        None => push_hex(line, attribute.value.value()),
    }
}

/// The value of any of the string types that occur.
fn text(attribute: &AttributeTypeAndValue) -> Option<String> {
    let bytes = attribute.value.value();
    match attribute.value.tag() {
        Tag::Utf8String
        | Tag::PrintableString
        | Tag::Ia5String
        | Tag::NumericString
        | Tag::VisibleString => std::str::from_utf8(bytes).ok().map(str::to_owned),
        // T.61 in name only: what is out there is Latin-1.
        Tag::TeletexString => Some(bytes.iter().map(|&b| char::from(b)).collect()),
        Tag::BmpString if bytes.len().is_multiple_of(2) => {
            let units: Vec<u16> = bytes
                .chunks_exact(2)
                .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
                .collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    }
}

/// RFC 4514, Section 2.4, and no control characters.
fn push_escaped(line: &mut String, value: &str) {
    let last = value.chars().count().saturating_sub(1);
    for (index, c) in value.chars().take(MAX_DISPLAYED + 1).enumerate() {
        match c {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => line.extend(['\\', c]),
            '#' if index == 0 => line.push_str("\\#"),
            ' ' if index == 0 || index == last => line.push_str("\\ "),
            c if is_deceptive(c) => line.extend(c.escape_unicode()),
            c => line.push(c),
        }
    }
}

fn push_hex(line: &mut String, bytes: &[u8]) {
    line.push('#');
    for byte in bytes.iter().take(MAX_DISPLAYED / 2) {
        _ = write!(line, "{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    #[test]
    fn the_most_specific_part_comes_first() {
        let name = Name::from_str("CN=www.example.org,O=Example\\, Inc.,C=CH").unwrap();
        assert_eq!(
            one_line(&name),
            "CN=www.example.org, O=Example\\, Inc., C=CH"
        );
        assert_eq!(common_name(&name).as_deref(), Some("www.example.org"));
    }

    #[test]
    fn a_name_of_any_length_stays_bounded() {
        let name = Name::from_str(&format!("CN={}", "x".repeat(5_000))).unwrap();
        assert_eq!(one_line(&name).chars().count(), MAX_DISPLAYED + 1);
    }
}

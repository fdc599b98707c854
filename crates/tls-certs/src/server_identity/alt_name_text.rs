//! Subject alternative names as Node writes them on one line, and the way back.

use std::fmt::Write;
use std::net::Ipv4Addr;

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Reader, SliceReader, Tag, Tagged};
use x509_cert::TbsCertificate;
use x509_cert::name::Name;

use super::ServerIdentityError;
use crate::certificate::distinguished_name::rfc2253;

const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// Other names that have a text, and whether it is UTF-8 (else IA5, one byte a character).
const OTHER_NAMES: [(ObjectIdentifier, &str, bool); 5] = [
    (
        ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.8.9"),
        "SmtpUTF8Mailbox",
        true,
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.8.5"),
        "XmppAddr",
        true,
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.8.7"),
        "SRVName",
        false,
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.20.2.3"),
        "UPN",
        true,
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.8.8"),
        "NAIRealm",
        true,
    ),
];

/// The line for a certificate; `None` without the extension, or if it cannot be read.
pub(super) fn of(certificate: &TbsCertificate) -> Option<String> {
    let extensions = certificate.extensions().into_iter().flatten();
    let mut found = extensions.filter(|extension| extension.extn_id == SUBJECT_ALT_NAME);
    let names = AnyRef::from_der(found.next()?.extn_value.as_bytes()).ok()?;
    let mut reader = SliceReader::new(names.value()).ok()?;
    let mut line = String::new();
    while !reader.is_finished() {
        let name = AnyRef::decode(&mut reader).ok()?;
        if !line.is_empty() {
            line.push_str(", ");
        }
        push_name(&mut line, name);
    }
    Some(line)
}

fn push_name(line: &mut String, name: AnyRef<'_>) {
    let Tag::ContextSpecific { number, .. } = name.tag() else {
        return;
    };
    let bytes = name.value();
    match number.value() {
        0 => push_other_name(line, bytes),
        1 => push_value(line, "email:", "", bytes, false),
        2 => push_value(line, "DNS:", "", bytes, false),
        3 => line.push_str("X400Name:<unsupported>"),
        4 => push_value(line, "DirName:", "", directory_name(bytes).as_bytes(), true),
        5 => line.push_str("EdiPartyName:<unsupported>"),
        6 => push_value(line, "URI:", "", bytes, false),
        7 => push_ip(line, bytes),
        8 => match ObjectIdentifier::from_bytes(bytes) {
            Ok(id) => _ = write!(line, "Registered ID:{id}"),
            Err(_) => line.push_str("Registered ID:<invalid>"),
        },
        _ => {}
    }
}

fn push_other_name(line: &mut String, bytes: &[u8]) {
    let parts = SliceReader::new(bytes).ok().and_then(|mut reader| {
        let id = ObjectIdentifier::decode(&mut reader).ok()?;
        let value = AnyRef::decode(&mut reader).ok()?;
        let text = AnyRef::from_der(value.value()).ok()?;
        let known = OTHER_NAMES.iter().find(|(known, ..)| *known == id)?;
        let fits = match known.2 {
            true => text.tag() == Tag::Utf8String,
            false => text.tag() == Tag::Ia5String,
        };
        fits.then(|| (known.1, text.value().to_vec(), known.2))
    });
    match parts {
        Some((kind, value, utf8)) => {
            push_value(line, "othername:", &format!("{kind}:"), &value, utf8);
        }
        None => line.push_str("othername:<unsupported>"),
    }
}

fn push_ip(line: &mut String, bytes: &[u8]) {
    line.push_str("IP Address:");
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        _ = write!(line, "{}", Ipv4Addr::from(v4));
    } else if bytes.len() == 16 {
        for (index, pair) in bytes.chunks_exact(2).enumerate() {
            let separator = if index > 0 { ":" } else { "" };
            _ = write!(
                line,
                "{separator}{:X}",
                u16::from_be_bytes([pair[0], pair[1]])
            );
        }
    } else {
        _ = write!(line, "<invalid length={}>", bytes.len());
    }
}

fn directory_name(bytes: &[u8]) -> String {
    let name = Name::from_der(bytes);
    name.map_or_else(|_| String::new(), |name| rfc2253(&name))
}

/// A value, as a JSON string if it could be mistaken for more than one.
fn push_value(line: &mut String, kind: &str, prefix: &str, bytes: &[u8], utf8: bool) {
    line.push_str(kind);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) if utf8 => text.to_owned(),
        // One byte, one character: Latin-1.
        _ => bytes.iter().map(|&b| char::from(b)).collect(),
    };
    let is_safe = |c: char| match c {
        '"' | '\\' | ',' | '\'' => false,
        c if c.is_ascii() => (' '..='~').contains(&c),
        _ => utf8,
    };
    if text.chars().all(is_safe) {
        line.push_str(prefix);
        line.push_str(&text);
        return;
    }
    line.push('"');
    line.push_str(prefix);
    for c in text.chars() {
        match c {
            '"' | '\\' => line.extend(['\\', c]),
            ',' => line.push_str("\\u002c"),
            c if (' '..='~').contains(&c) || (utf8 && !c.is_ascii()) => line.push(c),
            c => _ = write!(line, "\\u{:04x}", u32::from(c)),
        }
    }
    line.push('"');
}

/// Splits the line again, JSON strings put back (Spec IDN-10).
pub(super) fn split_alt_names(line: &str) -> Result<Vec<String>, ServerIdentityError> {
    if !line.contains('"') {
        return Ok(line.split(", ").map(str::to_owned).collect());
    }
    let (mut names, mut name, mut rest) = (Vec::new(), String::new(), line);
    while let Some(position) = rest.find([',', '"']) {
        name.push_str(&rest[..position]);
        rest = &rest[position..];
        if let Some(quoted) = rest.strip_prefix('"') {
            rest = read_json_string(quoted, &mut name)?;
        } else {
            names.push(std::mem::take(&mut name));
            // A comma and a blank.
            let mut after = rest.chars();
            _ = (after.next(), after.next());
            rest = after.as_str();
        }
    }
    name.push_str(rest);
    names.push(name);
    Ok(names)
}

/// Reads up to the closing quote; answers with what follows it.
fn read_json_string<'a>(text: &'a str, value: &mut String) -> Result<&'a str, ServerIdentityError> {
    const BAD: ServerIdentityError = ServerIdentityError::AltNameFormat;
    let mut units: Vec<u16> = Vec::new();
    let mut chars = text.chars();
    loop {
        match chars.next().ok_or(BAD)? {
            '"' => break,
            '\\' => units.push(match chars.next().ok_or(BAD)? {
                c @ ('"' | '\\' | '/') => u16::try_from(u32::from(c)).map_err(|_| BAD)?,
                'b' => 8,
                'f' => 12,
                'n' => 10,
                'r' => 13,
                't' => 9,
                'u' => {
                    let digits = chars.as_str().get(..4).ok_or(BAD)?;
                    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                        return Err(BAD);
                    }
                    chars = chars.as_str()[4..].chars();
                    u16::from_str_radix(digits, 16).map_err(|_| BAD)?
                }
                _ => return Err(BAD),
            }),
            c if c < ' ' => return Err(BAD),
            c => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
        }
    }
    value.push_str(&String::from_utf16_lossy(&units));
    Ok(chars.as_str())
}

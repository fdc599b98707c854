//! Key exchange groups by name, best first (`CIP-17`).

use rustls::crypto::{SupportedKxGroup, aws_lc_rs::ALL_KX_GROUPS};
use tls_certs::SecurityLevel;
use tls_wire::NamedGroup;

use crate::{
    Error,
    defaults::DEFAULT_GROUPS,
    unsupported,
    versions::{Version, VersionRange},
};

/// Reads a list of names with colons between them; `auto` is the default list. What is weaker than
/// the level is left out.
pub(crate) fn parse(
    list: &str,
    versions: VersionRange,
    level: SecurityLevel,
) -> Result<Vec<&'static dyn SupportedKxGroup>, Error> {
    let names = if list.eq_ignore_ascii_case("auto") {
        DEFAULT_GROUPS
    } else {
        list
    };
    let mut groups: Vec<&'static dyn SupportedKxGroup> = Vec::new();
    for name in names.split(':').map(str::trim) {
        let group = find(name)?;
        if !groups.iter().any(|known| known.name() == group.name()) {
            groups.push(group);
        }
    }
    groups.retain(|group| strength(NamedGroup(group.name().into())) >= level.bits());
    if groups.is_empty() {
        return Err(Error::NoGroupForLevel {
            list: list.to_owned(),
            level,
        });
    }
    let usable_in_tls12 =
        |group: &&dyn SupportedKxGroup| group.usable_for_version(rustls::ProtocolVersion::TLSv1_2);
    if !versions.contains(Version::Tls13) && !groups.iter().any(usable_in_tls12) {
        return Err(Error::NoGroupForVersions {
            list: list.to_owned(),
        });
    }
    Ok(groups)
}

/// By any of its names, in any letter case. What exists here is what the provider has, also what
/// is not in the default list.
fn find(name: &str) -> Result<&'static dyn SupportedKxGroup, Error> {
    let Ok(named) = NamedGroup::from_name(name) else {
        return Err(Error::UnknownGroup {
            name: name.to_owned(),
        });
    };
    ALL_KX_GROUPS
        .iter()
        .copied()
        .find(|group| u16::from(group.name()) == named.0)
        .ok_or_else(|| unsupported::group(named, name))
}

/// Bits of security against a computer of today (NIST SP 800-57, Part 1, Section 5.6.1; the
/// categories of FIPS 203), as OpenSSL counts them.
fn strength(group: NamedGroup) -> u32 {
    match group {
        NamedGroup::SECP384R1
        | NamedGroup::X25519MLKEM768
        | NamedGroup::SECP256R1MLKEM768
        | NamedGroup::MLKEM768 => 192,
        NamedGroup::MLKEM1024 => 256,
        _ => 128,
    }
}

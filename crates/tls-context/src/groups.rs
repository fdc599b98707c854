//! Key exchange groups by name, best first (`CIP-17`).

use rustls::crypto::{SupportedKxGroup, aws_lc_rs::ALL_KX_GROUPS};
use tls_wire::NamedGroup;

use crate::{
    Error,
    defaults::DEFAULT_GROUPS,
    unsupported,
    versions::{Version, VersionRange},
};

/// Reads a list of names with colons between them; `auto` is the default list.
pub(crate) fn parse(
    list: &str,
    versions: VersionRange,
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

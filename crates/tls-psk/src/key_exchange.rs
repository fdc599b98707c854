//! Key exchange groups, from the provider.

use rustls::crypto::{ActiveKeyExchange, CompletedKeyExchange, CryptoProvider, SupportedKxGroup};
use tls_wire::{NamedGroup, ProtocolVersion};

use crate::Error;

/// The provider's groups for one version, in its order.
pub(crate) fn groups(
    provider: &CryptoProvider,
    version: ProtocolVersion,
) -> impl Iterator<Item = &'static dyn SupportedKxGroup> + '_ {
    let version = rustls::ProtocolVersion::from(version.number());
    let groups = provider.kx_groups.iter().copied();
    groups.filter(move |group| group.usable_for_version(version))
}

/// The number of a group.
pub(crate) fn number(group: &dyn SupportedKxGroup) -> NamedGroup {
    NamedGroup(group.name().into())
}

/// Finds a group of the provider.
pub(crate) fn find(
    provider: &CryptoProvider,
    version: ProtocolVersion,
    group: NamedGroup,
) -> Option<&'static dyn SupportedKxGroup> {
    groups(provider, version).find(|it| number(*it) == group)
}

/// Makes a key pair.
pub(crate) fn start(group: &dyn SupportedKxGroup) -> Result<Box<dyn ActiveKeyExchange>, Error> {
    group.start().map_err(|_| Error::Provider {
        what: "a key exchange",
    })
}

/// A server's part in one go. A share that is no element of its group is the peer's fault: "If
/// this verification fails, the ... MUST abort" (RFC 8446, Section 4.2.8.2; Section 7.4.2).
pub(crate) fn answer(
    group: &dyn SupportedKxGroup,
    share: &[u8],
) -> Result<CompletedKeyExchange, Error> {
    group
        .start_and_complete(share)
        .map_err(|error| share_refused(&error))
}

/// What a failed completion means.
pub(crate) fn share_refused(error: &rustls::Error) -> Error {
    match error {
        rustls::Error::PeerMisbehaved(_) => Error::IllegalParameter {
            what: "a key share that is no element of its group",
        },
        _ => Error::Provider {
            what: "a key exchange",
        },
    }
}

/// Fills an array with randomness of the provider.
pub(crate) fn random<const N: usize>(provider: &CryptoProvider) -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    let filled = provider.secure_random.fill(&mut bytes);
    filled.map_err(|_| Error::Provider { what: "randomness" })?;
    Ok(bytes)
}

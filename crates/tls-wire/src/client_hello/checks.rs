//! Checks every extension of a ClientHello that has an accessor, so that accessors cannot fail.

use crate::error::Error;
use crate::extension::alpn::ProtocolNames;
use crate::extension::key_share::KeyShares;
use crate::extension::pre_shared_key::OfferedPsks;
use crate::extension::{
    Extension, ExtensionType, Extensions, cookie, early_data, extended_master_secret,
    psk_key_exchange_modes, renegotiation_info, server_name, signature_algorithms, status_request,
    supported_groups, supported_versions,
};

/// Checks the block of extensions, and each extension that is known.
pub(super) fn check_extensions(block: &[u8]) -> Result<(), Error> {
    Extensions::parse_client_hello(block)?.try_for_each(check_extension)
}

fn check_extension(extension: Extension<'_>) -> Result<(), Error> {
    let body = extension.body;
    match extension.extension_type {
        ExtensionType::SERVER_NAME => server_name::parse(body).map(drop),
        ExtensionType::STATUS_REQUEST => status_request::parse(body).map(drop),
        ExtensionType::SUPPORTED_GROUPS => supported_groups::parse(body).map(drop),
        ExtensionType::SIGNATURE_ALGORITHMS | ExtensionType::SIGNATURE_ALGORITHMS_CERT => {
            signature_algorithms::parse(body).map(drop)
        }
        ExtensionType::ALPN => ProtocolNames::parse(body).map(drop),
        ExtensionType::EXTENDED_MASTER_SECRET => extended_master_secret::parse(body),
        ExtensionType::PRE_SHARED_KEY => OfferedPsks::parse(body).map(drop),
        ExtensionType::EARLY_DATA => early_data::parse(body),
        ExtensionType::SUPPORTED_VERSIONS => supported_versions::parse(body).map(drop),
        ExtensionType::COOKIE => cookie::parse(body).map(drop),
        ExtensionType::PSK_KEY_EXCHANGE_MODES => psk_key_exchange_modes::parse(body).map(drop),
        ExtensionType::KEY_SHARE => KeyShares::parse(body).map(drop),
        ExtensionType::RENEGOTIATION_INFO => renegotiation_info::parse(body).map(drop),
        // `session_ticket` has no structure, and what has no accessor is nobody's business here.
        _ => Ok(()),
    }
}

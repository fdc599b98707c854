//! Pre-shared keys at both ends.

use tls::net::{AcceptorBuilder, ClientPsk, TlsConnector};
use tls::psk::{Error as PskError, ImportContext, ProtocolVersion, PskIdentity, PskKey, PskKeys};

use super::reloads::Reloads;
use crate::error::{Error, Result};
use crate::flags::{ConnectPskFlags, ServePskFlags};
use crate::secret::{Secret, credential};

/// Has a server take the keys of a file.
pub(super) fn serve(
    flags: &ServePskFlags,
    mut acceptor: AcceptorBuilder,
    reloads: &mut Reloads,
) -> Result<AcceptorBuilder> {
    let Some(file) = &flags.psk else {
        return Ok(acceptor);
    };
    let file = credential(file);
    let mut keys = PskKeys::watch_file(&file).map_err(Error::Psk)?;
    reloads.psk(&file, &keys);
    if let Some(context) = import_context(flags.psk_import.as_deref())? {
        keys = keys.imported_into(context);
    }
    acceptor = acceptor.psk(keys).psk_decoy(flags.psk_decoy);
    if let Some(hint) = &flags.psk_hint {
        acceptor = acceptor.psk_hint(hint);
    }
    Ok(acceptor)
}

/// Has a client use its key.
pub(super) fn connect(flags: &ConnectPskFlags, connector: TlsConnector) -> Result<TlsConnector> {
    let (Some(identity), Some(secret)) = (&flags.psk_identity, &flags.psk_key) else {
        return Ok(connector);
    };
    let identity = PskIdentity::new(identity).map_err(|error| refused(&error))?;
    let key = key(secret, &identity)?;
    let keys = match import_context(flags.psk_import.as_deref())? {
        Some(context) => context
            .import(&identity, &key)
            .map_err(|error| refused(&error))?,
        None => vec![ClientPsk { identity, key }],
    };
    Ok(connector
        .psk(keys)
        .psk_or_certificate(flags.psk_or_certificate))
}

/// Digits, or the line of this identity in a file.
fn key(secret: &Secret, identity: &PskIdentity) -> Result<PskKey> {
    let text = secret.text("--psk-key")?;
    let file = match (PskKey::from_hex(text.trim()), secret) {
        (Ok(key), _) => return Ok(key),
        (Err(_), Secret::File(file)) => file,
        (Err(error), _) => return Err(refused(&error)),
    };
    let keys = PskKeys::from_file(file).map_err(Error::Psk)?;
    let mut found = keys.find(identity, ProtocolVersion::Tls12).into_iter();
    found.next().ok_or_else(|| {
        Error::usage(
            format!("{} has no key of \"{identity}\"", file.display()),
            "write the identity as it stands in the file",
        )
    })
}

fn import_context(context: Option<&str>) -> Result<Option<ImportContext>> {
    context
        .map(ImportContext::new)
        .transpose()
        .map_err(|error| refused(&error))
}

fn refused(error: &PskError) -> Error {
    Error::usage(
        error.to_string(),
        "a key is hex digits of 16 bytes at least; `tls psk new` makes a line with one",
    )
}

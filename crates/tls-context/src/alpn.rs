//! Application protocols (ALPN, RFC 7301): checked names, best first, and the wire format.

use crate::{
    Error,
    defaults::{MAX_ALPN_LIST, MAX_ALPN_NAME},
};

/// Checks a list of names. An empty list is none (`ALP-01`).
pub(crate) fn check(protocols: &[Vec<u8>]) -> Result<(), Error> {
    for (index, name) in protocols.iter().enumerate() {
        match name.len() {
            0 => return Err(Error::AlpnNameEmpty { index }),
            1..=MAX_ALPN_NAME => {}
            length => return Err(Error::AlpnNameTooLong { index, length }),
        }
    }
    let length = protocols.iter().map(|name| name.len() + 1).sum();
    if length > MAX_ALPN_LIST {
        return Err(Error::AlpnListTooLong {
            length,
            max: MAX_ALPN_LIST,
        });
    }
    Ok(())
}

/// Puts names into the wire format: each behind one byte with its length (`MOD-11`).
///
/// # Errors
/// A name that is empty or longer than 255 bytes, or a list longer than [`MAX_ALPN_LIST`].
///
/// ```
/// let wire = tls_context::alpn_to_wire(["h2", "http/1.1"])?;
/// assert_eq!(wire, b"\x02h2\x08http/1.1");
/// # Ok::<(), tls_context::Error>(())
/// ```
#[doc(alias = "convertALPNProtocols")]
pub fn alpn_to_wire<P: AsRef<[u8]>>(
    protocols: impl IntoIterator<Item = P>,
) -> Result<Vec<u8>, Error> {
    let protocols: Vec<Vec<u8>> = protocols
        .into_iter()
        .map(|name| name.as_ref().to_vec())
        .collect();
    check(&protocols)?;
    let mut wire = Vec::new();
    for name in &protocols {
        // `check` holds a name below 256 bytes.
        wire.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        wire.extend_from_slice(name);
    }
    Ok(wire)
}

/// Reads names from the wire format, the other form that Node's `ALPNProtocols` takes (`ALP-01`).
///
/// # Errors
/// A name that goes past the end, an empty name, or a list longer than [`MAX_ALPN_LIST`].
///
/// ```
/// let names = tls_context::alpn_from_wire(b"\x02h2\x08http/1.1")?;
/// assert_eq!(names, [b"h2".to_vec(), b"http/1.1".to_vec()]);
/// # Ok::<(), tls_context::Error>(())
/// ```
pub fn alpn_from_wire(wire: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let mut protocols = Vec::new();
    let mut rest = wire;
    while let Some((&length, names)) = rest.split_first() {
        let offset = wire.len() - rest.len();
        let (name, after) = names
            .split_at_checked(usize::from(length))
            .ok_or(Error::AlpnWireFormat { offset })?;
        protocols.push(name.to_vec());
        rest = after;
    }
    check(&protocols)?;
    Ok(protocols)
}

//! HKDF-Expand-Label (RFC 8446, Section 7.1).

use hkdf::Hkdf;
use sha2::{Sha256, Sha384};
use tls_wire::HashAlgorithm;

/// `HKDF-Expand-Label(secret, label, context, out.len())` (RFC 8446, Section 7.1), for handshake
/// engines; `label` without its "tls13 ". Fills `out`; `None`, with `out` as it was, for lengths that
/// the label's vectors can't hold or HKDF can't make.
#[must_use = "without it `out` may not be filled"]
pub fn expand_label(
    hash: HashAlgorithm,
    secret: &[u8],
    label: &[u8],
    context: &[u8],
    out: &mut [u8],
) -> Option<()> {
    let length = u16::try_from(out.len()).ok()?.to_be_bytes();
    let prefix = b"tls13 ";
    let label_len = u8::try_from(prefix.len() + label.len()).ok()?;
    let context_len = u8::try_from(context.len()).ok()?;
    let info: [&[u8]; 6] = [
        &length,
        &[label_len],
        prefix,
        label,
        &[context_len],
        context,
    ];
    match hash {
        HashAlgorithm::Sha384 => Hkdf::<Sha384>::from_prk(secret)
            .ok()?
            .expand_multi_info(&info, out)
            .ok(),
        _ => Hkdf::<Sha256>::from_prk(secret)
            .ok()?
            .expand_multi_info(&info, out)
            .ok(),
    }
}

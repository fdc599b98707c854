//! Extensions that mean the same in both hellos.

use tls_wire::extension::renegotiation_info;
use tls_wire::reader::Reader;

use crate::Error;

/// `uncompressed`, the only point format that is left (RFC 8422, Section 5.1.2).
pub(super) const UNCOMPRESSED: u8 = 0;

/// "Clients ... MUST include ... uncompressed"; one that does not: "the server MUST abort ... with
/// an illegal_parameter alert" (RFC 8422, Section 5.1.2).
pub(super) fn check_point_formats(body: Option<&[u8]>) -> Result<(), Error> {
    let Some(body) = body else { return Ok(()) };
    let mut reader = Reader::new(body, "ec_point_formats");
    let formats = reader.vec8("ec_point_format_list", 1..=255)?;
    reader.finish()?;
    if !formats.contains(&UNCOMPRESSED) {
        let what = "point formats without the uncompressed one";
        return Err(Error::IllegalParameter { what });
    }
    Ok(())
}

/// Not empty in a first handshake: "MUST abort the handshake" (RFC 5746, Sections 3.4 and 3.6).
pub(super) fn check_renegotiation_info(body: Option<&[u8]>) -> Result<(), Error> {
    match body.map(renegotiation_info::parse).transpose()? {
        None | Some([]) => Ok(()),
        Some(_) => Err(Error::UnsafeRenegotiation),
    }
}

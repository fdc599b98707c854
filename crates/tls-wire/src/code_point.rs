//! How numbers of the IANA registries are shown.

use std::fmt;

use crate::cipher_suite::is_grease;

/// The name, or the number: marked where it is a GREASE value (RFC 8701).
pub(crate) fn write(f: &mut fmt::Formatter<'_>, name: Option<&str>, number: u16) -> fmt::Result {
    match name {
        Some(name) => f.write_str(name),
        None if is_grease(number) => write!(f, "GREASE {number:#06x}"),
        None => write!(f, "{number:#06x}"),
    }
}

//! Who may use a file with a secret.

use std::fs::Metadata;

/// The mode of a file that every user may use; `None` if not, or where files have no modes.
#[cfg(unix)]
pub(crate) fn open_to_everybody(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    (mode & 0o007 != 0).then_some(mode)
}

#[cfg(not(unix))]
pub(crate) fn open_to_everybody(_metadata: &Metadata) -> Option<u32> {
    None
}

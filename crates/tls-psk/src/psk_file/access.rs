//! Who else can read a file of keys.

use std::fs::Metadata;

use super::PskFileProblem;

/// Why a file of these properties should hold no keys.
#[cfg(unix)]
pub(super) fn problems(metadata: &Metadata) -> impl Iterator<Item = PskFileProblem> + use<> {
    use std::os::unix::fs::MetadataExt;

    let (mode, owner) = (metadata.mode() & 0o777, metadata.uid());
    // Pipes and devices have no useful mode: `/dev/stdin` and process substitution serve.
    let file = metadata.is_file();
    let own = owner == 0 || owner == rustix::process::geteuid().as_raw();
    let open = (file && mode & 0o077 != 0).then_some(PskFileProblem::OpenToOthers { mode });
    let foreign = (file && !own).then_some(PskFileProblem::ForeignOwner { owner });
    open.into_iter().chain(foreign)
}

#[cfg(not(unix))]
pub(super) fn problems(_metadata: &Metadata) -> impl Iterator<Item = PskFileProblem> + use<> {
    std::iter::empty()
}

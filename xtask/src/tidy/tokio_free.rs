//! The crates below the sockets do not depend on tokio, not even through others.

use super::Violation;
use crate::{Workspace, run};

/// These are usable with any runtime, or with none.
const TOKIO_FREE: &[&str] = &[
    "tls-wire",
    "tls-certs",
    "tls-session-store",
    "tls-record",
    "tls-context",
    "tls-psk",
];

pub(super) fn check(workspace: &Workspace) -> Result<Vec<Violation>, String> {
    let mut violations = Vec::new();
    for name in TOKIO_FREE {
        let mut cargo = workspace.cargo();
        cargo.args([
            "tree",
            "--quiet",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--package",
            name,
        ]);
        violations.extend(check_tree(name, &run::output(&mut cargo)?));
    }
    Ok(violations)
}

/// `tree` is a package with its version a line.
fn check_tree(name: &str, tree: &str) -> Option<Violation> {
    let has_tokio = tree
        .lines()
        .any(|line| line.split(' ').next() == Some("tokio"));
    has_tokio.then(|| {
        let hint = format!("depends on tokio: `cargo tree -p {name} -e normal -i tokio`");
        Violation::new(name, hint)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokio_anywhere_in_the_tree_is_found() {
        assert!(
            check_tree(
                "tls-wire",
                "tls-wire v0.1.0\nbytes v1.12.0\ntokio v1.54.1\n"
            )
            .is_some()
        );
    }

    #[test]
    fn other_names_with_tokio_in_them_do_not_count() {
        assert!(check_tree("tls-wire", "tls-wire v0.1.0 (/x/tokio)\nno-tokio v1.0.0\n").is_none());
    }
}

//! Nothing in the tree names the machine it was written on, or a package registry's host.

use super::Violation;

/// Directories of a particular machine or user.
const MACHINE_PATHS: &[&str] = &["/workspace/", "/root/", "/home/runner/", "/Users/"];

/// First labels of hosts that serve packages. Which registry a tool asks is its configuration.
const REGISTRY_LABELS: &[&str] = &[
    "registry.",
    "index.",
    "static.",
    "mirror.",
    "mirrors.",
    "deb.",
    "files.",
];

/// The lock file names the registry by its nature.
const EXEMPT: &[&str] = &["Cargo.lock"];

pub(super) fn check(path: &str, text: &str) -> Vec<Violation> {
    if EXEMPT.contains(&path) || path == "xtask/src/tidy/places.rs" {
        return Vec::new();
    }
    let mut violations = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(machine) = MACHINE_PATHS
            .iter()
            .find(|machine| names_path(line, machine))
        {
            let what = format!("a path of one machine: {machine}");
            violations.push(Violation::at_line(path, index + 1, what));
        }
        if names_registry(line) {
            violations.push(Violation::at_line(
                path,
                index + 1,
                "the host of a package registry",
            ));
        }
    }
    violations
}

/// Whether `line` has an absolute path that begins so: `net/workspace/` is a relative one.
fn names_path(line: &str, start: &str) -> bool {
    line.match_indices(start).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_-./~".contains(c))
    })
}

fn names_registry(line: &str) -> bool {
    line.match_indices("://").any(|(at, mark)| {
        let host = &line[at + mark.len()..];
        REGISTRY_LABELS.iter().any(|label| host.starts_with(label))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_machine_are_found() {
        assert_eq!(check("docs/a.md", "see /root/.cargo").len(), 1);
        assert_eq!(check("docs/a.md", "CARGO_TARGET_DIR=/workspace/x").len(), 1);
        assert_eq!(
            check(
                "docs/a.md",
                "src/net/workspace/x, ~/workspace/y, file.rs:/// root"
            ),
            []
        );
    }

    #[test]
    fn hosts_of_registries_are_found_and_other_hosts_are_not() {
        assert_eq!(
            check("docs/a.md", "from https://registry.example.org/x").len(),
            1
        );
        assert_eq!(check("docs/a.md", "https://docs.example.org/registry."), []);
    }
}

//! Every crate has its licence, its lints from the one table, a README and an example.

use super::Violation;
use crate::workspace::Package;

const LICENSE: &str = "MIT OR Apache-2.0";

/// Files that stand at the root.
const TOP: &[&str] = &[
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "README.md",
    "deny.toml",
    ".ci/run",
];

pub(super) fn check(packages: &[Package], files: &[(String, String)]) -> Vec<Violation> {
    let missing = TOP
        .iter()
        .filter(|name| !files.iter().any(|(path, _)| path == *name));
    let mut violations: Vec<_> = missing
        .map(|name| Violation::new(*name, "is missing at the root"))
        .collect();
    for package in packages {
        if package.license.as_deref() != Some(LICENSE) {
            violations.push(Violation::new(
                &package.name,
                format!("its licence is not {LICENSE}"),
            ));
        }
        violations.extend(check_files(package, files));
    }
    for (path, text) in files {
        if path.ends_with("/Cargo.toml") {
            violations.extend(check_manifest(path, text));
        }
    }
    violations
}

/// What a published crate shows to those who take it alone.
fn check_files(package: &Package, files: &[(String, String)]) -> Vec<Violation> {
    if !package.is_published {
        return Vec::new();
    }
    let directory = format!("crates/{}/", package.name);
    let own = || {
        files
            .iter()
            .filter_map(|(path, _)| path.strip_prefix(&directory))
    };
    let mut violations = Vec::new();
    if !own().any(|path| path == "README.md") {
        violations.push(Violation::new(&package.name, "has no README.md"));
    }
    // A program is shown by its help, a library by an example.
    let is_program = own().any(|path| path == "src/main.rs");
    let is_example = |path: &str| path.starts_with("examples/") && path.ends_with(".rs");
    if !is_program && !own().any(is_example) {
        violations.push(Violation::new(&package.name, "has no example"));
    }
    violations
}

/// Lints and versions come from the workspace's tables.
fn check_manifest(path: &str, text: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut section = "";
    let mut has_lints = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.starts_with('[') {
            section = line;
        } else if section == "[lints]" && line.replace(' ', "") == "workspace=true" {
            has_lints = true;
        } else if section.ends_with("dependencies]")
            && line.contains('=')
            && !line.contains("workspace")
        {
            let what = "a dependency with a version of its own, not from the workspace's table";
            violations.push(Violation::at_line(path, index + 1, what));
        }
    }
    if !has_lints {
        violations.push(Violation::new(path, "does not take the workspace's lints"));
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(paths: &[&str]) -> Vec<(String, String)> {
        paths
            .iter()
            .map(|path| (path.to_string(), String::new()))
            .collect()
    }

    #[test]
    fn a_library_needs_a_readme_and_an_example() {
        let package = Package {
            name: "tls-wire".to_owned(),
            is_published: true,
            ..Package::default()
        };
        assert_eq!(
            check_files(&package, &files(&["crates/tls-wire/src/lib.rs"])).len(),
            2
        );
        let whole = files(&[
            "crates/tls-wire/README.md",
            "crates/tls-wire/examples/ja4.rs",
        ]);
        assert_eq!(check_files(&package, &whole), []);
    }

    #[test]
    fn another_licence_and_a_missing_licence_text_are_found() {
        let package = Package {
            license: Some("GPL-3.0".to_owned()),
            ..Package::default()
        };
        let violations = check(&[package], &files(&["LICENSE-MIT"]));
        let text: Vec<_> = violations.iter().map(ToString::to_string).collect();
        assert!(
            text.contains(&"LICENSE-APACHE: is missing at the root".to_owned()),
            "{text:?}"
        );
        assert!(
            text.iter().any(|line| line.contains("its licence")),
            "{text:?}"
        );
    }

    #[test]
    fn a_manifest_takes_lints_and_versions_from_the_tables() {
        let good = "[lints]\nworkspace = true\n[dependencies]\nbytes.workspace = true\n\
                    hyper = { workspace = true, features = [] } # why\n";
        assert_eq!(check_manifest("a/Cargo.toml", good), []);
        let bad = "[dev-dependencies]\nbytes = \"1\"\n";
        assert_eq!(check_manifest("a/Cargo.toml", bad).len(), 2);
    }
}

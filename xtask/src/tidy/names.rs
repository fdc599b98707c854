//! Files are named after their concept, and say in their first lines what it is.

use super::Violation;

/// Names that say nothing about what is inside.
const BANNED: &[&str] = &[
    "utils", "util", "common", "helpers", "helper", "misc", "manager", "mod",
];

pub(super) fn check(path: &str, text: &str) -> Vec<Violation> {
    let Some(stem) = path
        .rsplit('/')
        .next()
        .and_then(|name| name.strip_suffix(".rs"))
    else {
        return Vec::new();
    };
    let mut violations = Vec::new();
    // A module shared by tests is `tests/ends/mod.rs`: cargo takes `tests/ends.rs` for a test.
    let is_shared_by_tests = stem == "mod" && path.split('/').any(|part| part == "tests");
    if BANNED.contains(&stem) && !is_shared_by_tests {
        violations.push(Violation::new(
            path,
            format!("the name {stem}.rs is banned: name the concept"),
        ));
    }
    let may_go_without = path
        .split('/')
        .any(|part| matches!(part, "examples" | "tests" | "tests.rs"));
    let first = text.lines().find(|line| !line.starts_with("#!/"));
    if !may_go_without && !first.is_some_and(|line| line.starts_with("//!")) {
        violations.push(Violation::new(
            path,
            "does not begin with //! and what it is for",
        ));
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_a_concept_are_refused() {
        for name in ["utils", "common", "helpers", "misc", "manager", "mod"] {
            assert_eq!(
                check(&format!("crates/tls-net/src/{name}.rs"), "//! x").len(),
                1,
                "{name}"
            );
        }
        assert_eq!(check("crates/tls-net/src/admission.rs", "//! x"), []);
        assert_eq!(check("crates/tls-net/tests/ends/mod.rs", "//! x"), []);
    }

    #[test]
    fn a_source_begins_with_its_page_but_tests_and_examples_may_not() {
        assert_eq!(
            check("crates/tls-net/src/accept.rs", "use std::io;\n").len(),
            1
        );
        assert_eq!(check("crates/tls-net/src/accept.rs", "").len(), 1);
        assert_eq!(
            check("crates/tls-net/examples/server.rs", "fn main() {}"),
            []
        );
        assert_eq!(check("crates/tls-net/tests/limits.rs", "use std::io;"), []);
        assert_eq!(
            check("crates/tls-net/src/accept/tests.rs", "use super::*;"),
            []
        );
    }
}

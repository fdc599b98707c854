//! `// Spec: ID, ID` names behaviours that exist.

use super::Violation;
use crate::coverage::{SPEC_MARK, spec_ids};

pub(super) fn check(path: &str, text: &str) -> Vec<Violation> {
    // The tests of what reads these comments have some that are wrong on purpose.
    if path.starts_with("xtask/src/") {
        return Vec::new();
    }
    let mut violations = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some(ids) = line.trim_start().strip_prefix(SPEC_MARK) else {
            continue;
        };
        for id in ids.split(',').map(str::trim) {
            if !spec_ids::all().any(|known| known == id) {
                let what = format!("no behaviour has the ID {id:?}: xtask/src/spec_ids.txt");
                violations.push(Violation::at_line(path, index + 1, what));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_and_malformed_ids_are_found() {
        let mark = SPEC_MARK;
        assert_eq!(
            check(
                "a.rs",
                &format!("{mark} SNI-02, T-SES-04\n    {mark} ALP-01")
            ),
            []
        );
        assert_eq!(
            check("a.rs", &format!("{mark} SNI-99, SNI-02 (twice)")).len(),
            2
        );
    }
}

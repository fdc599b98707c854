//! Which tests cover which behaviour.

use std::collections::BTreeSet;

use super::{SPEC_MARK, spec_ids};

/// How far below its comment the name of a test may stand: attributes come in between.
const REACH: usize = 12;

/// The IDs covered by the tests of those names (paths like `module::tests::name`).
pub(super) fn covered(files: &[(String, String)], tests: &[&str]) -> BTreeSet<String> {
    // A test that a macro makes for both versions is called `name::tls12`, so any part counts.
    let parts: BTreeSet<&str> = tests.iter().flat_map(|test| test.split("::")).collect();
    let by_name = parts
        .iter()
        .filter_map(|part| spec_ids::of_test_name(part))
        .map(str::to_owned);
    let sources = files.iter().filter(|(path, _)| path.ends_with(".rs"));
    let by_comment = sources
        .flat_map(|(_, text)| commented(text))
        .filter(|(name, _)| parts.contains(name))
        .map(|(_, id)| id.to_owned());
    by_name.chain(by_comment).collect()
}

/// The tests of a source with the IDs in the comments above them.
fn commented(text: &str) -> Vec<(&str, &str)> {
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(ids) = line.strip_prefix(SPEC_MARK) else {
            continue;
        };
        let below = lines[index + 1..].iter().take(REACH);
        if let Some(name) = below.filter_map(|line| defined_name(line)).next() {
            found.extend(ids.split(',').map(|id| (name, id.trim())));
        }
    }
    found
}

/// `name` in `async fn name(…)`, and in `both_versions!(name, …)` or `check! { name …`.
fn defined_name(line: &str) -> Option<&str> {
    if line.starts_with("//") || line.starts_with("#[") {
        return None;
    }
    let rest = match line.split_once("fn ") {
        Some((_, rest)) => rest,
        None => line
            .split_once('!')?
            .1
            .trim_start()
            .strip_prefix(['(', '{', '['])?,
    };
    let rest = rest.trim_start();
    let end = rest
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(rest.len());
    (end > 0).then(|| &rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Vec<(String, String)> {
        vec![("crates/x/src/a.rs".to_owned(), text.to_owned())]
    }

    #[test]
    fn names_and_comments_both_count_for_tests_that_ran() {
        let text = "// Spec: SNI-03, ALP-01\n#[tokio::test]\nasync fn picks_exact() {\n}\n\
                    // Spec: SNI-04\n#[test]\nfn did_not_run() {}\n";
        let covered = covered(&source(text), &["a::tests::picks_exact", "sni_02_x"]);
        assert_eq!(
            covered.into_iter().collect::<Vec<_>>(),
            ["ALP-01", "SNI-02", "SNI-03"]
        );
    }

    #[test]
    fn tests_made_by_a_macro_count_by_their_module() {
        let text = "// Spec: SES-01\nboth_versions!(resumes, |version| {\n";
        let covered = covered(&source(text), &["resumes::tls12", "resumes::tls13"]);
        assert_eq!(covered.into_iter().collect::<Vec<_>>(), ["SES-01"]);
    }
}

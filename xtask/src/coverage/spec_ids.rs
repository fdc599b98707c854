//! The IDs of the behaviours of node:tls and their families.

/// One family a line, IDs separated by spaces; lines with `#` are comments.
const TEXT: &str = include_str!("../spec_ids.txt");

/// The families with their IDs, in the order of the specification.
pub(crate) fn families() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    TEXT.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let ids: Vec<_> = line.split_whitespace().collect();
            Some((ids.first()?.rsplit_once('-')?.0, ids))
        })
}

/// All IDs.
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    families().flat_map(|(_, ids)| ids)
}

/// The ID that the name of a test begins with: `sni_02_exact_beats_pattern` has SNI-02.
pub(crate) fn of_test_name(name: &str) -> Option<&'static str> {
    all().find(|id| {
        let start = id.to_ascii_lowercase().replace('-', "_");
        name.strip_prefix(&start)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_of_the_family_of_their_line() {
        let unique: BTreeSet<_> = all().collect();
        assert_eq!(unique.len(), all().count());
        for (family, ids) in families() {
            assert!(
                ids.iter().all(|id| id.starts_with(&format!("{family}-"))),
                "{family}"
            );
        }
    }

    #[test]
    fn a_test_name_begins_with_its_id() {
        assert_eq!(of_test_name("sni_02_exact_beats_pattern"), Some("SNI-02"));
        assert_eq!(of_test_name("t_ses_04_tickets"), Some("T-SES-04"));
        assert_eq!(of_test_name("sni_021"), None);
        assert_eq!(of_test_name("exact_beats_pattern"), None);
    }
}

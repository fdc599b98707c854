//! `docs/alerts.md` and the tests say the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::faults::FAULTS;

/// Faults whose tests are not of the table in `faults`: name, alert, error code, sections.
const OTHERS: &[[&str; 4]] = &[
    [
        "stream_that_just_stops",
        "none",
        "truncated",
        "RFC 8446, 6.1; RFC 5246, 7.2.1",
    ],
    [
        "tls12_key_at_its_limit",
        "close_notify",
        "key_limit",
        "RFC 8446, 5.5; RFC 5246, 6.1",
    ],
    [
        "key_update_without_an_engine",
        "internal_error",
        "key_update_refused",
        "RFC 8446, 6.2",
    ],
];

/// The rows of the page whose last cell is a test: the test, alert, code and sections.
fn rows(page: &str) -> BTreeMap<String, Vec<String>> {
    let mut rows = BTreeMap::new();
    for line in page
        .lines()
        .filter(|line| line.starts_with("| ") && line.ends_with("` |"))
    {
        let cells: Vec<_> = line
            .trim_matches('|')
            .split('|')
            .map(|cell| cell.replace('`', "").trim().to_owned())
            .collect();
        let [_fault, alert, code, section, test] = cells.as_slice() else {
            panic!("not five cells: {line}");
        };
        let row = vec![alert.clone(), code.clone(), section.clone()];
        assert_eq!(rows.insert(test.clone(), row), None, "two rows for {test}");
    }
    rows
}

#[test]
fn every_row_has_its_test_and_every_test_its_row() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/alerts.md");
    // A packaged crate comes without the pages of the workspace.
    let Ok(page) = fs::read_to_string(path) else {
        return;
    };
    let mut rows = rows(&page);
    let faults = FAULTS
        .iter()
        .map(|fault| [fault.name, fault.alert, fault.code, fault.section]);
    for [test, alert, code, section] in faults.chain(OTHERS.iter().copied()) {
        let row = rows
            .remove(test)
            .unwrap_or_else(|| panic!("docs/alerts.md has no row for {test}"));
        assert_eq!(row, [alert, code, section], "{test}");
    }
    assert!(rows.is_empty(), "rows without a test: {rows:?}");
}

/// The tests of the rows that are not of the table exist in the files where they are looked for.
#[test]
fn the_other_tests_exist() {
    let sources = [
        include_str!("closing.rs"),
        include_str!("key_limits.rs"),
        include_str!("key_updates.rs"),
    ];
    for [test, ..] in OTHERS {
        let definition = format!("#[test]\nfn {test}()");
        assert!(
            sources.iter().any(|source| source.contains(&definition)),
            "{test}"
        );
    }
}

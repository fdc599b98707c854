//! The tables of `docs/node-map.md`: `| name | status | where / why | IDs |`.

use std::collections::BTreeSet;

use super::spec_ids;

/// One row of a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    name: String,
    status: String,
    ids: Vec<&'static str>,
}

/// The rows of all tables of a page. The status is the cell that is one of the three words, so
/// that tables with other columns are read too; rows without one are left out.
pub(super) fn rows(page: &str) -> Vec<Row> {
    page.lines().filter_map(row).collect()
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line
        .trim()
        .strip_prefix('|')?
        .trim_end_matches('|')
        .split('|')
        .map(str::trim)
        .collect();
    let status = cells
        .iter()
        .find(|cell| matches!(**cell, "done" | "later" | "refused"))?;
    let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let ids = words
        .filter_map(|word| spec_ids::all().find(|id| *id == word))
        .collect();
    Some(Row {
        name: cells[0].to_owned(),
        status: (*status).to_owned(),
        ids,
    })
}

/// The IDs that are refused.
pub(super) fn refused(rows: &[Row]) -> BTreeSet<String> {
    let rows = rows.iter().filter(|row| row.status == "refused");
    rows.flat_map(|row| &row.ids)
        .map(|id| (*id).to_owned())
        .collect()
}

/// Rows that claim to be done without a passed test for each of their IDs, or without an ID.
pub(super) fn unsupported(rows: &[Row], done: &BTreeSet<String>) -> Vec<String> {
    let mut claims = Vec::new();
    for row in rows.iter().filter(|row| row.status == "done") {
        if row.ids.is_empty() {
            claims.push(format!("{} is called done and names no ID", row.name));
        }
        for id in row.ids.iter().filter(|id| !done.contains(**id)) {
            claims.push(format!(
                "{} is called done, but no test of {id} ran and passed",
                row.name
            ));
        }
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
| name | status | where / why | IDs |
| --- | --- | --- | --- |
| `tls.connect` | done | `Connector` | CON-01, T-VER-01 |
| `server.setTicketKeys` | done | | |
| `rejectUnauthorized` | later | issue | CON-02 |
| `crl` | refused | why not | CTX-08 |
";

    #[test]
    fn rows_have_a_status_and_ids() {
        let rows = rows(PAGE);
        assert_eq!(rows.len(), 4);
        assert_eq!(rows[0].ids, ["CON-01", "T-VER-01"]);
        assert_eq!(refused(&rows).into_iter().collect::<Vec<_>>(), ["CTX-08"]);
    }

    #[test]
    fn a_claim_needs_a_passed_test_for_each_id() {
        let done = BTreeSet::from(["CON-01".to_owned()]);
        let claims = unsupported(&rows(PAGE), &done);
        assert_eq!(claims.len(), 2);
        assert!(claims[0].contains("T-VER-01"));
        assert!(claims[1].contains("names no ID"));
    }
}

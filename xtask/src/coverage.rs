//! `cargo xtask coverage`: which behaviours of node:tls have a test that ran and passed.
//!
//! A test covers an ID if its name begins with it (`sni_02_…`, `t_ses_04_…`), or if the comment
//! `// Spec: SNI-02, T-SES-04` stands directly above it. An ID is refused where
//! `docs/node-map.md` or `docs/differences.md` has a table row that says `refused`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use crate::{
    Outcome, Workspace,
    test::{RESULTS_FILE, Results, Verdict},
};

mod node_map;
pub(crate) mod spec_ids;
mod tests_by_id;

/// What a comment that names behaviours begins with.
pub(crate) const SPEC_MARK: &str = "// Spec:";

/// Where behaviours are said to be done, later, or refused.
const NODE_MAP: &str = "docs/node-map.md";
const DIFFERENCES: &str = "docs/differences.md";

/// What is known of each ID.
struct Coverage {
    done: BTreeSet<String>,
    refused: BTreeSet<String>,
    /// Claims of the node map that no passed test supports.
    unsupported: Vec<String>,
}

/// Prints the table; with `--open` the IDs that are open, with `--check` fails on an unsupported
/// claim.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Outcome {
    let wants = |option: &str| args.iter().any(|arg| arg == option);
    if let Some(unknown) = args
        .iter()
        .find(|arg| *arg != "--check" && *arg != "--open")
    {
        return Err(format!("unknown option {unknown}"));
    }
    let results = fs::read_to_string(workspace.target.join(RESULTS_FILE))
        .map_err(|_| "no tests ran yet: `cargo xtask test` first".to_owned())?;
    let coverage = Coverage::find(workspace, &Results::parse(&results))?;
    coverage.print(wants("--open"));
    for claim in &coverage.unsupported {
        println!("{NODE_MAP}: {claim}");
    }
    Ok(!wants("--check") || coverage.unsupported.is_empty())
}

impl Coverage {
    fn find(workspace: &Workspace, results: &Results) -> Result<Self, String> {
        let files = workspace.files()?;
        let page = |name: &str| {
            files
                .iter()
                .find(|(path, _)| path == name)
                .map_or("", |(_, text)| text.as_str())
        };
        let passed: Vec<&str> = results
            .named(Verdict::Passed)
            .map(|id| id.name.as_str())
            .collect();
        let failed: Vec<&str> = results
            .named(Verdict::Failed)
            .map(|id| id.name.as_str())
            .collect();
        let mut done = tests_by_id::covered(&files, &passed);
        // A behaviour with a failing test does not work, whatever else passed.
        for id in tests_by_id::covered(&files, &failed) {
            done.remove(&id);
        }
        let rows = node_map::rows(page(NODE_MAP));
        let mut refused = node_map::refused(&rows);
        refused.extend(node_map::refused(&node_map::rows(page(DIFFERENCES))));
        let unsupported = node_map::unsupported(&rows, &done);
        Ok(Self {
            done,
            refused,
            unsupported,
        })
    }

    fn print(&self, with_open: bool) {
        let mut total = [0; 4];
        println!(
            "{:<7} {:>5} {:>8} {:>5} {:>5}",
            "family", "done", "refused", "open", "all"
        );
        let mut open: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (family, ids) in spec_ids::families() {
            let done = ids.iter().filter(|id| self.done.contains(**id)).count();
            let left: Vec<&str> = ids
                .iter()
                .copied()
                .filter(|id| !self.done.contains(*id))
                .collect();
            let refused = left.iter().filter(|id| self.refused.contains(**id)).count();
            let counts = [done, refused, left.len() - refused, ids.len()];
            println!(
                "{family:<7} {:>5} {:>8} {:>5} {:>5}",
                counts[0], counts[1], counts[2], counts[3]
            );
            for (sum, count) in total.iter_mut().zip(counts) {
                *sum += count;
            }
            open.insert(
                family,
                left.into_iter()
                    .filter(|id| !self.refused.contains(*id))
                    .collect(),
            );
        }
        println!(
            "{:<7} {:>5} {:>8} {:>5} {:>5}",
            "all", total[0], total[1], total[2], total[3]
        );
        if with_open {
            for (family, _) in spec_ids::families() {
                println!(
                    "open: {}",
                    open.remove(family).unwrap_or_default().join(" ")
                );
            }
        }
    }
}

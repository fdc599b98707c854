//! `bench --fleet`: how many handshakes of clients that come to any of two workers are resumed.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::machine::Machine;
use super::processes::Processes;
use super::results::DIRECTORY;
use crate::fleet::Fleet;
use crate::{Outcome, Workspace, run, soak};

const WORKERS: usize = 2;

/// So long a run lasts at least: a hundred turns of the keys that turn twice a second would be a
/// minute, twelve are enough.
const SPREAD_MS: &str = "6000";

/// Ways to share sessions, and what they are called.
const SHARED: &[(&str, &str)] = &[
    ("tickets", "tickets under keys that all have"),
    ("redis", "stateful sessions in one Redis"),
    ("turning", "tickets, while the keys turn twelve times"),
    ("published", "tickets under published keys that turn thrice"),
];

/// Fails if any way does not resume everything.
pub(super) fn run(workspace: &Workspace, processes: &Processes) -> Outcome {
    let machine = Machine::describe(workspace, processes)?;
    println!("{machine}\n");
    let mut rows = Vec::new();
    let mut all = true;
    for (sharing, title) in SHARED {
        let fleet = Fleet::start(
            processes.program(),
            sharing,
            WORKERS,
            Some(&processes.redis_url()),
        )?;
        let mut client = Command::new(processes.program());
        client.args(["rate", &fleet.port, "--window-ms", SPREAD_MS]);
        let printed = soak::numbers(&run::output(&mut client)?);
        let outcomes = fleet.stop()?;
        let number = |name: &str| printed.get(name).copied().unwrap_or_default();
        let (handshakes, resumed) = (number("handshakes"), number("resumed"));
        all &= handshakes > 0.0 && handshakes <= resumed;
        let percent = 100.0 * resumed / handshakes.max(1.0);
        println!(
            "{title:<46} {resumed:>7.0} of {handshakes:>7.0}  {percent:>6.2} %  in {:.1} s{}",
            number("seconds"),
            Reasons(&outcomes)
        );
        rows.push(row(sharing, handshakes, resumed, &outcomes));
    }
    let file = workspace.root.join(DIRECTORY).join("fleet.json");
    let text = format!(
        "{:#}\n",
        json!({ "machine": machine.to_json(), "workers": WORKERS, "rows": rows })
    );
    fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
    println!("written: {DIRECTORY}/fleet.json");
    Ok(all)
}

fn row(sharing: &str, handshakes: f64, resumed: f64, outcomes: &BTreeMap<String, f64>) -> Value {
    json!({
        "sharing": sharing,
        "handshakes": handshakes,
        "resumed": resumed,
        "outcomes": outcomes,
    })
}

/// Why handshakes were full ones, beside the first of each client.
struct Reasons<'a>(&'a BTreeMap<String, f64>);

impl std::fmt::Display for Reasons<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let beside = |reason: &str| reason != "resumed" && reason != "no_session_offered";
        for (reason, count) in self.0.iter().filter(|(reason, _)| beside(reason)) {
            write!(f, "  {reason} {count:.0}")?;
        }
        Ok(())
    }
}

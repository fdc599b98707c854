//! All values of a run, and `docs/bench/results.json`.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use super::machine::{Machine, load_average};
use super::rows::{ROWS, Row};
use super::statistics::{Ratio, median};
use crate::Workspace;

/// Where the files of a run are kept, relative to the root.
pub(super) const DIRECTORY: &str = "docs/bench";

#[derive(Debug)]
pub(super) struct Results {
    pub(super) machine: Machine,
    rounds: usize,
    window_ms: u64,
    /// By row and stack, in the order of the rounds.
    values: BTreeMap<(&'static str, String), Vec<f64>>,
    seconds: f64,
    load_after: f64,
}

impl Results {
    pub(super) fn new(machine: Machine, rounds: usize, window_ms: u64) -> Self {
        Self {
            machine,
            rounds,
            window_ms,
            values: BTreeMap::new(),
            seconds: 0.0,
            load_after: 0.0,
        }
    }

    /// What a client printed under the name `printed`.
    pub(super) fn add(&mut self, load: &str, printed: &str, stack: &str, value: f64) {
        let rows = ROWS
            .iter()
            .filter(|row| row.load == load && row.printed == printed);
        for row in rows.filter(|row| row.stacks.contains(&stack)) {
            self.values
                .entry((row.name, stack.to_owned()))
                .or_default()
                .push(value);
        }
    }

    pub(super) fn end(&mut self, elapsed: Duration) {
        self.seconds = elapsed.as_secs_f64();
        self.load_after = load_average();
    }

    /// The rows that were measured.
    pub(super) fn rows(&self) -> impl Iterator<Item = &'static Row> + '_ {
        ROWS.iter()
            .filter(|row| self.median(row, row.base).is_some())
    }

    pub(super) fn median(&self, row: &Row, stack: &str) -> Option<f64> {
        self.values(row, stack).map(median)
    }

    pub(super) fn ratio(&self, row: &Row, stack: &str) -> Option<Ratio> {
        Ratio::of(self.values(row, stack)?, self.values(row, row.base)?)
    }

    fn values(&self, row: &Row, stack: &str) -> Option<&[f64]> {
        self.values
            .get(&(row.name, stack.to_owned()))
            .map(Vec::as_slice)
    }

    /// What has to be better before this can be called done.
    pub(super) fn below_floor(&self) -> Vec<String> {
        let mut short = Vec::new();
        for row in self.rows() {
            for aim in row.aims {
                if let (Some(floor), Some(ratio)) = (aim.floor, self.ratio(row, aim.stack))
                    && !row.reaches(ratio.median, floor)
                {
                    let (name, stack, seen) = (row.name, aim.stack, ratio.median);
                    let base = row.base;
                    short.push(format!(
                        "{name} {stack}: {seen:.2} of {base}, not {floor:.2}"
                    ));
                }
            }
        }
        short
    }

    pub(super) fn write(&self, workspace: &Workspace) -> Result<(), String> {
        let directory = workspace.root.join(DIRECTORY);
        let file = directory.join("results.json");
        let text = format!("{:#}\n", self.to_json());
        fs::create_dir_all(&directory)
            .and_then(|()| fs::write(&file, text))
            .map_err(|error| format!("{}: {error}", file.display()))?;
        println!("written: {DIRECTORY}/results.json");
        Ok(())
    }

    fn to_json(&self) -> Value {
        let rows: Vec<_> = self.rows().map(|row| self.row_to_json(row)).collect();
        json!({
            "machine": self.machine.to_json(),
            "load_after": self.load_after,
            "rounds": self.rounds,
            "window_ms": self.window_ms,
            "seconds": self.seconds.round(),
            "rows": rows,
        })
    }

    fn row_to_json(&self, row: &'static Row) -> Value {
        let stacks: Vec<_> = row
            .stacks
            .iter()
            .filter_map(|stack| {
                let ratio = self.ratio(row, stack)?;
                let values: Vec<f64> = self.values(row, stack)?.iter().map(|v| v.round()).collect();
                Some(json!({
                    "stack": stack,
                    "median": self.median(row, stack)?.round(),
                    "ratio": hundredths(ratio.median),
                    "ratio_quartiles": [hundredths(ratio.low), hundredths(ratio.high)],
                    "aim": row.aim(stack).map(|aim| aim.ratio),
                    "floor": row.aim(stack).and_then(|aim| aim.floor),
                    "values": values,
                }))
            })
            .collect();
        json!({
            "row": row.name,
            "title": row.title,
            "base": row.base,
            "unit": row.unit,
            "less_is_better": row.is_less_better,
            "stacks": stacks,
        })
    }
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

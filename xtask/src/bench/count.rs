//! `bench --count`: instructions per unit of work under valgrind, which no other load changes.
//!
//! The same server does two amounts of the same work; the difference is free of what a process
//! costs at its start. User space only: neither the kernel nor the time that an instruction takes
//! is in it, and valgrind hides the processor's newest instructions from the cryptography.

use std::fs;

use serde_json::json;

use super::options::Options;
use super::processes::Processes;
use super::results::DIRECTORY;
use super::rows::BASE;
use crate::{Outcome, Workspace, run};

/// A unit of work and how many of them.
struct Counted {
    load: &'static str,
    unit: &'static str,
    fewer: u64,
    more: u64,
    /// Units of the table in one of the load.
    each: u64,
    stacks: &'static [&'static str],
}

const HANDSHAKE: &[&str] = &[BASE, "tls", "tls-full"];
const RECORDS: &[&str] = &[BASE, "tokio-rustls-tuned", "tls"];

const fn handshakes(load: &'static str) -> Counted {
    Counted {
        load,
        unit: "handshake",
        fewer: 20,
        more: 120,
        each: 1,
        stacks: HANDSHAKE,
    }
}

const fn small_writes(load: &'static str, stacks: &'static [&'static str]) -> Counted {
    Counted {
        load,
        unit: "record",
        fewer: 64,
        more: 576,
        each: 1,
        stacks,
    }
}

const fn large_writes(load: &'static str) -> Counted {
    Counted {
        load,
        unit: "record",
        fewer: 2,
        more: 18,
        each: 64,
        stacks: RECORDS,
    }
}

const COUNTED: &[Counted] = &[
    handshakes("hs13"),
    handshakes("hs13-mlkem"),
    handshakes("hs12"),
    handshakes("res13"),
    handshakes("res12"),
    small_writes(
        "send16k",
        &[BASE, "tokio-rustls-tuned", "tls", "tls-corked"],
    ),
    large_writes("send1m"),
    small_writes("recv16k", RECORDS),
    large_writes("recv1m"),
    Counted {
        load: "echo",
        unit: "message",
        fewer: 100,
        more: 1100,
        each: 1,
        stacks: RECORDS,
    },
];

pub(super) fn run(workspace: &Workspace, processes: &Processes, options: &Options) -> Outcome {
    let version = run::output(std::process::Command::new("valgrind").arg("--version"));
    let version = version.map_err(|error| format!("{error} (`apt-get install valgrind`)"))?;
    println!("{}, user-space instructions", version.trim());
    let mut rows = Vec::new();
    for counted in COUNTED.iter().filter(|counted| options.wants(counted.load)) {
        let mut base = None;
        for stack in counted.stacks {
            let instructions = count(workspace, processes, counted, stack)?;
            let ratio = instructions / *base.get_or_insert(instructions);
            println!(
                "{:<11} {stack:<19} {instructions:>9.0} a {:<9} {ratio:>5.2}",
                counted.load, counted.unit
            );
            rows.push(json!({
                "row": counted.load,
                "stack": stack,
                "unit": counted.unit,
                "instructions": instructions.round(),
                "ratio": (ratio * 100.0).round() / 100.0,
            }));
        }
    }
    if options.is_whole() {
        let file = workspace.root.join(DIRECTORY).join("count.json");
        let text = format!(
            "{:#}\n",
            json!({ "valgrind": version.trim(), "rows": rows })
        );
        fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        println!("written: {DIRECTORY}/count.json");
    }
    Ok(true)
}

fn count(
    workspace: &Workspace,
    processes: &Processes,
    counted: &Counted,
    stack: &str,
) -> Result<f64, String> {
    let total = |units| {
        let file = workspace
            .target
            .join(format!("callgrind.{stack}.{}.{units}", counted.load));
        total(&processes.count(stack, counted.load, units, &file)?)
    };
    let (fewer, more) = (total(counted.fewer)?, total(counted.more)?);
    let units = (counted.more - counted.fewer) * counted.each;
    Ok(more.saturating_sub(fewer) as f64 / units as f64)
}

/// The sum that callgrind writes at the end of its file.
fn total(profile: &str) -> Result<u64, String> {
    let sum = profile.lines().find_map(|line| {
        line.strip_prefix("totals: ")
            .or_else(|| line.strip_prefix("summary: "))
    });
    sum.and_then(|sum| sum.trim().parse().ok())
        .ok_or_else(|| "valgrind wrote no sum".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::rows::ROWS;

    #[test]
    fn the_sum_of_a_profile_is_found() {
        assert_eq!(
            total("events: Ir\nfn=(1) main\n3 12\ntotals: 1234\n"),
            Ok(1234)
        );
        assert!(total("events: Ir\n").is_err());
    }

    #[test]
    fn what_is_counted_is_also_a_row_and_begins_with_the_base() {
        for counted in COUNTED {
            assert!(
                ROWS.iter().any(|row| row.name == counted.load),
                "{}",
                counted.load
            );
            assert_eq!(counted.stacks.first(), Some(&BASE));
        }
    }
}

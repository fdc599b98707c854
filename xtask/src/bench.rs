//! `cargo xtask bench`: what a CPU second of a server buys, ours beside others.
//!
//! A server process on one core, a client process on another, the same client for all; work per
//! CPU second of the server, its clock read from outside. The rounds are interleaved, so that what
//! else the machine does meets all alike. `docs/bench/README.md` has the method.

use std::time::Instant;

use crate::{Outcome, Workspace};

mod chart;
mod count;
mod fleet;
mod machine;
mod options;
mod processes;
mod results;
mod rows;
mod statistics;
mod table;

use machine::Machine;
use options::Options;
use processes::Processes;
use results::Results;
use rows::{Load, OPENSSL, ROWS};

/// Measures, prints a table, and writes `docs/bench` after a whole run.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Outcome {
    let options = Options::parse(args)?;
    let processes = Processes::build(workspace)?;
    if options.count {
        return count::run(workspace, &processes, &options);
    }
    if options.fleet {
        return fleet::run(workspace, &processes);
    }
    let machine = Machine::describe(workspace, &processes)?;
    println!("{machine}\n");
    if machine.is_busy() {
        println!("WARNING: the machine has other work; ratios of 0.9 to 1.1 say nothing then\n");
    }
    let start = Instant::now();
    let loads = loads(&options, &processes);
    let mut results = Results::new(machine, options.rounds, options.window_ms);
    for round in 0..options.rounds {
        measure_round(&processes, &options, &loads, round, &mut results)?;
        let seconds = start.elapsed().as_secs();
        println!("round {} of {}, {seconds} s", round + 1, options.rounds);
    }
    results.end(start.elapsed());
    println!("\n{}", table::Table(&results));
    if options.is_whole() {
        results.write(workspace)?;
        chart::write(workspace, &results)?;
    } else {
        println!("docs/bench is written by a run of all rows with nine rounds or more");
    }
    let short = results.below_floor();
    for line in &short {
        println!("BELOW THE FLOOR: {line}");
    }
    Ok(short.is_empty())
}

/// The loads that were asked for, without stacks that are not there.
fn loads(options: &Options, processes: &Processes) -> Vec<Load> {
    let mut loads: Vec<Load> = Vec::new();
    for row in ROWS.iter().filter(|row| options.wants(row.name)) {
        let place = loads.iter().position(|load| load.name == row.load);
        let place = place.unwrap_or(loads.len());
        if place == loads.len() {
            loads.push(Load {
                name: row.load,
                stacks: Vec::new(),
            });
        }
        for &stack in row.stacks {
            let is_there = stack != OPENSSL || processes.has_openssl;
            if is_there && !loads[place].stacks.contains(&stack) {
                loads[place].stacks.push(stack);
            }
        }
    }
    loads
}

/// One measurement of each load on each stack; every second round backwards.
fn measure_round(
    processes: &Processes,
    options: &Options,
    loads: &[Load],
    round: usize,
    results: &mut Results,
) -> Result<(), String> {
    let mut plan: Vec<(&'static str, &str)> = loads
        .iter()
        .flat_map(|load| load.stacks.iter().map(|stack| (load.name, *stack)))
        .collect();
    if round % 2 == 1 {
        plan.reverse();
    }
    for (load, stack) in plan {
        let done = rows::nearest(load, stack);
        for (printed, value) in processes.measure(stack, done, options.window_ms)? {
            results.add(load, &printed, stack, value);
        }
    }
    Ok(())
}

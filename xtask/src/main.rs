//! The tasks of this workspace: `cargo xtask` lists them, `cargo xtask TASK` runs one, from any
//! directory.
//!
//! One file per task. Nothing of ours is a dependency, so that `tidy` runs before anything builds.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program"
)]

use std::process::ExitCode;

mod bench;
mod ci;
mod coverage;
mod fleet;
mod peers;
mod redis;
mod run;
mod soak;
mod summary;
mod test;
mod tidy;
mod workspace;

use workspace::Workspace;

/// What a task returns: whether all was well, or why it could not do its work.
type Outcome = Result<bool, String>;

/// A task of the command line.
struct Task {
    name: &'static str,
    usage: &'static str,
    about: &'static str,
    run: fn(&Workspace, &[String]) -> Outcome,
}

/// All tasks, in the order in which they are listed; a new one is a module and an entry here.
const TASKS: &[Task] = &[
    Task {
        name: "test",
        usage: "[--unit|--interop] [FILTER] [-- ARGS]",
        about: "run all tests, doc tests and examples that end by themselves; provides its peers",
        run: test::run,
    },
    Task {
        name: "tidy",
        usage: "",
        about: "rules that need no build: floors, tokio-free crates, names, banned calls",
        run: tidy::run,
    },
    Task {
        name: "ci",
        usage: "[STEP]",
        about: "tidy, fmt, clippy, docs, deny, each crate alone, feature combinations, coverage",
        run: ci::run,
    },
    Task {
        name: "bench",
        usage: "[--rows A,B] [--rounds N] [--quick] [--count] [--fleet]",
        about: "speed and memory beside tokio-rustls, tokio-openssl and plain TCP; needs a quiet machine",
        run: bench::run,
    },
    Task {
        name: "soak",
        usage: "sessions [--minutes N]",
        about: "two workers under load while their Redis is killed every 20 s: no connection is lost",
        run: soak::run,
    },
    Task {
        name: "coverage",
        usage: "[--check] [--open]",
        about: "spec IDs in tests that ran: done, refused, open, by family",
        run: coverage::run,
    },
    Task {
        name: "peers",
        usage: "",
        about: "find or install OpenSSL, Redis, Node, Chromium, curl, GnuTLS, mosquitto",
        run: peers::run,
    },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(task) = args
        .first()
        .and_then(|name| TASKS.iter().find(|task| task.name == *name))
    else {
        return list(args.first());
    };
    let outcome = Workspace::find().and_then(|workspace| (task.run)(&workspace, &args[1..]));
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask {}: {error}", task.name);
            ExitCode::from(2)
        }
    }
}

/// The list of tasks; an error if something else was asked for.
fn list(asked: Option<&String>) -> ExitCode {
    let known = asked.is_none_or(|word| matches!(word.as_str(), "help" | "--help" | "-h"));
    if let Some(word) = asked.filter(|_| !known) {
        eprintln!("xtask: there is no task {word:?}\n");
    }
    println!("cargo xtask TASK\n");
    for task in TASKS {
        println!("  {} {}\n      {}", task.name, task.usage, task.about);
    }
    if known {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(2)
    }
}

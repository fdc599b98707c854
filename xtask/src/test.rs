//! `cargo xtask test`: all tests, doc tests and examples that end by themselves, with peers.

use std::{env, fs, process::Command};

use crate::{Outcome, Workspace, peers, run};

mod examples;
mod results;

pub(crate) use results::{RESULTS_FILE, Results, Verdict};

/// The tests across crates and against real peers.
const INTEROP_PACKAGE: &str = "tls-tests";

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    part: Part,
    filter: Option<String>,
    pass_on: Vec<String>,
}

/// Which tests.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Part {
    #[default]
    All,
    /// Those of each crate.
    Unit,
    /// Those across crates and against real peers.
    Interop,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--unit" => options.part = Part::Unit,
                "--interop" => options.part = Part::Interop,
                "--" => options.pass_on = args.by_ref().cloned().collect(),
                other if other.starts_with('-') => {
                    return Err(format!(
                        "unknown option {other}; what cargo takes goes after --"
                    ));
                }
                filter if options.filter.is_none() => options.filter = Some(filter.to_owned()),
                second => return Err(format!("one filter at a time, not also {second:?}")),
            }
        }
        Ok(options)
    }

    fn choose_packages(&self, command: &mut Command) {
        match self.part {
            Part::All => command.arg("--workspace"),
            Part::Unit => command.args(["--workspace", "--exclude", INTEROP_PACKAGE]),
            Part::Interop => command.args(["--package", INTEROP_PACKAGE]),
        };
    }

    fn end_with_filter(&self, command: &mut Command) {
        command.args(&self.filter);
        if !self.pass_on.is_empty() {
            command.arg("--").args(&self.pass_on);
        }
    }
}

/// Runs everything, goes on after failures, ends with `N passed, N failed`.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Outcome {
    let options = Options::parse(args)?;
    if !peers::provide(workspace) {
        println!("\nWARNING: peers are missing; their tests are skipped, or fail under CI=true\n");
    }
    let skips = workspace.target.join("test-skips.txt");
    let _ = fs::remove_file(&skips);
    let mut results = Results::default();

    let mut tests = test_command(workspace, &options);
    tests.env("TLS_SKIPS", &skips);
    let succeeded = run::watched(&mut tests, |line| results.see(line))?;
    results.end_command("the tests", succeeded);

    if options.part != Part::Interop {
        let mut doc_tests = doc_test_command(workspace, &options);
        let succeeded = run::watched(&mut doc_tests, |line| results.see(line))?;
        results.end_command("the doc tests", succeeded);
        examples::run(workspace, options.filter.as_deref(), &mut results)?;
    }

    results.take_skips(&fs::read_to_string(&skips).unwrap_or_default());
    results.write(&workspace.target)?;
    for failed in results.named(Verdict::Failed) {
        println!("FAILED  {failed}");
    }
    for skipped in results.named(Verdict::Skipped) {
        println!("SKIPPED {skipped}");
    }
    let summary = results.summary();
    println!("{summary}");
    Ok(summary.failed == 0)
}

/// cargo-nextest where it is, since it runs tests of all crates at once; else `cargo test`.
fn test_command(workspace: &Workspace, options: &Options) -> Command {
    let mut command = workspace.cargo();
    let has_nextest = run::output(workspace.cargo().args(["nextest", "--version"])).is_ok();
    if has_nextest {
        command.args(["nextest", "run", "--no-fail-fast", "--color", "never"]);
        command.args(["--status-level", "pass", "--no-tests", "pass"]);
    } else {
        command.args(["test", "--no-fail-fast", "--lib", "--bins", "--tests"]);
    }
    options.choose_packages(&mut command);
    add_features(workspace, options, &mut command);
    options.end_with_filter(&mut command);
    command
}

fn doc_test_command(workspace: &Workspace, options: &Options) -> Command {
    let mut command = workspace.cargo();
    command.args(["test", "--doc", "--no-fail-fast"]);
    options.choose_packages(&mut command);
    add_features(workspace, options, &mut command);
    options.end_with_filter(&mut command);
    command
}

/// All features that need no library of the system. A single package takes those that its own
/// dependencies ask for.
fn add_features(workspace: &Workspace, options: &Options, command: &mut Command) {
    if options.part != Part::Interop {
        command.args(["--features", &workspace.buildable_features()]);
    }
    if env::var_os("CARGO_TERM_COLOR").is_none() {
        command.env("CARGO_TERM_COLOR", "never");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Options, String> {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        Options::parse(&words)
    }

    #[test]
    fn parts_filters_and_what_is_passed_on_are_told_apart() {
        let options = parse(&["--unit", "sni", "--", "--nocapture"]);
        let expected = Options {
            part: Part::Unit,
            filter: Some("sni".to_owned()),
            pass_on: vec!["--nocapture".to_owned()],
        };
        assert_eq!(options, Ok(expected));
        assert_eq!(parse(&[]), Ok(Options::default()));
    }

    #[test]
    fn unknown_options_and_second_filters_are_refused() {
        assert!(parse(&["--units"]).is_err());
        assert!(parse(&["a", "b"]).is_err());
    }
}

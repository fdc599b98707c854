//! The last line of a task: `N passed, N failed`.

use std::{fmt, time::Instant};

/// Counts of what was checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// Named steps with their outcomes and times, for tasks that go on after a failure.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<(String, bool, f64)>,
}

impl Steps {
    /// Runs a step and keeps its outcome.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> bool) {
        println!("\n=== {name}");
        let start = Instant::now();
        let passed = work();
        self.done
            .push((name.to_owned(), passed, start.elapsed().as_secs_f64()));
    }

    /// Prints a line per step, the total time and the summary; true if all passed.
    pub(crate) fn report(&self) -> bool {
        println!();
        for (name, passed, seconds) in &self.done {
            println!(
                "{} {seconds:7.1} s  {name}",
                if *passed { "ok    " } else { "FAILED" }
            );
        }
        let total: f64 = self.done.iter().map(|(_, _, seconds)| seconds).sum();
        let failed = self.done.iter().filter(|(_, passed, _)| !passed).count();
        println!("total  {total:7.1} s");
        println!(
            "{}",
            Summary {
                passed: self.done.len() - failed,
                failed,
                skipped: 0
            }
        );
        failed == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_are_named_only_when_there_are_some() {
        let mut summary = Summary {
            passed: 3,
            failed: 1,
            skipped: 0,
        };
        assert_eq!(summary.to_string(), "3 passed, 1 failed");
        summary.skipped = 2;
        assert_eq!(summary.to_string(), "3 passed, 1 failed, 2 skipped");
    }

    #[test]
    fn one_failed_step_fails_the_report() {
        let mut steps = Steps::default();
        steps.step("good", || true);
        assert!(steps.report());
        steps.step("bad", || false);
        assert!(!steps.report());
    }
}

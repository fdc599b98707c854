//! Which tests ran and how they ended, read from what cargo-nextest or libtest prints.

use std::{collections::BTreeMap, fmt, fs, path::Path};

use crate::summary::Summary;

/// The list of the last run, in the target directory: `verdict<TAB>binary<TAB>test` a line.
pub(crate) const RESULTS_FILE: &str = "test-results.txt";

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    Failed,
    /// Ignored, or it had no peer and proved nothing.
    Skipped,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Passed, Self::Failed, Self::Skipped]
            .into_iter()
            .find(|v| v.word() == word)
    }
}

/// A test and the binary that it is in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TestId {
    pub(crate) binary: String,
    pub(crate) name: String,
}

impl fmt::Display for TestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.binary, self.name)
    }
}

/// All that ran.
#[derive(Debug, Default)]
pub(crate) struct Results {
    verdicts: BTreeMap<TestId, Verdict>,
    /// The binary that libtest's lines are about.
    binary: String,
    failed_before: usize,
}

impl Results {
    /// Takes in one line of output.
    pub(crate) fn see(&mut self, line: &str) {
        if let Some(binary) = libtest_binary(line) {
            self.binary = binary;
        } else if let Some((name, verdict)) = libtest_verdict(line) {
            self.put(self.binary.clone(), name, verdict);
        } else if let Some((binary, name, verdict)) = nextest_verdict(line) {
            self.put(binary, name, verdict);
        }
    }

    /// Takes in an outcome that was not read from a line.
    pub(crate) fn put(
        &mut self,
        binary: impl Into<String>,
        name: impl Into<String>,
        verdict: Verdict,
    ) {
        let id = TestId {
            binary: binary.into(),
            name: name.into(),
        };
        self.verdicts.insert(id, verdict);
    }

    /// A command that failed though no test of it did (it did not compile, say) is a failure too.
    pub(crate) fn end_command(&mut self, what: &str, succeeded: bool) {
        if !succeeded && self.summary().failed == self.failed_before {
            self.put(
                "cargo",
                format!("{what} could not be run, or not to their end"),
                Verdict::Failed,
            );
        }
        self.failed_before = self.summary().failed;
    }

    /// Takes in the tests that said themselves that they had no peer.
    pub(crate) fn take_skips(&mut self, noted: &str) {
        for line in noted.lines() {
            let mut words = line.split('\t');
            let (Some(binary), Some(name)) = (words.next(), words.next()) else {
                continue;
            };
            for (id, verdict) in &mut self.verdicts {
                if id.name == name
                    && is_same_binary(&id.binary, binary)
                    && *verdict == Verdict::Passed
                {
                    *verdict = Verdict::Skipped;
                }
            }
        }
    }

    pub(crate) fn summary(&self) -> Summary {
        let count = |wanted| {
            self.verdicts
                .values()
                .filter(|&&verdict| verdict == wanted)
                .count()
        };
        Summary {
            passed: count(Verdict::Passed),
            failed: count(Verdict::Failed),
            skipped: count(Verdict::Skipped),
        }
    }

    /// The tests with that verdict.
    pub(crate) fn named(&self, wanted: Verdict) -> impl Iterator<Item = &TestId> {
        self.verdicts
            .iter()
            .filter(move |(_, verdict)| **verdict == wanted)
            .map(|(id, _)| id)
    }

    /// Writes the list for `cargo xtask coverage`.
    pub(crate) fn write(&self, target: &Path) -> Result<(), String> {
        let lines: String = self
            .verdicts
            .iter()
            .map(|(id, verdict)| format!("{}\t{}\t{}\n", verdict.word(), id.binary, id.name))
            .collect();
        let file = target.join(RESULTS_FILE);
        fs::write(&file, lines).map_err(|error| format!("{}: {error}", file.display()))
    }

    /// Reads such a list.
    pub(crate) fn parse(text: &str) -> Self {
        let mut results = Self::default();
        for line in text.lines() {
            let mut words = line.splitn(3, '\t');
            let verdict = words.next().and_then(Verdict::from_word);
            if let (Some(verdict), Some(binary), Some(name)) = (verdict, words.next(), words.next())
            {
                results.put(binary, name, verdict);
            }
        }
        results
    }
}

/// `tls-net::pipeline` of nextest and `pipeline` of a path are the same binary.
fn is_same_binary(id: &str, stem: &str) -> bool {
    let last = id.rsplit([':', '/']).next().unwrap_or(id);
    last.replace('-', "_") == stem.replace('-', "_")
}

/// `Running tests/peers.rs (target/debug/deps/peers-0123)` and `Doc-tests tls_wire`.
fn libtest_binary(line: &str) -> Option<String> {
    let line = line.trim_start();
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return Some(format!("doc {name}"));
    }
    let path = line
        .strip_prefix("Running ")?
        .split_once('(')?
        .1
        .strip_suffix(')')?;
    let file = path.rsplit(['/', '\\']).next()?;
    Some(file.rsplit_once('-')?.0.to_owned())
}

/// `test module::name ... ok`.
fn libtest_verdict(line: &str) -> Option<(String, Verdict)> {
    let (name, word) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    let verdict = match word.split([',', ' ']).next()? {
        "ok" => Verdict::Passed,
        "FAILED" => Verdict::Failed,
        "ignored" => Verdict::Skipped,
        _ => return None,
    };
    let name = name.strip_suffix(" - should panic").unwrap_or(name);
    Some((name.to_owned(), verdict))
}

/// `PASS [   0.005s] ( 1/19) tls-testing::pki module::name`.
fn nextest_verdict(line: &str) -> Option<(String, String, Verdict)> {
    let (word, rest) = line.trim_start().split_once(" [")?;
    let verdict = match word.trim() {
        "PASS" | "LEAK" => Verdict::Passed,
        "SKIP" => Verdict::Skipped,
        "FAIL" | "ABORT" | "TIMEOUT" | "LEAK-FAIL" => Verdict::Failed,
        signal if signal.starts_with("SIG") => Verdict::Failed,
        _ => return None,
    };
    let rest = rest.split_once("] ")?.1.trim_start();
    let rest = if rest.starts_with('(') {
        rest.split_once(") ")?.1
    } else {
        rest
    };
    let (binary, name) = rest.trim().split_once(' ')?;
    Some((binary.to_owned(), name.trim().to_owned(), verdict))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(lines: &[&str]) -> Results {
        let mut results = Results::default();
        for line in lines {
            results.see(line);
        }
        results
    }

    #[test]
    fn lines_of_nextest_are_read_once_per_test() {
        let results = seen(&[
            "        PASS [   0.005s] ( 1/19) tls-testing::pki a_clock",
            "        FAIL [   0.912s] ( 7/19) tls-testing::peers tests::curl",
            "     SIGSEGV [   0.912s] (10/19) tls-net other",
            "        SLOW [> 60.000s] (─────) tls-net slow",
            "     Summary [   1.482s] 7 tests run: 6 passed, 1 failed, 0 skipped",
            "        FAIL [   0.912s] ( 7/19) tls-testing::peers tests::curl",
        ]);
        assert_eq!(
            results.summary(),
            Summary {
                passed: 1,
                failed: 2,
                skipped: 0
            }
        );
        let failed: Vec<_> = results
            .named(Verdict::Failed)
            .map(ToString::to_string)
            .collect();
        assert_eq!(failed, ["tls-net other", "tls-testing::peers tests::curl"]);
    }

    #[test]
    fn lines_of_libtest_are_read_with_their_binary() {
        let results = seen(&[
            "     Running unittests src/lib.rs (target/debug/deps/tls_wire-0c1d)",
            "test alert::tests::names ... ok",
            "test alert::tests::later ... ignored, needs a peer",
            "test panics - should panic ... FAILED",
            "   Doc-tests tls_wire",
            "test crates/tls-wire/src/lib.rs - (line 9) ... ok",
            "test result: ok. 1 passed; 0 failed; 0 ignored; finished in 0.00s",
        ]);
        assert_eq!(
            results.summary(),
            Summary {
                passed: 2,
                failed: 1,
                skipped: 1
            }
        );
        assert_eq!(
            results.named(Verdict::Failed).next().map(|id| &*id.binary),
            Some("tls_wire")
        );
    }

    #[test]
    fn a_command_that_fails_without_a_failed_test_counts_as_one_failure() {
        let mut results = seen(&["error: could not compile"]);
        results.end_command("the tests", false);
        assert_eq!(results.summary().failed, 1);
        results.see("test x ... FAILED");
        results.end_command("the doc tests", false);
        assert_eq!(results.summary().failed, 2);
    }

    #[test]
    fn tests_without_their_peer_are_skipped_not_passed() {
        let mut results = seen(&[
            "PASS [   0.005s] tls-tests::curl loads",
            "PASS [   0.005s] tls-tests::node loads",
        ]);
        results.take_skips("curl\tloads\tcurl\n");
        assert_eq!(
            results.summary(),
            Summary {
                passed: 1,
                failed: 0,
                skipped: 1
            }
        );
    }

    #[test]
    fn a_written_list_reads_back() {
        let results = Results::parse("passed\ttls-net\tsni_01\nfailed\ttls-net\tx\nrubbish\n");
        assert_eq!(
            results.summary(),
            Summary {
                passed: 1,
                failed: 1,
                skipped: 0
            }
        );
    }
}

//! The command line of `cargo xtask bench`.

use super::rows::ROWS;

/// Rounds of a run that counts.
const ROUNDS: usize = 9;
/// Rounds while something is being changed.
const QUICK_ROUNDS: usize = 3;
/// So short that nine rounds of all rows end within ten minutes.
const WINDOW_MS: u64 = 400;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Options {
    /// Names of rows, or their beginnings; all if empty.
    rows: Vec<String>,
    pub(super) rounds: usize,
    pub(super) window_ms: u64,
    /// Instructions in place of time.
    pub(super) count: bool,
    /// Workers behind one port in place of rows.
    pub(super) fleet: bool,
}

impl Options {
    pub(super) fn parse(args: &[String]) -> Result<Self, String> {
        let mut options = Self {
            rows: Vec::new(),
            rounds: ROUNDS,
            window_ms: WINDOW_MS,
            count: false,
            fleet: false,
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "--rows" => options.rows = value()?.split(',').map(str::to_owned).collect(),
                "--rounds" => {
                    let rounds = value()?.parse().ok().filter(|rounds| *rounds > 0);
                    options.rounds = rounds.ok_or("--rounds needs a number above zero")?;
                }
                "--quick" => options.rounds = QUICK_ROUNDS,
                "--count" => options.count = true,
                "--fleet" => options.fleet = true,
                other => return Err(format!("unknown option {other}")),
            }
        }
        for name in &options.rows {
            if !ROWS.iter().any(|row| row.name.starts_with(name)) {
                let names: Vec<_> = ROWS.iter().map(|row| row.name).collect();
                return Err(format!(
                    "there is no row {name:?}; there are {}",
                    names.join(", ")
                ));
            }
        }
        Ok(options)
    }

    pub(super) fn wants(&self, row: &str) -> bool {
        self.rows.is_empty() || self.rows.iter().any(|name| row.starts_with(name))
    }

    /// All rows, and enough rounds to be quoted.
    pub(super) fn is_whole(&self) -> bool {
        self.rows.is_empty() && self.rounds >= ROUNDS
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
    fn a_plain_run_is_whole_and_a_quick_or_partial_one_is_not() {
        assert!(parse(&[]).is_ok_and(|options| options.is_whole()));
        assert!(parse(&["--quick"]).is_ok_and(|options| !options.is_whole()));
        let partial = parse(&["--rows", "recv,mem"]).expect("rows that exist");
        assert!(!partial.is_whole() && partial.wants("recv1m") && !partial.wants("echo"));
    }

    #[test]
    fn what_is_unknown_is_refused() {
        for words in [
            &["--rows", "hs11"][..],
            &["--rounds", "0"],
            &["--fast"],
            &["--rows"],
        ] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }
}

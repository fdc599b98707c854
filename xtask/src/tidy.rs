//! `cargo xtask tidy`: the rules of the workspace that need no build.
//!
//! Each rule is a function from what it looks at to violations, with tests that break it.

use std::{fmt, time::Instant};

use crate::{Outcome, Workspace};

mod calls;
mod crates;
mod floors;
mod names;
mod places;
mod spec_comments;
mod tokio_free;

/// Where a rule is broken, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// A file (with a line where there is one) or a crate.
    place: String,
    what: String,
}

impl Violation {
    fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            what: what.into(),
        }
    }

    fn at_line(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self::new(format!("{file}:{line}"), what)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Prints what is broken; true if nothing is.
pub(crate) fn run(workspace: &Workspace, _: &[String]) -> Outcome {
    let start = Instant::now();
    let violations = check(workspace)?;
    for violation in &violations {
        println!("{violation}");
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("tidy: {} violations ({seconds:.1} s)", violations.len());
    Ok(violations.is_empty())
}

fn check(workspace: &Workspace) -> Result<Vec<Violation>, String> {
    let files = workspace.files()?;
    let mut violations = floors::check(&workspace.packages);
    violations.extend(tokio_free::check(workspace)?);
    violations.extend(crates::check(&workspace.packages, &files));
    for (path, text) in &files {
        violations.extend(names::check(path, text));
        violations.extend(places::check(path, text));
        if path.ends_with(".rs") {
            violations.extend(calls::check(path, text));
            violations.extend(spec_comments::check(path, text));
        }
    }
    Ok(violations)
}

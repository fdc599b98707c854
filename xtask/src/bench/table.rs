//! The table that is printed.

use std::fmt;

use super::results::Results;
use super::rows::{BASE, Row};

/// Medians, ratios to the base, the middle half of the ratios, aims.
pub(super) struct Table<'a>(pub(super) &'a Results);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<14} {:<19} {:>9} {:<5} {:>6} {:>13}  aim (floor)",
            "row", "stack", "median", "", "ratio", "middle half"
        )?;
        for row in self.0.rows() {
            writeln!(f, "{}", row.title)?;
            for stack in row.stacks {
                write_stack(f, self.0, row, stack)?;
            }
        }
        write!(
            f,
            "per CPU second of the server process (of the only one in rows on certificates and OCSP); ratio to {BASE}, or to the first stack of a row without it, round by round"
        )
    }
}

fn write_stack(
    f: &mut fmt::Formatter<'_>,
    results: &Results,
    row: &Row,
    stack: &str,
) -> fmt::Result {
    let (Some(median), Some(ratio)) = (results.median(row, stack), results.ratio(row, stack))
    else {
        return Ok(());
    };
    write!(
        f,
        "{:<14} {stack:<19} {median:>9.0} {:<5} {:>6.2} {:>6.2}–{:<6.2}",
        row.name, row.unit, ratio.median, ratio.low, ratio.high
    )?;
    if let Some(aim) = row.aim(stack) {
        let reached = row.reaches(ratio.median, aim.ratio);
        write!(f, "  {:.2}", aim.ratio)?;
        if let Some(floor) = aim.floor {
            write!(f, " ({floor:.2})")?;
        }
        f.write_str(if reached { " reached" } else { " MISSED" })?;
    }
    writeln!(f)
}

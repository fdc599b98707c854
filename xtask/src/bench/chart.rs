//! `docs/bench/chart.svg`: each row's ratios to tokio-rustls as bars.

use std::fmt::Write;
use std::fs;

use super::results::{DIRECTORY, Results};
use super::rows::{BASE, PLAIN, Row, is_ours};
use crate::Workspace;

const WIDTH: f64 = 860.0;
const LABELS: f64 = 270.0;
/// Width of a ratio of one.
const ONE: f64 = 150.0;
/// Ratios above are cut; their number still stands beside.
const MOST: f64 = 3.4;
const BAR: f64 = 15.0;
const GAP: f64 = 12.0;
const TOP: f64 = 66.0;

pub(super) fn write(workspace: &Workspace, results: &Results) -> Result<(), String> {
    let file = workspace.root.join(DIRECTORY).join("chart.svg");
    fs::write(&file, draw(results)).map_err(|error| format!("{}: {error}", file.display()))?;
    println!("written: {DIRECTORY}/chart.svg");
    Ok(())
}

fn draw(results: &Results) -> String {
    let mut bars = String::new();
    let mut y = TOP;
    // One picture, one base.
    for row in results.rows().filter(|row| row.base == BASE) {
        y = draw_row(&mut bars, results, row, y) + GAP;
    }
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#222\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"12\" y=\"22\" font-size=\"15\" font-weight=\"600\">Work per CPU second of the \
         server, and memory per idle connection: ratio to {BASE}</text>\n\
         <text x=\"12\" y=\"42\" fill=\"#666\">{machine}; the line over a bar spans half of the \
         rounds</text>\n",
        height = y + 16.0,
        machine = escaped(&results.machine.title()),
    );
    let one = LABELS + ONE;
    let _ = writeln!(
        svg,
        "<line x1=\"{one}\" x2=\"{one}\" y1=\"{}\" y2=\"{y}\" stroke=\"#888\" \
         stroke-dasharray=\"3 3\"/>\n<text x=\"{one}\" y=\"{}\" text-anchor=\"middle\" \
         fill=\"#666\">1.0</text>",
        TOP - 6.0,
        y + 8.0
    );
    svg + &bars + "</svg>\n"
}

/// The bars of one row from `y` down; where they end.
fn draw_row(svg: &mut String, results: &Results, row: &Row, mut y: f64) -> f64 {
    let better = if row.is_less_better {
        " (less is better)"
    } else {
        ""
    };
    let _ = writeln!(
        svg,
        "<text x=\"12\" y=\"{}\" font-weight=\"600\">{}{better}</text>",
        y + 11.0,
        escaped(row.title)
    );
    y += BAR + 3.0;
    for stack in row.stacks.iter().filter(|stack| **stack != row.base) {
        let (Some(ratio), Some(median)) = (results.ratio(row, stack), results.median(row, stack))
        else {
            continue;
        };
        let at = |ratio: f64| LABELS + ratio.min(MOST) * ONE;
        let middle = y + BAR / 2.0;
        let _ = writeln!(
            svg,
            "<text x=\"{label}\" y=\"{text}\" text-anchor=\"end\">{stack}</text>\
             <rect x=\"{LABELS}\" y=\"{y}\" width=\"{width:.1}\" height=\"{height}\" \
             fill=\"{colour}\"/><line x1=\"{low:.1}\" x2=\"{high:.1}\" y1=\"{middle}\" \
             y2=\"{middle}\" stroke=\"#222\"/><text x=\"{value:.1}\" y=\"{text}\">{ratio:.2} \
             <tspan fill=\"#666\">({median:.0} {unit})</tspan></text>",
            label = LABELS - 8.0,
            text = y + 11.0,
            width = at(ratio.median) - LABELS,
            height = BAR - 2.0,
            colour = colour(stack),
            low = at(ratio.low),
            high = at(ratio.high),
            value = at(ratio.median.max(ratio.high)) + 6.0,
            ratio = ratio.median,
            unit = row.unit,
        );
        y += BAR;
    }
    y
}

fn colour(stack: &str) -> &'static str {
    match stack {
        "tls" => "#1b7f5c",
        _ if is_ours(stack) => "#7cc3a6",
        PLAIN => "#d9d9d9",
        _ => "#a9b4c2",
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::machine::Machine;
    use crate::bench::rows::ROWS;

    #[test]
    fn every_row_is_drawn_with_its_stacks_and_its_numbers() {
        let mut results = Results::new(Machine::default(), 1, 1);
        for row in ROWS {
            for stack in row.stacks {
                let value = if *stack == BASE { 100.0 } else { 250.0 };
                results.add(row.load, row.printed, stack, value);
            }
        }
        let svg = draw(&results);
        for row in ROWS {
            assert_eq!(svg.contains(row.title), row.base == BASE, "{}", row.name);
        }
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        assert!(svg.contains("2.50 <tspan"), "{svg}");
    }
}

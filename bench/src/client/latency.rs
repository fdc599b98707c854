//! How long a connection takes that finds nobody else there: from the connect to the first byte.

use std::time::Instant;

use super::handshakes::Chain;
use super::{Load, Until, WARM_UP, runtime};
use crate::Result;

/// Prints the median and the 99th percentile, in microseconds.
pub(super) fn run(load: &Load) -> Result<()> {
    let mut chain = Chain::new(load)?;
    let runtime = runtime()?;
    let mut take = |until: Until| -> Result<Vec<f64>> {
        let mut times = Vec::new();
        while until.goes_on(times.len() as u64) {
            let begun = Instant::now();
            runtime.block_on(chain.connect())?;
            times.push(begun.elapsed().as_secs_f64() * 1e6);
        }
        Ok(times)
    };
    take(Until::window(WARM_UP))?;
    let mut times = take(Until::window(load.options.window))?;
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied();
    println!("median {}", at(0.5).ok_or("no connection was made")?);
    println!("p99 {}", at(0.99).ok_or("no connection was made")?);
    Ok(())
}

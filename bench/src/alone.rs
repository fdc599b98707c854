//! Work of one thread, without a peer.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::Result;
use crate::options::Options;

/// Between two looks at the clock.
const BATCH: u64 = 8;

/// Prints how often `work` is done in a second of this thread.
pub(crate) fn print_rate(options: &Options, mut work: impl FnMut() -> Result<()>) -> Result<()> {
    let mut run = |length: Duration| -> Result<f64> {
        let end = Instant::now() + length;
        let before = thread_time();
        let mut done = 0;
        while Instant::now() < end {
            for _ in 0..BATCH {
                work()?;
            }
            done += BATCH;
        }
        Ok(done as f64 / (thread_time() - before).as_secs_f64())
    };
    run(options.window / 4)?;
    let rate = run(options.window)?;
    println!("rate {rate}");
    Ok(())
}

/// Time of this thread on a core so far.
pub(crate) fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

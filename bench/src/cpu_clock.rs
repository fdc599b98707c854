//! The server process as seen from outside: its CPU clock, its resident memory.

use std::fs;
use std::thread;
use std::time::Duration;

use crate::Result;

/// A process that is watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watched(pub(crate) u32);

impl Watched {
    /// Time on a core so far, of all its threads.
    pub(crate) fn cpu_time(self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.0))? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            let spent = text.split(' ').next().unwrap_or_default();
            nanoseconds += spent.trim().parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// The same once the process sleeps: the kernel brings the clock of a running one up to date
    /// at its ticks only, some milliseconds apart.
    pub(crate) fn cpu_time_at_rest(self) -> Result<Duration> {
        let mut before = self.cpu_time()?;
        for _ in 0..50 {
            thread::sleep(Duration::from_millis(2));
            let now = self.cpu_time()?;
            if now == before {
                return Ok(now);
            }
            before = now;
        }
        Err("the server does not come to rest".into())
    }

    /// Resident memory in bytes.
    pub(crate) fn resident(self) -> Result<u64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.0))?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .ok_or("no VmRSS")?;
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes * 1024)
    }
}

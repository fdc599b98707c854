//! One core for the server, another for the client, and enough descriptors for both.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::{Result, options::Options};

pub(crate) const SERVER_CORE: usize = 0;
pub(crate) const CLIENT_CORE: usize = 1;

/// Descriptors that are not connections: listener, epoll, standard streams.
const SPARE_FILES: u64 = 100;

/// Pins this process to `core`, and raises its limit of open files as far as `options` need.
pub(crate) fn pin(options: &Options, core: usize) -> Result<()> {
    if options.units.is_none() {
        let mut cores = CpuSet::new();
        cores.set(core);
        sched_setaffinity(None, &cores)
            .map_err(|error| format!("can't run on core {core} alone: {error}"))?;
    }
    raise_open_files(options.connections as u64 + SPARE_FILES)
}

fn raise_open_files(needed: u64) -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    let maximum = limit.maximum.map(|maximum| maximum.max(needed));
    let raised = Rlimit {
        current: Some(needed),
        maximum,
    };
    setrlimit(Resource::Nofile, raised).map_err(|error| {
        format!("{needed} open files are needed; `ulimit -n {needed}` as root: {error}").into()
    })
}

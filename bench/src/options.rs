//! What both processes can be told beside the row.

use std::time::Duration;

use crate::Result;

/// Options of a server or client process.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The process whose CPU clock and memory the client reads.
    pub(crate) server_process: Option<u32>,
    /// The stack at the other end is plain TCP.
    pub(crate) plain: bool,
    /// How long the client measures.
    pub(crate) window: Duration,
    /// A fixed amount of work (handshakes, messages, writes) in place of a window, for counting
    /// instructions: no core is chosen, nothing warms up.
    pub(crate) units: Option<u64>,
    /// Idle connections, or sessions kept.
    pub(crate) connections: usize,
    /// The URL of a Redis.
    pub(crate) redis: Option<String>,
}

impl Options {
    /// Reads `--name value` pairs.
    pub(crate) fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self {
            server_process: None,
            plain: false,
            window: Duration::from_millis(600),
            units: None,
            connections: 5000,
            redis: None,
        };
        let mut words = words.iter();
        while let Some(name) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{name} needs a value"));
            match *name {
                "--plain" => options.plain = true,
                "--server-process" => options.server_process = Some(value()?.parse()?),
                "--window-ms" => options.window = Duration::from_millis(value()?.parse()?),
                "--units" => options.units = Some(value()?.parse()?),
                "--redis" => options.redis = Some((*value()?).to_owned()),
                "--connections" => options.connections = value()?.parse()?,
                _ => return Err(format!("unknown option {name}").into()),
            }
        }
        Ok(options)
    }
}

//! Sessions and ticket keys of `tls serve`, and where they are shared.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::duration;
use crate::secret::{Secret, SecretSource};
use crate::store_address::StoreAddress;

/// Where workers share sessions and ticket keys.
#[derive(Args, Debug)]
pub(crate) struct StoreFlags {
    /// Where sessions are kept: memory, redis://HOST, rediss://HOST, redis+sentinel://HOST,HOST/MASTER,
    /// redis-cluster://HOST,HOST or unix:PATH; its password in TLS_STORE_PASSWORD [default: memory]
    #[arg(long, value_name = "URL", value_parser = StoreAddress::parse)]
    pub(crate) session_store: Option<StoreAddress>,
    /// The secret that all workers with one store have alike; also env:NAME. Make one with:
    /// openssl rand -hex 32
    #[arg(long, value_name = "FILE", value_parser = SecretSource::parse)]
    pub(crate) session_secret: Option<SecretSource>,
    /// Password of the store: @FILE or env:NAME, instead of TLS_STORE_PASSWORD
    #[arg(
        long,
        value_name = "SECRET",
        value_parser = Secret::parse,
        requires = "session_store",
        hide_short_help = true
    )]
    pub(crate) session_store_password: Option<Secret>,
    /// Password of the sentinels, where they want one: @FILE or env:NAME
    #[arg(
        long,
        value_name = "SECRET",
        value_parser = Secret::parse,
        requires = "session_store",
        hide_short_help = true
    )]
    pub(crate) session_store_sentinel_password: Option<Secret>,
    /// Whom to trust where the store is reached over TLS (PEM) [default: the system's roots]
    #[arg(
        long,
        value_name = "FILE",
        requires = "session_store",
        hide_short_help = true
    )]
    pub(crate) session_store_ca: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct SessionFlags {
    #[command(flatten)]
    pub(crate) store: StoreFlags,
    /// How long a handshake waits for the store; then it is a full one
    #[arg(long, value_name = "TIME", default_value = "25ms", value_parser = duration, hide_short_help = true)]
    pub(crate) session_store_timeout: Duration,
    /// Ticket keys (see `tls ticket-keys`); processes with the same file share the port and resume
    /// each other's sessions. A changed file is taken up; also env:NAME
    #[arg(
        long,
        value_name = "FILE",
        value_parser = SecretSource::parse,
        conflicts_with_all = ["ticket_rotation", "no_tickets"],
        hide_short_help = true
    )]
    pub(crate) ticket_keys: Option<SecretSource>,
    /// How often another ticket key issues: published through the store, if workers share one. Or
    /// clock:1h, where all workers derive the keys from --session-secret and the time: no word
    /// between them, but whoever gets the secret opens all tickets there ever were [default: 1h]
    #[arg(
        long,
        value_name = "[clock:]TIME",
        value_parser = rotation,
        conflicts_with = "no_tickets",
        hide_short_help = true
    )]
    pub(crate) ticket_rotation: Option<Rotation>,
    /// Keep sessions in the store only; each session of TLS 1.3 resumes once
    #[arg(long, hide_short_help = true)]
    pub(crate) no_tickets: bool,
    /// Take so many bytes before the handshake is done (0-RTT), from sessions in the store, each of
    /// which is taken once; in Redis when that has been connected for two minutes. 0 is none
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = 0,
        hide_short_help = true
    )]
    pub(crate) early_data: u32,
}

/// Which key issues when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rotation {
    /// A fresh one after each period.
    Every(Duration),
    /// The one of the epoch.
    ByClock(Duration),
}

fn rotation(text: &str) -> Result<Rotation, String> {
    let (rotation, time): (fn(Duration) -> Rotation, _) = match text.strip_prefix("clock:") {
        Some(time) => (Rotation::ByClock, time),
        None => (Rotation::Every, text),
    };
    match duration(time)? {
        period if period < Duration::from_secs(1) => Err("a second at least".to_owned()),
        period => Ok(rotation(period)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_is_a_time_or_the_clocks() {
        let hour = Duration::from_secs(3600);
        assert_eq!(rotation("1h"), Ok(Rotation::Every(hour)));
        assert_eq!(rotation("clock:60m"), Ok(Rotation::ByClock(hour)));
        for wrong in ["", "clock:", "clock", "0s", "10ms", "hourly"] {
            assert!(rotation(wrong).is_err(), "{wrong}");
        }
    }
}

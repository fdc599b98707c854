//! Workers that share sessions, several of them behind one port, and the clients that come to any
//! of them.

mod rate;
mod soak;
mod visit;
mod worker;

use std::str::FromStr;

pub(crate) use rate::run as rate;
pub(crate) use soak::run as soak;
pub(crate) use worker::run as worker;

use crate::{Error, Result};

/// How the workers of a fleet share sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Tickets under keys that all have.
    Tickets,
    /// Tickets under keys that turn by the clock, twice a second.
    Turning,
    /// Tickets under keys that the workers publish to each other.
    Published,
    /// Stateful sessions in one Redis.
    Redis,
}

impl FromStr for Sharing {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Ok(match name {
            "tickets" => Self::Tickets,
            "turning" => Self::Turning,
            "published" => Self::Published,
            "redis" => Self::Redis,
            _ => return Err(format!("there is no way to share {name:?}").into()),
        })
    }
}

//! The Redis backend against real servers, and against what is none.

#![allow(clippy::unwrap_used)]

mod away;
mod cluster;
mod patience;
mod refusing;
mod sentinel;
mod single;
mod strangers;

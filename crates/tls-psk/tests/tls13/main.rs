//! Both ends of TLS 1.3 in memory: what is agreed, what is refused, and with which alert.

#![allow(clippy::unwrap_used)]

mod ends;
mod two_ends;

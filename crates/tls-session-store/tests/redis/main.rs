//! The Redis backend against real servers, and against what is none.

#![allow(clippy::unwrap_used)]

mod single;

//! Keys that workers publish to one another through a store: a model of a fleet with its clocks, its
//! outages and its restarts, and the cases by name.

#![allow(clippy::unwrap_used)]

mod cases;
mod fleet;
mod model;
mod runtime;

//! Both ends of TLS 1.3 in memory: what is agreed, what is refused, and with which alert.

#![allow(clippy::unwrap_used)]

mod after_finished;
mod any_bytes;
mod bad_answers;
mod bad_hellos;
mod bit_flips;
mod decoy;
mod early_data;
mod ends;
mod message_orders;
mod retried_orders;
mod tickets;
mod two_ends;

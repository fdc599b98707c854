//! The record layer against a raw peer, against rustls and against RFC 8448.
#![allow(clippy::unwrap_used)]

mod alerts_page;
mod bit_flips;
mod closing;
mod conversation;
mod exporters;
mod faults;
mod key_limits;
mod key_updates;
mod raw_end;
mod record_sizes;
mod rfc8448;
mod rustls_end;

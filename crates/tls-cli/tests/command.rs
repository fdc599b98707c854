//! The real binary, against itself and against OpenSSL and curl.
#![allow(clippy::unwrap_used, reason = "a test ends where its set-up fails")]

#[path = "command/browser.rs"]
mod browser;
#[path = "command/certificates.rs"]
mod certificates;
#[path = "command/connect.rs"]
mod connect;
#[path = "command/early_data.rs"]
mod early_data;
#[path = "command/ends.rs"]
mod ends;
#[path = "command/exit_codes.rs"]
mod exit_codes;
#[path = "command/expiry.rs"]
mod expiry;
#[path = "command/json.rs"]
mod json;
#[path = "command/ocsp.rs"]
mod ocsp;
#[path = "command/passphrases.rs"]
mod passphrases;
#[path = "command/psk.rs"]
mod psk;
#[path = "command/psk_ends.rs"]
mod psk_ends;
#[path = "command/reload.rs"]
mod reload;
#[path = "command/serve.rs"]
mod serve;
#[path = "command/sessions.rs"]
mod sessions;
#[path = "command/stores.rs"]
mod stores;
#[path = "command/verify.rs"]
mod verify;

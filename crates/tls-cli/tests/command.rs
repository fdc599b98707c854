//! The real binary, against itself and against OpenSSL and curl.

#[path = "command/ends.rs"]
mod ends;
#[path = "command/certificates.rs"]
mod certificates;
#[path = "command/connect.rs"]
mod connect;
#[path = "command/exit_codes.rs"]
mod exit_codes;
#[path = "command/json.rs"]
mod json;
#[path = "command/serve.rs"]
mod serve;
#[path = "command/sessions.rs"]
mod sessions;

//! The command `tls`.

fn main() {}

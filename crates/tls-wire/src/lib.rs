//! tls-wire.

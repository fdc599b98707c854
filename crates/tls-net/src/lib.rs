//! tls-net.

//! tls-certs.

//! tls-context.

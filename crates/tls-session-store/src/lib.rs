//! tls-session-store.

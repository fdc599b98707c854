//! tls-record.

//! Why nothing fresh could be had.

use crate::{Error, FetchError};

/// Why nothing fresh could be had: for programs, and for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    pub(crate) text: String,
}

impl Failure {
    /// The same with the place where it happened.
    pub(super) fn at(self, place: &str) -> Self {
        Self {
            text: format!("{place}: {}", self.text),
            ..self
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            code: error.code(),
            text: error.to_string(),
        }
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Self {
            code: error.code(),
            text: error.to_string(),
        }
    }
}

impl From<tls_certs::Error> for Failure {
    fn from(error: tls_certs::Error) -> Self {
        Self {
            code: error.code(),
            text: error.to_string(),
        }
    }
}

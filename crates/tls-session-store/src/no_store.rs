//! The store that keeps nothing.

use std::time::Duration;

use crate::{Error, SessionStore};

/// Keeps nothing: every `put` succeeds and every look-up is a miss.
///
/// For servers that resume by ticket only, or not at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStore;

impl SessionStore for NoStore {
    async fn put(&self, _id: &[u8], _value: Vec<u8>, _ttl: Duration) -> Result<(), Error> {
        Ok(())
    }

    async fn put_new(&self, _id: &[u8], _value: Vec<u8>, _ttl: Duration) -> Result<bool, Error> {
        Ok(true)
    }

    async fn get(&self, _id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(None)
    }

    async fn take(&self, _id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(None)
    }

    async fn remove(&self, _id: &[u8]) -> Result<(), Error> {
        Ok(())
    }
}

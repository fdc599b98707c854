//! Where a server's keys come from: a table, or a question to something that takes its time.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use tls_wire::ProtocolVersion;

use crate::{PskIdentity, PskKey, PskKeys};

/// What is known when a server looks for a key: nothing of it is proven yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PskQuery {
    /// The identity as the client gave it.
    pub identity: PskIdentity,
    /// The version that the key will serve.
    pub version: ProtocolVersion,
    /// The server name that the client asked for.
    pub server_name: Option<Arc<str>>,
    /// Who calls.
    pub peer: Option<SocketAddr>,
}

impl PskQuery {
    /// A query for the key of `identity`; the rest is filled in by whoever knows it.
    #[must_use]
    pub const fn new(identity: PskIdentity, version: ProtocolVersion) -> Self {
        Self {
            identity,
            version,
            server_name: None,
            peer: None,
        }
    }
}

/// Why a look-up gave no answer.
pub type PskLookupError = Box<dyn StdError + Send + Sync>;

/// The keys of one identity, best first; none if it is unknown.
pub type PskAnswer = Result<Vec<PskKey>, PskLookupError>;

/// The answer to come.
pub type PskAnswerFuture = Pin<Box<dyn Future<Output = PskAnswer> + Send>>;

type Ask = dyn Fn(PskQuery) -> PskAnswerFuture + Send + Sync;

/// Finds the keys of an identity; boxed, and shared by its clones.
///
/// ```
/// use tls_psk::{PskIdentity, PskKey, PskKeys, PskLookup, PskQuery};
///
/// # async fn database(identity: PskIdentity) -> Result<Option<PskKey>, std::io::Error> { Ok(None) }
/// // One key or none, or a `Vec` of several.
/// let lookup = PskLookup::new(|query: PskQuery| database(query.identity));
///
/// let table = PskKeys::from_keys([(PskIdentity::new("gate-7")?, PskKey::generate(256)?)])?;
/// let lookup = PskLookup::from(table);
/// # Ok::<(), tls_psk::Error>(())
/// ```
#[derive(Clone)]
pub struct PskLookup {
    ask: Arc<Ask>,
    table: Option<PskKeys>,
}

impl PskLookup {
    /// Asks `lookup`, for each identity that could be one of its.
    pub fn new<F, Fut, K, E>(lookup: F) -> Self
    where
        F: Fn(PskQuery) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<K, E>> + Send + 'static,
        K: IntoIterator<Item = PskKey>,
        E: Into<PskLookupError>,
    {
        Self {
            ask: Arc::new(move |query| {
                let answer = lookup(query);
                Box::pin(async move {
                    let keys = answer.await.map_err(Into::into)?;
                    Ok(keys.into_iter().collect())
                })
            }),
            table: None,
        }
    }

    /// The keys of `query`'s identity.
    ///
    /// # Errors
    ///
    /// What the look-up failed with; a table never does.
    pub async fn find(&self, query: PskQuery) -> PskAnswer {
        match self.find_now(&query) {
            Some(keys) => Ok(keys),
            None => (self.ask)(query).await,
        }
    }

    /// The keys of `query`'s identity if they can be had without waiting: from a table.
    #[must_use]
    pub fn find_now(&self, query: &PskQuery) -> Option<Vec<PskKey>> {
        let table = self.table.as_ref()?;
        Some(table.find(&query.identity, query.version))
    }

    /// The table that is asked, if it is one.
    #[must_use]
    pub fn table(&self) -> Option<&PskKeys> {
        self.table.as_ref()
    }
}

impl From<PskKeys> for PskLookup {
    fn from(table: PskKeys) -> Self {
        let asked = table.clone();
        Self {
            ask: Arc::new(move |query| {
                let keys = asked.find(&query.identity, query.version);
                Box::pin(std::future::ready(Ok(keys)))
            }),
            table: Some(table),
        }
    }
}

impl fmt::Debug for PskLookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PskLookup")
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(lookup: &PskLookup, identity: &str) -> PskAnswer {
        let identity = PskIdentity::new(identity).unwrap();
        lookup
            .find(PskQuery::new(identity, ProtocolVersion::Tls12))
            .await
    }

    #[tokio::test]
    async fn one_key_several_or_an_error() {
        let key = PskKey::from_bytes(&[7; 16]).unwrap();
        let one = key.clone();
        let lookup = PskLookup::new(move |query: PskQuery| {
            let found = (query.identity.as_bytes() == b"a").then(|| one.clone());
            async move { Ok::<_, std::io::Error>(found) }
        });
        assert_eq!(
            ask(&lookup, "a").await.unwrap().as_slice(),
            std::slice::from_ref(&key)
        );
        assert_eq!(ask(&lookup, "b").await.unwrap(), []);
        let several = PskLookup::new(move |_| {
            let keys = vec![key.clone(), key.clone()];
            async move { Ok::<_, std::io::Error>(keys) }
        });
        assert_eq!(ask(&several, "a").await.unwrap().len(), 2);
        let failing = PskLookup::new(|_| async { Err::<Vec<_>, _>("the database is away") });
        let error = ask(&failing, "a").await.unwrap_err();
        assert_eq!(error.to_string(), "the database is away");
    }

    #[tokio::test]
    async fn a_table_answers_at_once() {
        let identity = PskIdentity::new("a").unwrap();
        let table = PskKeys::from_keys([(identity.clone(), PskKey::generate(128).unwrap())]);
        let lookup = PskLookup::from(table.unwrap());
        let query = PskQuery::new(identity, ProtocolVersion::Tls12);
        assert_eq!(lookup.find_now(&query).unwrap().len(), 1);
        assert_eq!(ask(&lookup, "a").await.unwrap().len(), 1);
    }
}

//! The keys that servers publish to each other through a store.

use std::time::Duration;

use jiff::Timestamp;
use tls::sessions::{Error as StoreError, ListedKey, RedisStore, SharedSecret, TicketKeys};

use super::ShownKey;
use crate::error::{Error, Result};
use crate::flags::StoreFlags;
use crate::message;
use crate::settings::store;

/// For the store to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is published there now. Writes nothing.
pub(super) fn show(flags: &StoreFlags) -> Result<Vec<ShownKey>> {
    let (store, secret) = open(flags)?;
    Ok(listed(store, secret)?.map(ShownKey::from).collect())
}

/// Publishes another key; after how long it issues.
pub(super) fn rotate(flags: &StoreFlags, lifetime: Duration, period: Duration) -> Result<Duration> {
    let (store, secret) = open(flags)?;
    if listed(store.clone(), secret.clone())?.next().is_none() {
        message::warn(
            "no ticket keys were published there under this secret; is it that of the servers?",
        );
    }
    let keys = TicketKeys::published(store, secret)?
        .with_lifetime(lifetime)
        .rotate_every(period);
    run(keys.rotate_fleet())
}

fn listed(store: RedisStore, secret: SharedSecret) -> Result<impl Iterator<Item = ListedKey>> {
    let keys = TicketKeys::published(store, secret)?;
    // Of this process, which publishes nothing.
    let own = keys.names();
    run(keys.look())?;
    let listed = keys.list().into_iter();
    Ok(listed.filter(move |key| !own.contains(&key.name)))
}

fn open(flags: &StoreFlags) -> Result<(RedisStore, SharedSecret)> {
    match (store::open(flags)?, store::secret(flags)?) {
        (Some(store), Some(secret)) => Ok((store, secret)),
        (None, _) => Err(Error::usage(
            "keys in memory are those of one process",
            "give the store that the servers share: --session-store redis://HOST",
        )),
        (_, None) => Err(Error::usage(
            "the keys in a store are sealed, and there is no secret to open them",
            "give the servers' --session-secret FILE",
        )),
    }
}

fn run<T>(asked: impl Future<Output = Result<T, StoreError>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|source| Error::System {
        what: "can't start the runtime",
        source,
    })?;
    let answer = runtime.block_on(async { tokio::time::timeout(PATIENCE, asked).await });
    let late = StoreError::StoreLate { limit: PATIENCE };
    Ok(answer.unwrap_or(Err(late))?)
}

impl From<ListedKey> for ShownKey {
    fn from(key: ListedKey) -> Self {
        let time = |time: Duration| {
            let seconds = i64::try_from(time.as_secs()).ok()?;
            Timestamp::from_second(seconds).ok()
        };
        Self {
            name: key.name.iter().map(|byte| format!("{byte:02x}")).collect(),
            state: key.state.as_str(),
            since: key.issues_from.and_then(time),
            retired: key.retired.and_then(time),
        }
    }
}

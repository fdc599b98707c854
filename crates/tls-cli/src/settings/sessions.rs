//! Where sessions are kept and under which keys tickets are sealed.

use std::path::Path;
use std::time::Duration;

use tls::net::AcceptorBuilder;
use tls::sessions::{MemoryStore, RedisState, RedisStore, SharedSecret, TicketKeys};

use super::reloads::Reloads;
use super::store;
use crate::error::{Error, Result};
use crate::flags::{Rotation, SessionFlags};
use crate::message;
use crate::secret::SecretSource;

/// How often another ticket key issues, unless told otherwise.
const ROTATION: Duration = Duration::from_secs(3600);

/// How long a start may be delayed by a store that is away.
const PREPARATION: Duration = Duration::from_millis(500);

/// What a server keeps of its clients.
pub(crate) struct Sessions {
    store: Option<RedisStore>,
    secret: SharedSecret,
    keys: Option<TicketKeys>,
    early_data: u32,
    /// Of one handshake for the store.
    timeout: Duration,
    pub(crate) summary: Summary,
}

/// The same in words.
#[derive(Clone, Debug)]
pub(crate) struct Summary {
    /// `memory`, `redis`, `redis-sentinel` or `redis-cluster`.
    pub(crate) backend: &'static str,
    pub(crate) tickets: Tickets,
    pub(crate) early_data: u32,
}

/// Who decides which ticket key issues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tickets {
    Off,
    /// Whoever writes the file or variable.
    Given,
    /// This process, for itself.
    Own(Duration),
    /// The workers together, through the store.
    Published(Duration),
    ByClock(Duration),
}

impl Tickets {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Given => "given",
            Self::Own(_) => "own",
            Self::Published(_) => "published",
            Self::ByClock(_) => "by_clock",
        }
    }

    pub(crate) fn period(self) -> Option<Duration> {
        match self {
            Self::Off | Self::Given => None,
            Self::Own(period) | Self::Published(period) | Self::ByClock(period) => Some(period),
        }
    }
}

impl Sessions {
    pub(super) fn of(flags: &SessionFlags, reloads: &mut Reloads) -> Result<Self> {
        let store = store::open(&flags.store)?;
        let given = store::secret(&flags.store)?;
        if store.is_some() && given.is_none() {
            return Err(Error::usage(
                "a store that workers share needs a secret that they share",
                "give --session-secret FILE; make one with: (umask 077; openssl rand -hex 32 > FILE)",
            ));
        }
        let address = flags.store.session_store.as_ref();
        let backend = address.map_or("memory", |address| address.backend());
        if flags.early_data > 0 && !matches!(backend, "memory" | "redis") {
            message::warn(
                "with sentinels or a cluster early data is always refused: a failover may bring back \
                 a session that was taken",
            );
        }
        let (keys, tickets) = ticket_keys(flags, store.as_ref(), given.as_ref())?;
        let secret = match given {
            Some(secret) => secret,
            None => SharedSecret::generate()?,
        };
        if let Some(file) = file(flags.store.session_secret.as_ref()) {
            reloads.secret(file, &secret);
        }
        if let (Some(file), Some(keys)) = (file(flags.ticket_keys.as_ref()), &keys) {
            reloads.ticket_keys(file, keys);
        }
        Ok(Self {
            store,
            secret,
            early_data: flags.early_data,
            timeout: flags.session_store_timeout,
            summary: Summary {
                backend,
                tickets,
                early_data: flags.early_data,
            },
            keys,
        })
    }

    /// Whether other processes resume what this one makes.
    pub(crate) fn are_shared(&self) -> bool {
        self.store.is_some() || matches!(self.summary.tickets, Tickets::Given | Tickets::ByClock(_))
    }

    /// The store that workers share.
    pub(crate) fn shared_store(&self) -> Option<&RedisStore> {
        self.store.as_ref()
    }

    /// Waits a moment for the store, and for the ticket keys of the other workers, so that the first
    /// client here can come back anywhere. If they come later, they come by themselves.
    pub(crate) async fn prepare(&self) {
        let Some(store) = &self.store else { return };
        let ready = async {
            store.connect();
            let mut states = store.states();
            let begins =
                |state: &RedisState| matches!(state, RedisState::Unused | RedisState::Connecting);
            let _ = states.wait_for(|state| !begins(state)).await;
            if let (Some(keys), Tickets::Published(_)) = (&self.keys, self.summary.tickets) {
                // The store's state is told elsewhere.
                let _ = keys.sync().await;
            }
        };
        let _ = tokio::time::timeout(PREPARATION, ready).await;
    }

    pub(super) fn apply(&self, acceptor: AcceptorBuilder) -> AcceptorBuilder {
        let secret = self.secret.clone();
        let mut acceptor = match &self.store {
            Some(store) => acceptor.sessions(store.clone(), secret),
            // Ids of TLS 1.2 for those who take no tickets.
            None => acceptor.sessions(MemoryStore::new(), secret),
        };
        if let Some(keys) = &self.keys {
            acceptor = acceptor.ticket_keys(keys.clone());
        }
        acceptor
            .early_data(self.early_data)
            .store_timeout(self.timeout)
    }
}

fn file(source: Option<&SecretSource>) -> Option<&Path> {
    source.and_then(SecretSource::file)
}

fn ticket_keys(
    flags: &SessionFlags,
    store: Option<&RedisStore>,
    secret: Option<&SharedSecret>,
) -> Result<(Option<TicketKeys>, Tickets)> {
    if flags.no_tickets {
        return Ok((None, Tickets::Off));
    }
    if let Some(source) = &flags.ticket_keys {
        let keys = match source {
            SecretSource::File(file) => TicketKeys::watch_file(file)?,
            SecretSource::Env(name) => TicketKeys::from_env(name)?,
        };
        return Ok((Some(keys), Tickets::Given));
    }
    let rotation = flags.ticket_rotation.unwrap_or(Rotation::Every(ROTATION));
    let (keys, tickets) = match (rotation, store, secret) {
        (Rotation::ByClock(period), _, Some(secret)) => {
            let keys = TicketKeys::by_clock(secret.clone(), period)?;
            (keys, Tickets::ByClock(period))
        }
        (Rotation::ByClock(_), _, None) => {
            return Err(Error::usage(
                "ticket keys by the clock follow from a secret, and there is none",
                "give --session-secret FILE, alike on all workers",
            ));
        }
        (Rotation::Every(period), Some(store), Some(secret)) => {
            let keys = TicketKeys::published(store.clone(), secret.clone())?;
            let keys = keys.rotate_every(period).spawn()?;
            (keys, Tickets::Published(period))
        }
        (Rotation::Every(period), ..) => {
            let keys = TicketKeys::generate()?.rotate_every(period);
            (keys, Tickets::Own(period))
        }
    };
    Ok((Some(keys), tickets))
}

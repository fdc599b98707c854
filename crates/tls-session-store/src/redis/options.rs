//! What can be set about a [`RedisStore`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::RedisConnectionInfo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};

use super::address::{Address, Place, Topology, refused};
use super::dialer::{Dialer, Tls};
use super::link::{Backoff, Target};
use super::sentinel::Sentinels;
use super::state::OnState;
use super::{RedisState, RedisStore};
use crate::Error;
use crate::limits::{
    DEFAULT_REDIS_CALLS, DEFAULT_REDIS_LIMIT, DEFAULT_REDIS_PREFIX, MAX_REDIS_BACKOFF,
    MIN_REDIS_BACKOFF,
};

/// Longer times are as good as this one, and some do not fit into a clock.
const A_DAY: Duration = Duration::from_secs(86_400);

/// How to reach Redis, and how to use it. Begins with a URL; [`open`](Self::open) makes the store.
///
/// | URL | means |
/// |---|---|
/// | `redis://[USER[:PASSWORD]@]HOST[:6379][/DATABASE]` | one server |
/// | `rediss://…` | the same over TLS |
/// | `redis+sentinel://HOST[:26379],HOST…/MASTER[/DATABASE]` | the primary that sentinels name (`rediss+sentinel` over TLS) |
/// | `redis-cluster://HOST[:6379],HOST…` | a cluster, of which these are some nodes (`rediss-cluster` over TLS) |
/// | `unix:/PATH[?db=N&user=U&pass=P]`, also `redis+unix:` | one server at a Unix socket |
///
/// Special characters of a user or password are written as `%XX`. A URL in a command line or an
/// environment can be seen by others: give the password apart.
///
/// ```
/// use std::time::Duration;
/// use tls_session_store::RedisOptions;
///
/// # fn main() -> Result<(), tls_session_store::Error> {
/// let store = RedisOptions::from_url("redis-cluster://10.0.0.5,10.0.0.6")?
///     .user("sessions")
///     .password("from a file of secrets")
///     .prefix("shop:tls:")
///     .time_limit(Duration::from_millis(500))
///     .on_state(|state| println!("sessions in Redis: {}", state.name()))
///     .open()?;
/// assert_eq!(store.state().name(), "unused");
/// # Ok(())
/// # }
/// ```
pub struct RedisOptions {
    address: Address,
    sentinel_login: RedisConnectionInfo,
    prefix: Vec<u8>,
    limit: Duration,
    calls: usize,
    backoff: Backoff,
    tls: TlsOptions,
    on_state: Option<OnState>,
}

#[derive(Default)]
struct TlsOptions {
    config: Option<Arc<ClientConfig>>,
    roots: Option<RootCertStore>,
    server_name: Option<ServerName<'static>>,
}

/// What a store needs to begin.
pub(super) struct Setup {
    pub(super) servers: Servers,
    pub(super) dialer: Dialer,
    pub(super) backoff: Backoff,
}

/// The servers, not yet called.
pub(super) enum Servers {
    One(OneServer),
    Cluster(Vec<Place>),
}

/// What a single link is made from.
pub(super) enum OneServer {
    At(Place),
    Sentinels {
        places: Vec<Place>,
        master: String,
        dialer: Dialer,
    },
}

impl RedisOptions {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`Error::StoreUrl`] for whatever is not understood. What was given is not repeated in it.
    pub fn from_url(url: &str) -> Result<Self, Error> {
        Ok(Self {
            address: Address::parse(url)?,
            sentinel_login: RedisConnectionInfo::default(),
            prefix: DEFAULT_REDIS_PREFIX.as_bytes().to_vec(),
            limit: DEFAULT_REDIS_LIMIT,
            calls: DEFAULT_REDIS_CALLS,
            backoff: Backoff {
                min: MIN_REDIS_BACKOFF,
                max: MAX_REDIS_BACKOFF,
            },
            tls: TlsOptions::default(),
            on_state: None,
        })
    }

    /// What stands before each id in the names of keys; `tls:` unless set. All workers of a fleet have
    /// the same.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<Vec<u8>>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The number of the database, instead of that in the URL. A cluster has number 0 only.
    #[must_use]
    pub fn database(mut self, number: u32) -> Self {
        self.address.login = self.address.login.set_db(number.into());
        self
    }

    /// The user (Redis 6 and later), instead of that in the URL.
    #[must_use]
    pub fn user(mut self, user: &str) -> Self {
        self.address.login = self.address.login.set_username(user);
        self
    }

    /// The password, instead of that in the URL. It stays in memory as long as the store, since each
    /// connection is made with it.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.address.login = self.address.login.set_password(password);
        self
    }

    /// The user at the sentinels, which know nothing of those of the servers that they watch.
    #[must_use]
    pub fn sentinel_user(mut self, user: &str) -> Self {
        self.sentinel_login = self.sentinel_login.set_username(user);
        self
    }

    /// The password of the sentinels. None is sent unless set here.
    #[must_use]
    pub fn sentinel_password(mut self, password: &str) -> Self {
        self.sentinel_login = self.sentinel_login.set_password(password);
        self
    }

    /// How long a call may take, a second unless set; it then fails as
    /// [`Error::StoreLate`], and the connection is made anew. A handshake waits less than that: its
    /// own limit is the accept pipeline's. At most a day.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limit = limit.min(A_DAY);
        self
    }

    /// How many calls may wait for Redis at once, 4,096 unless set; one more fails at once.
    #[must_use]
    pub fn max_calls(mut self, calls: usize) -> Self {
        self.calls = calls.clamp(1, tokio::sync::Semaphore::MAX_PERMITS);
        self
    }

    /// The shortest and the longest time between two attempts to connect, 50 ms and 2 s unless set. The
    /// time doubles with each failure, and a random part of up to as much again is added. A connection
    /// that held for longer than `max` is made anew without delay. Between a millisecond and a day.
    #[must_use]
    pub fn reconnect(mut self, min: Duration, max: Duration) -> Self {
        let min = min.clamp(Duration::from_millis(1), A_DAY);
        let max = max.clamp(min, A_DAY);
        self.backoff = Backoff { min, max };
        self
    }

    /// Whom to trust for `rediss` URLs, instead of the system's store.
    #[must_use]
    pub fn tls_roots(mut self, roots: RootCertStore) -> Self {
        self.tls.roots = Some(roots);
        self
    }

    /// How to speak TLS for `rediss` URLs, client certificate included. The process-wide provider of
    /// rustls plays no part, with or without this.
    #[must_use]
    pub fn tls_config(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls.config = Some(config);
        self
    }

    /// The name in the servers' certificates, if it is not the host of their address. Sentinels and
    /// clusters name servers by IP address, unless told otherwise.
    #[must_use]
    pub fn tls_server_name(mut self, name: ServerName<'static>) -> Self {
        self.tls.server_name = Some(name);
        self
    }

    /// Is told each change of the store's state, for a metric or a log of one's own. It must not
    /// block, nor ask the store for anything but its [`state`](RedisStore::state). A `tracing` event
    /// per change is there without it.
    #[must_use]
    pub fn on_state(mut self, told: impl Fn(&RedisState) + Send + Sync + 'static) -> Self {
        self.on_state = Some(Box::new(told));
        self
    }

    /// The store. It connects when it is first used, or told to ([`RedisStore::connect`]); a Redis that
    /// is down is no reason not to start.
    ///
    /// # Errors
    /// [`Error::StoreUrl`] if a cluster was given a database, or TLS was set up for a URL without it;
    /// [`Error::StoreTls`] if the system has no trust anchors and none were given.
    pub fn open(self) -> Result<RedisStore, Error> {
        let has_tls_options =
            self.tls.config.is_some() || self.tls.roots.is_some() || self.tls.server_name.is_some();
        if has_tls_options && !self.address.over_tls {
            return Err(refused(
                "TLS is set up, but the scheme is not one of rediss",
            ));
        }
        let tls = self
            .address
            .over_tls
            .then(|| self.tls.build())
            .transpose()?;
        let dialer = |login| Dialer {
            tls: tls.clone(),
            login,
            queue: self.calls.min(DEFAULT_REDIS_CALLS),
        };
        let servers = match self.address.topology {
            Topology::Single(place) => Servers::One(OneServer::At(place)),
            Topology::Sentinel {
                sentinels: places,
                master,
            } => Servers::One(OneServer::Sentinels {
                places,
                master,
                dialer: dialer(self.sentinel_login),
            }),
            Topology::Cluster { .. } if self.address.login.db() != 0 => {
                return Err(refused("a cluster has database 0 only"));
            }
            Topology::Cluster { seeds } => Servers::Cluster(seeds),
        };
        let setup = Setup {
            servers,
            dialer: dialer(self.address.login),
            backoff: self.backoff,
        };
        Ok(RedisStore::with_setup(
            setup,
            self.prefix,
            self.limit,
            self.calls,
            self.on_state,
        ))
    }
}

impl OneServer {
    /// Whether nothing takes its place when it fails.
    pub(super) fn is_alone(&self) -> bool {
        matches!(self, Self::At(_))
    }

    pub(super) fn target(&self) -> Target {
        match self {
            Self::At(place) => Target::Server(place.clone()),
            Self::Sentinels {
                places,
                master,
                dialer,
            } => Target::Primary(Sentinels {
                places: places.clone(),
                master: master.clone(),
                dialer: dialer.clone(),
            }),
        }
    }
}

impl TlsOptions {
    fn build(self) -> Result<Tls, Error> {
        let config = match (self.config, self.roots) {
            (Some(config), _) => config,
            (None, Some(roots)) => client_config(roots)?,
            (None, None) => client_config(system_roots()?)?,
        };
        Ok(Tls {
            config,
            server_name: self.server_name,
        })
    }
}

fn client_config(roots: RootCertStore) -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::StoreTls(Box::new(error)))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn system_roots() -> Result<RootCertStore, Error> {
    let mut found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.pop().map_or_else(
            || "the system's store is empty; set SSL_CERT_FILE, or give roots".into(),
            |error| Box::new(error).into(),
        );
        return Err(Error::StoreTls(why));
    }
    Ok(roots)
}

impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions")
            .field("topology", &self.address.topology)
            .field("over_tls", &self.address.over_tls)
            .field("database", &self.address.login.db())
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

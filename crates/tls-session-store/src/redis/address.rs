//! Which Redis a URL means.

use std::fmt;
use std::path::PathBuf;

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo};

use crate::Error;

/// Where sentinels listen unless told otherwise.
const SENTINEL_PORT: u16 = 26379;

/// One server's place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// How the servers belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Topology {
    Single(Place),
    Sentinel {
        sentinels: Vec<Place>,
        master: String,
    },
    Cluster {
        seeds: Vec<Place>,
    },
}

/// What a URL says.
pub(super) struct Address {
    pub(super) topology: Topology,
    pub(super) over_tls: bool,
    pub(super) login: RedisConnectionInfo,
}

/// What the scheme says.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Single,
    Sentinel,
    Cluster,
    Unix,
}

const SCHEMES: &[(&str, Kind, bool)] = &[
    ("redis", Kind::Single, false),
    ("rediss", Kind::Single, true),
    ("redis+sentinel", Kind::Sentinel, false),
    ("rediss+sentinel", Kind::Sentinel, true),
    ("redis-cluster", Kind::Cluster, false),
    ("rediss-cluster", Kind::Cluster, true),
    ("unix", Kind::Unix, false),
    ("redis+unix", Kind::Unix, false),
];

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        let (scheme, rest) = url
            .split_once(':')
            .ok_or_else(|| refused("a scheme is missing: redis://HOST"))?;
        let known = SCHEMES
            .iter()
            .find(|(name, ..)| scheme.eq_ignore_ascii_case(name));
        let Some(&(_, kind, over_tls)) = known else {
            return Err(refused(
                "the scheme is none of redis, rediss, redis+sentinel, rediss+sentinel, \
                 redis-cluster, rediss-cluster, unix, redis+unix",
            ));
        };
        if kind == Kind::Unix {
            return Self::parse_unix(rest);
        }
        let rest = rest
            .strip_prefix("//")
            .ok_or_else(|| refused("// is missing after the scheme"))?;
        let servers = Servers::parse(rest, kind)?;
        let (topology, database) = servers.topology(kind)?;
        Ok(Self {
            topology,
            over_tls,
            login: servers.login.set_db(database),
        })
    }

    /// `unix:/path`, `unix:///path`, with `?db=`, `user=` and `pass=`, as the Redis client has it.
    fn parse_unix(rest: &str) -> Result<Self, Error> {
        let url = redis::parse_redis_url(&format!("unix:{rest}"))
            .ok_or_else(|| refused("it is not a URL"))?;
        let known = |key: &str| ["db", "user", "pass"].contains(&key);
        if !url.query_pairs().all(|(key, _)| known(&key)) {
            return Err(refused("after ? only db=, user= and pass= are known"));
        }
        if url.fragment().is_some() {
            return Err(refused("there is nothing that # could mean"));
        }
        let info = into_info(url)?;
        let ConnectionAddr::Unix(path) = info.addr() else {
            return Err(refused("the path of the socket is missing"));
        };
        Ok(Self {
            topology: Topology::Single(Place::Unix(path.clone())),
            over_tls: false,
            login: checked_database(info.redis_settings().clone())?,
        })
    }
}

/// The part after `//`: who logs in, where, and what comes behind.
struct Servers {
    login: RedisConnectionInfo,
    places: Vec<Place>,
    path: Vec<String>,
}

impl Servers {
    /// A URL has one host, so each of the hosts gets one of its own for the Redis client to read.
    fn parse(rest: &str, kind: Kind) -> Result<Self, Error> {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, behind) = rest.split_at(end);
        let (login, hosts) = match authority.rsplit_once('@') {
            Some((login, hosts)) => (format!("{login}@"), hosts),
            None => (String::new(), authority),
        };
        let mut path: Vec<String> = Vec::new();
        let mut info: Option<ConnectionInfo> = None;
        let mut places = Vec::new();
        for host in hosts.split(',') {
            let url = redis::parse_redis_url(&format!("redis://{login}{host}{behind}"))
                .ok_or_else(|| {
                    refused(
                        "host, port, user or password is malformed; special \
                                        characters of a password are written as %XX",
                    )
                })?;
            if url.query().is_some() || url.fragment().is_some() {
                return Err(refused("there is nothing that ? or # could mean"));
            }
            path = url
                .path()
                .split('/')
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect();
            let mut bare = url.clone();
            bare.set_path("");
            let read = into_info(bare)?;
            places.push(place(&read, url.port(), kind)?);
            info = Some(read);
        }
        let login = info.ok_or_else(|| refused("a host is missing"))?;
        Ok(Self {
            login: login.redis_settings().clone(),
            places,
            path,
        })
    }

    fn topology(&self, kind: Kind) -> Result<(Topology, i64), Error> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        match (kind, &*self.places, &*path) {
            (Kind::Single, [place], []) => Ok((Topology::Single(place.clone()), 0)),
            (Kind::Single, [place], [database]) => {
                Ok((Topology::Single(place.clone()), parse_database(database)?))
            }
            (Kind::Single, [_], _) => Err(refused("the path is more than a database number")),
            (Kind::Single, ..) => Err(refused(
                "several hosts are redis-cluster:// or redis+sentinel://",
            )),
            (Kind::Sentinel, places, [master, database @ ..]) if database.len() <= 1 => {
                let sentinel = Topology::Sentinel {
                    sentinels: places.to_vec(),
                    master: (*master).to_owned(),
                };
                let database = database
                    .first()
                    .map_or(Ok(0), |text| parse_database(text))?;
                Ok((sentinel, database))
            }
            (Kind::Sentinel, ..) => Err(refused("the path is /MASTER or /MASTER/DATABASE")),
            (Kind::Cluster, places, []) => {
                let seeds = places.to_vec();
                Ok((Topology::Cluster { seeds }, 0))
            }
            (Kind::Cluster, ..) => Err(refused("a cluster has one database and no path")),
            (Kind::Unix, ..) => Err(refused("a socket has no host")),
        }
    }
}

fn place(info: &ConnectionInfo, port: Option<u16>, kind: Kind) -> Result<Place, Error> {
    let ConnectionAddr::Tcp(host, default_port) = info.addr() else {
        return Err(refused("a host is missing"));
    };
    let default_port = if kind == Kind::Sentinel {
        SENTINEL_PORT
    } else {
        *default_port
    };
    Ok(Place::Tcp {
        host: host.clone(),
        port: port.unwrap_or(default_port),
    })
}

/// The client's own words may quote what it was given, so they are not passed on.
fn into_info(url: impl IntoConnectionInfo) -> Result<ConnectionInfo, Error> {
    url.into_connection_info()
        .map_err(|_| refused("host, path, user, password or database number is malformed"))
}

fn parse_database(text: &str) -> Result<i64, Error> {
    let number: u32 = text
        .parse()
        .map_err(|_| refused("the database is not a number"))?;
    Ok(number.into())
}

fn checked_database(login: RedisConnectionInfo) -> Result<RedisConnectionInfo, Error> {
    if login.db() < 0 {
        return Err(refused("the database is not a number"));
    }
    Ok(login)
}

pub(super) fn refused(reason: &'static str) -> Error {
    Error::StoreUrl { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16) -> Place {
        Place::Tcp {
            host: host.to_owned(),
            port,
        }
    }

    fn parse(url: &str) -> Address {
        Address::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    #[test]
    fn urls_of_one_server() {
        for (url, place, database, over_tls) in [
            ("redis://cache", tcp("cache", 6379), 0, false),
            ("REDIS://cache:7000/", tcp("cache", 7000), 0, false),
            ("rediss://10.0.0.5:7000/3", tcp("10.0.0.5", 7000), 3, true),
            ("redis://[::1]:7000/15", tcp("::1", 7000), 15, false),
            (
                "unix:/run/redis.sock",
                Place::Unix("/run/redis.sock".into()),
                0,
                false,
            ),
            (
                "unix:///run/redis.sock?db=2",
                Place::Unix("/run/redis.sock".into()),
                2,
                false,
            ),
            (
                "redis+unix:///run/r.sock",
                Place::Unix("/run/r.sock".into()),
                0,
                false,
            ),
        ] {
            let address = parse(url);
            assert_eq!(address.topology, Topology::Single(place), "{url}");
            assert_eq!(address.login.db(), database, "{url}");
            assert_eq!(address.over_tls, over_tls, "{url}");
        }
    }

    #[test]
    fn urls_of_several_servers() {
        let sentinels = vec![tcp("a", 26379), tcp("b", 7001), tcp("::1", 26379)];
        let address = parse("redis+sentinel://u:p%2Fw@a,b:7001,[::1]/main/4");
        let master = "main".to_owned();
        assert_eq!(address.topology, Topology::Sentinel { sentinels, master });
        assert_eq!(address.login.db(), 4);
        assert_eq!(address.login.username(), Some("u"));
        assert_eq!(address.login.password(), Some("p/w"));
        let seeds = vec![tcp("a", 6379), tcp("b", 7001)];
        let address = parse("rediss-cluster://:pw@a,b:7001");
        assert_eq!(address.topology, Topology::Cluster { seeds });
        assert!(address.over_tls);
        assert_eq!(address.login.username(), None);
        assert_eq!(address.login.password(), Some("pw"));
    }

    #[test]
    fn socket_urls_carry_a_login_too() {
        let login = parse("unix:/run/r.sock?user=u&pass=p%20w").login;
        assert_eq!(login.username(), Some("u"));
        assert_eq!(login.password(), Some("p w"));
    }

    #[test]
    fn what_is_not_understood_is_refused_and_never_repeated() {
        for url in [
            "",
            "hunter2",
            "http://u:hunter2@host",
            "redis:u:hunter2@host",
            "redis://u:hunter2@",
            "redis://u:hunter2@host:port",
            "redis://u:hunter2@host:70000",
            "redis://u:hunter2@host/x",
            "redis://u:hunter2@host/-1",
            "redis://u:hunter2@host/1/2",
            "redis://u:hunter2@host?protocol=resp3",
            "redis://u:hunter2@host#insecure",
            "redis://u:hunter2@a,b",
            "redis://u:hunter2/x@host",
            "redis://u:hunter2@0.0.0.0",
            "redis+sentinel://u:hunter2@a,b",
            "redis+sentinel://u:hunter2@a,b/main/0/x",
            "redis+sentinel://u:hunter2@a,,b/main",
            "redis-cluster://u:hunter2@a,b/1",
            "unix:?pass=hunter2",
            "unix:/run/r.sock?pass=hunter2&colour=red",
            "unix:/run/r.sock?pass=hunter2&db=-1",
            "unix:/run/r.sock?pass=hunter2&db=x",
        ] {
            let Err(error) = Address::parse(url) else {
                panic!("{url} was taken")
            };
            assert_eq!(error.code(), "store_url", "{url}");
            let told = format!("{error} {error:?}");
            assert!(!told.contains("hunter2"), "{url}: {told}");
        }
    }
}

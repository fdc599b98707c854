//! The address of a session store, which may hold a password.

use std::convert::Infallible;
use std::fmt;

use zeroize::Zeroizing;

/// What `--session-store` says.
#[derive(Clone)]
pub(crate) struct StoreAddress(Zeroizing<String>);

impl StoreAddress {
    /// For clap. Cannot fail: clap's own message would repeat the address.
    pub(crate) fn parse(text: &str) -> Result<Self, Infallible> {
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The kind of store, for showing: `memory`, `redis`, `redis-sentinel`, `redis-cluster`.
    pub(crate) fn backend(&self) -> &'static str {
        let scheme = self.0.split(':').next().unwrap_or_default();
        match scheme.to_ascii_lowercase().as_str() {
            "memory" => "memory",
            "redis+sentinel" | "rediss+sentinel" => "redis-sentinel",
            "redis-cluster" | "rediss-cluster" => "redis-cluster",
            _ => "redis",
        }
    }

    pub(crate) fn is_memory(&self) -> bool {
        self.backend() == "memory"
    }

    /// Whether there is a password in it: `//USER:PASSWORD@`, or `pass=` of a socket.
    pub(crate) fn has_password(&self) -> bool {
        let (address, query) = self.0.split_once('?').unwrap_or((&self.0, ""));
        let login = address
            .split_once("//")
            .and_then(|(_, rest)| Some(rest.rsplit_once('@')?.0));
        let in_login = login.and_then(|login| Some(login.split_once(':')?.1));
        let in_query = query.split('&').find_map(|pair| pair.strip_prefix("pass="));
        [in_login, in_query]
            .into_iter()
            .flatten()
            .any(|password| !password.is_empty())
    }
}

/// Without what may be a password.
impl fmt::Debug for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.backend())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_kind_and_shows_no_password() {
        for (text, backend, has_password) in [
            ("memory", "memory", false),
            ("redis://a", "redis", false),
            ("redis://u@a:7000/1", "redis", false),
            ("REDISS://u:hunter2@a", "redis", true),
            ("redis://:hunter2@a", "redis", true),
            ("redis://u:hunter2@2@a", "redis", true),
            ("redis+sentinel://a,b/m", "redis-sentinel", false),
            ("rediss-cluster://:hunter2@a,b", "redis-cluster", true),
            ("unix:/run/r.sock?db=1", "redis", false),
            ("unix:/run/r.sock?user=u&pass=hunter2", "redis", true),
        ] {
            let address = StoreAddress::parse(text).unwrap();
            assert_eq!(
                (address.backend(), address.has_password()),
                (backend, has_password),
                "{text}"
            );
            assert!(!format!("{address:?}").contains("hunter2"));
        }
    }
}

//! How files are watched, and how strict the checks before a swap are.

use std::time::Duration;

use crate::SecurityLevel;

/// How often files are looked at unless set: a change is in use some four seconds later.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(2);

/// How files are watched, and what a new value must keep of the old.
#[derive(Clone, Debug)]
#[must_use]
pub struct WatchOptions {
    /// `None`: no thread; the program calls [`Watched::tick`](crate::Watched::tick) itself.
    pub(crate) interval: Option<Duration>,
    pub(crate) lost_names: bool,
    pub(crate) level: SecurityLevel,
}

impl Default for WatchOptions {
    /// Every two seconds; a new certificate covers the names of the old.
    fn default() -> Self {
        Self {
            interval: Some(DEFAULT_INTERVAL),
            lost_names: false,
            level: SecurityLevel::Zero,
        }
    }
}

impl WatchOptions {
    /// No thread: [`Watched::tick`](crate::Watched::tick) or
    /// [`Watched::reload`](crate::Watched::reload) is called by the program.
    pub fn manual() -> Self {
        Self {
            interval: None,
            ..Self::default()
        }
    }

    /// Time between two looks at the files; 2 s unless set, at least 10 ms.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval.max(Duration::from_millis(10)));
        self
    }

    /// Whether a new certificate may lack names that the old one has; not unless set, since
    /// clients that use such a name would be refused from then on. Likewise whether new revocation
    /// lists may lack one of an issuer that the old have.
    pub fn allow_lost_names(mut self, allow: bool) -> Self {
        self.lost_names = allow;
        self
    }

    /// How small the key of a certificate may be, besides what loading it asks for. For a context
    /// with a level above 2: it checks the keys that it is built with, this checks the next ones.
    pub fn security_level(mut self, level: SecurityLevel) -> Self {
        self.level = level;
        self
    }
}

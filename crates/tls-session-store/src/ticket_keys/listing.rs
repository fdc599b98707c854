//! What a person may see of the keys.

use std::time::Duration;

use super::TicketKeys;
use crate::limits::KEY_NAME_LEN;

/// One of the keys, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedKey {
    /// Its name, which each of its tickets carries in the clear.
    pub name: [u8; KEY_NAME_LEN],
    /// What it is for now.
    pub state: KeyState,
    /// When it began, or begins, to issue, as Unix time; `None` if nobody knows.
    pub issues_from: Option<Duration>,
    /// When it ceased, or ceases, to issue, as Unix time; `None` if that is open.
    pub retired: Option<Duration>,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyState {
    /// It will issue; tickets that others issue under it open already.
    Comes,
    /// New tickets are sealed under it.
    Issues,
    /// It opens what it issued.
    Opens,
}

impl KeyState {
    /// `comes`, `issues` or `opens`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Comes => "comes",
            Self::Issues => "issues",
            Self::Opens => "opens",
        }
    }
}

impl TicketKeys {
    /// The keys, for showing: first the one that issues, if one does.
    ///
    /// ```
    /// use tls_session_store::{KeyState, TicketKeys};
    ///
    /// let keys = TicketKeys::generate()?;
    /// keys.rotate()?;
    /// let states: Vec<_> = keys.list().iter().map(|key| key.state).collect();
    /// assert_eq!(states, [KeyState::Issues, KeyState::Opens]);
    /// # Ok::<(), tls_session_store::Error>(())
    /// ```
    #[must_use]
    pub fn list(&self) -> Vec<ListedKey> {
        let now = self.time.now();
        self.ring(now).list(now, self.lifetime())
    }
}

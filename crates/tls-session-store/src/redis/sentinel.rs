//! Sentinels, which know where the primary is.

use redis::Value;

use super::RedisFault;
use super::address::Place;
use super::dialer::{Dialer, Dialled};

/// The sentinels of one primary.
pub(super) struct Sentinels {
    pub(super) places: Vec<Place>,
    pub(super) master: String,
    /// Sentinels have users and passwords of their own.
    pub(super) dialer: Dialer,
}

impl Sentinels {
    /// Asks one after another, and connects to the first server named that is a primary.
    pub(super) async fn dial_primary(&self, dialer: &Dialer) -> Result<Dialled, RedisFault> {
        let mut fault = None;
        for place in &self.places {
            match self.dial_as_told_by(place, dialer).await {
                Ok(dialled) => return Ok(dialled),
                // What the primary itself says tells more than a sentinel that is away.
                Err((_, worse)) if fault.is_none() => fault = Some(worse),
                Err((Named::Yes, worse)) => fault = Some(worse),
                Err((Named::No, _)) => {}
            }
        }
        Err(fault.unwrap_or_else(|| self.no_primary()))
    }

    async fn dial_as_told_by(
        &self,
        sentinel: &Place,
        dialer: &Dialer,
    ) -> Result<Dialled, (Named, RedisFault)> {
        let primary = self
            .ask(sentinel)
            .await
            .map_err(|fault| (Named::No, fault))?;
        let named = |fault| (Named::Yes, fault);
        let dialled = dialer.dial(&primary).await.map_err(named)?;
        // A primary that was deposed may not know it yet, nor the sentinel that was asked.
        is_primary(dialled).await.map_err(named)
    }

    async fn ask(&self, sentinel: &Place) -> Result<Place, RedisFault> {
        let mut dialled = self.dialer.dial(sentinel).await?;
        let mut ask = redis::cmd("SENTINEL");
        ask.arg("GET-MASTER-ADDR-BY-NAME").arg(&self.master);
        let named: Option<(String, u16)> = dialled.query(&ask).await?;
        let (host, port) = named.ok_or_else(|| self.no_primary())?;
        Ok(Place::Tcp { host, port })
    }

    fn no_primary(&self) -> RedisFault {
        RedisFault::NoPrimary {
            master: self.master.clone(),
        }
    }
}

/// Whether a sentinel named a server at all.
enum Named {
    Yes,
    No,
}

async fn is_primary(mut dialled: Dialled) -> Result<Dialled, RedisFault> {
    match dialled.query::<Value>(&redis::cmd("ROLE")).await {
        Ok(Value::Array(role)) => match role.first() {
            Some(Value::BulkString(name)) if name == b"master" => Ok(dialled),
            _ => Err(RedisFault::ReadOnly),
        },
        Ok(_) => Err(RedisFault::Protocol),
        // Who may not ask finds out at the first write.
        Err(RedisFault::NoPermission) => Ok(dialled),
        Err(fault) => Err(fault),
    }
}

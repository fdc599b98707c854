//! The background work: one task for each certificate, a bounded number of them asking at once.

use std::sync::{Arc, Weak};
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use pki_types::UnixTime;

use super::entry::Entry;
use super::{Retry, Shared};
use crate::{CertificateStatus, OcspRequest, Staple, Target};

/// A responder is never asked more often than this for one certificate, however short its answers
/// hold.
const SHORTEST_PAUSE: Duration = Duration::from_secs(10);

/// How long a worker has to ask before another one does.
const TURN: Duration = Duration::from_secs(30);

/// How soon one that is not to ask looks into the cache.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Refreshes without anybody asking for the staple, after which it is forgotten.
const UNWANTED: u32 = 2;

/// Begins to keep the staple of `entry` fresh.
pub(super) fn begin(shared: &Arc<Shared>, entry: &Arc<Entry>) {
    if entry.must_staple() {
        tracing::info!(
            certificate = %hex(&entry.key),
            "the certificate demands a staple; there is none yet"
        );
    }
    if let Some(error) = entry.is_hopeless() {
        tracing::warn!(certificate = %hex(&entry.key), code = error.code(), "no staple: {error}");
        return;
    }
    let task = keep_fresh(Arc::downgrade(shared), Arc::clone(entry));
    shared.runtime.spawn(task);
}

async fn keep_fresh(shared: Weak<Shared>, entry: Arc<Entry>) {
    let mut retries = None;
    let mut unwanted = 0;
    loop {
        let pause = {
            let Some(shared) = shared.upgrade() else {
                return;
            };
            unwanted = if entry.is_wanted() { 0 } else { unwanted + 1 };
            if unwanted >= UNWANTED {
                shared.forget(&entry);
                return;
            }
            match shared.refresh(&entry).await {
                Refreshed::Good(pause) => {
                    retries = None;
                    pause
                }
                Refreshed::AnotherAsks => jittered(LOOK_AGAIN),
                Refreshed::Failed => {
                    let retry = shared.retry;
                    let retries = retries.get_or_insert_with(|| retry.pauses());
                    retries.next().unwrap_or(retry.longest)
                }
                Refreshed::Never => return,
            }
        };
        tokio::time::sleep(pause).await;
    }
}

impl Retry {
    fn pauses(self) -> ExponentialBackoff {
        ExponentialBuilder::new()
            .with_min_delay(self.first)
            .with_max_delay(self.longest)
            .with_jitter()
            .without_max_times()
            .build()
    }
}

enum Refreshed {
    Good(Duration),
    AnotherAsks,
    Failed,
    /// Nobody can be asked.
    Never,
}

impl Shared {
    fn forget(&self, entry: &Arc<Entry>) {
        self.lock().remove(&entry.key);
        self.keys.forget(entry);
        self.changed();
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    async fn refresh(&self, entry: &Entry) -> Refreshed {
        let Ok(target) = entry.target() else {
            return Refreshed::Never;
        };
        if let Some(staple) = self.look_into_caches(entry, target).await {
            let pause = staple.to_half_life(self.now());
            self.adopt(entry, staple);
            if !pause.is_zero() {
                return Refreshed::Good(jittered(pause).max(SHORTEST_PAUSE));
            }
        }
        let responders: Vec<&str> = match &self.responder {
            Some(url) => vec![url],
            None => target.responders().iter().map(String::as_str).collect(),
        };
        if responders.is_empty() {
            self.report_failure(entry, "the certificate names no responder");
            return Refreshed::Never;
        }
        for cache in &self.caches {
            if !cache.may_ask(&entry.key, TURN).await {
                return Refreshed::AnotherAsks;
            }
        }
        let Ok(_place) = self.at_work.acquire().await else {
            return Refreshed::Never;
        };
        match self.ask_in_turn(target, &responders).await {
            Ok(staple) => {
                let now = self.now();
                for cache in &self.caches {
                    let ttl = staple.remaining(now);
                    cache.put(&entry.key, staple.as_der(), ttl).await;
                }
                let pause = pause_after(&staple, now);
                self.adopt(entry, staple);
                Refreshed::Good(pause)
            }
            Err(error) => {
                self.report_failure(entry, &error);
                Refreshed::Failed
            }
        }
    }

    /// One that is newer than ours, and holds.
    async fn look_into_caches(&self, entry: &Entry, target: &Target) -> Option<Staple> {
        let now = self.now();
        for cache in &self.caches {
            let Some(kept) = cache.get(&entry.key).await else {
                continue;
            };
            let Ok(staple) = self.verify(target, kept) else {
                continue;
            };
            let newer = entry
                .latest()
                .is_none_or(|ours| staple.is_newer_than(&ours));
            if newer && staple.holds_at(now) && staple.says_something() {
                return Some(staple);
            }
        }
        None
    }

    /// The first good answer; what the last one had to say if there is none.
    async fn ask_in_turn(&self, target: &Target, responders: &[&str]) -> Result<Staple, String> {
        let request = OcspRequest::new(target).map_err(|error| error.to_string())?;
        let mut wrong = String::new();
        for url in responders {
            wrong = match self.fetcher.ask(url, &request).await {
                Err(error) => format!("{url}: {error}"),
                Ok(answer) => match self.verify(target, answer.to_vec()) {
                    Ok(staple) if staple.says_something() => return Ok(staple),
                    Ok(_) => format!("{url}: the responder does not know the certificate"),
                    Err(error) => format!("{url}: {error}"),
                },
            };
        }
        Err(wrong)
    }

    pub(super) fn adopt(&self, entry: &Entry, staple: Staple) {
        let before = entry.latest().map(|before| before.response().status);
        let status = staple.response().status;
        let certificate = hex(&entry.key);
        match status {
            CertificateStatus::Revoked { .. } if before != Some(status) => {
                tracing::error!(%certificate, ?status, "the certificate is revoked: replace it");
            }
            _ => tracing::debug!(%certificate, ?status, "a fresh staple"),
        }
        entry.adopt(staple);
        self.changed();
    }

    fn report_failure(&self, entry: &Entry, error: &str) {
        let certificate = hex(&entry.key);
        let now = self.now();
        let left = entry.latest().map(|staple| staple.remaining(now));
        if !entry.failed(error.to_owned()) {
            tracing::debug!(%certificate, ?left, "no fresh staple: {error}");
        } else if entry.must_staple() && left.is_none_or(|left| left.is_zero()) {
            tracing::error!(%certificate, "no staple, and the certificate demands one: {error}");
        } else {
            tracing::warn!(%certificate, ?left, "no fresh staple: {error}");
        }
        self.changed();
    }
}

/// To the half of its life; one that is past it, as caches on the way give, to the half of what is
/// left.
fn pause_after(staple: &Staple, now: UnixTime) -> Duration {
    let half_life = staple.to_half_life(now);
    let pause = if half_life.is_zero() {
        staple.remaining(now) / 2
    } else {
        half_life
    };
    jittered(pause).max(SHORTEST_PAUSE)
}

/// Up to a tenth less, so that a fleet does not ask as one.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(1.0 - fastrand::f64() / 10.0)
}

fn hex(key: &[u8; 32]) -> String {
    key.iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Responder, VerifiedResponse};

    fn staple(this_update: u64, next_update: u64) -> Staple {
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let response = VerifiedResponse {
            status: CertificateStatus::Good,
            this_update: at(this_update),
            next_update: Some(at(next_update)),
            produced_at: at(this_update),
            responder: Responder::Issuer,
            nonce: false,
        };
        Staple::new(Vec::new(), response).unwrap()
    }

    #[test]
    fn the_next_is_asked_for_at_half_of_its_life_with_some_jitter() {
        // From, to, now, and the pause at most.
        for (from, to, now, most) in [
            (0, 8000, 0, 4000),
            (0, 8000, 1000, 3000),
            // A cache on the way gave an old one: half of what is left.
            (0, 8000, 6000, 1000),
            (0, 8000, 7990, 10),
            (0, 4, 0, 10),
            // It has ended: not at once, all the same.
            (0, 8000, 9000, 10),
        ] {
            let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
            for _ in 0..32 {
                let pause = pause_after(&staple(from, to), now).as_secs_f64();
                let most = f64::from(most);
                assert!(
                    pause <= most && pause >= (most * 0.9).min(most),
                    "{pause} of {most}"
                );
            }
        }
    }

    #[test]
    fn an_old_one_is_never_sent_and_a_newer_one_is_known() {
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let older = staple(0, 100);
        assert!(older.holds_at(at(99)));
        assert!(!older.holds_at(at(100)));
        assert!(staple(1, 90).is_newer_than(&older));
        assert!(staple(0, 101).is_newer_than(&older));
        assert!(!older.is_newer_than(&older.clone()));
    }
}

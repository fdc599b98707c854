//! What is said when the session store goes away, and when it is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tls::net::{StoreState, StoreTrouble};
use tls::sessions::{RedisState, RedisStore};

use super::Reporter;
use crate::names;
use crate::settings::{Summary, Tickets};

/// What was said of the store so far.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Handshakes know how it does: theirs is the word from now on.
    by_handshakes: AtomicBool,
    /// That it was away at the start, and not yet that it is back.
    missing: AtomicBool,
}

/// One state, in words.
struct Told<'a> {
    state: &'a str,
    code: Option<&'a str>,
    /// What is wrong.
    message: Option<String>,
    text: String,
    effect: &'static str,
}

impl Reporter {
    /// A change in how the session store does.
    pub(in crate::serve) fn store(&self, state: &StoreState) {
        self.store_said.by_handshakes.store(true, Ordering::Relaxed);
        self.store_said.missing.store(false, Ordering::Relaxed);
        let trouble = state.trouble();
        self.tell_store(&Told {
            state: state.as_str(),
            code: trouble.map(StoreTrouble::code),
            message: trouble.map(ToString::to_string),
            text: state.to_string(),
            effect: effect(&self.sessions, state),
        });
    }

    /// It does not answer, or not as it should, and no handshake has found out.
    fn store_missing(&self, state: &RedisState) {
        let Some(fault) = state.fault() else { return };
        if self.store_said.by_handshakes.load(Ordering::Relaxed) {
            return;
        }
        self.store_said.missing.store(true, Ordering::Relaxed);
        let effect = match self.sessions.tickets {
            Tickets::Off => "full handshakes while it is so",
            _ => "tickets go on",
        };
        self.tell_store(&Told {
            state: state.name(),
            code: Some(fault.code()),
            message: Some(fault.to_string()),
            text: fault.to_string(),
            effect,
        });
    }

    /// It is well, whether or not a handshake ever asked it.
    fn store_there(&self) {
        if self.store_said.missing.load(Ordering::Relaxed) {
            self.store(&StoreState::Working);
        }
    }

    fn tell_store(&self, told: &Told<'_>) {
        let backend = self.sessions.backend;
        self.output.line(if self.json {
            told.to_json(backend).to_string()
        } else {
            told.to_text(backend)
        });
    }
}

/// Says it when the store is away at the start, and when it is there: handshakes notice after some of
/// them, and a server may wait long for its first.
pub(in crate::serve) async fn watch_start(store: RedisStore, reporter: Arc<Reporter>) {
    let mut states = store.states();
    drop(store);
    let is_known =
        |state: &RedisState| !matches!(state, RedisState::Unused | RedisState::Connecting);
    let Ok(state) = states.wait_for(is_known).await.map(|state| state.clone()) else {
        return;
    };
    if state.fault().is_some() {
        reporter.store_missing(&state);
        if states
            .wait_for(|state| *state == RedisState::Up)
            .await
            .is_ok()
        {
            reporter.store_there();
        }
    }
}

impl Told<'_> {
    fn to_json(&self, backend: &str) -> Value {
        json!({
            "event": "store",
            "state": self.state,
            "backend": backend,
            "since": format!("{:.0}", jiff::Timestamp::now()),
            "effect": self.effect,
            "code": self.code,
            "message": self.message,
        })
    }

    fn to_text(&self, backend: &str) -> String {
        let colour = match self.code {
            None => anstyle::AnsiColor::Green,
            Some(_) => anstyle::AnsiColor::Red,
        };
        let colour = colour.on_default();
        let (time, text, effect) = (names::time_of_day(), &self.text, self.effect);
        format!("{time}  {colour}{backend}: {text}{colour:#}; {effect}")
    }
}

/// What it means for those who connect.
fn effect(sessions: &Summary, state: &StoreState) -> &'static str {
    let tickets = sessions.tickets != Tickets::Off;
    match (state, tickets) {
        (StoreState::Working, _) => "sessions are kept again",
        (StoreState::ReadOnly(_), true) => "no new stored sessions; tickets go on",
        (StoreState::ReadOnly(_), false) => "no new sessions, so full handshakes",
        (_, true) => "full handshakes; tickets go on",
        (_, false) => "full handshakes",
    }
}

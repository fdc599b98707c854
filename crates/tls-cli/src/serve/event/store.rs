//! What is said when the session store goes away, and when it is back.

use serde_json::{Value, json};
use tls::net::{StoreState, StoreTrouble};

use crate::names;
use crate::settings::{Summary, Tickets};

pub(super) fn to_json(sessions: &Summary, state: &StoreState) -> Value {
    let trouble = state.trouble();
    json!({
        "event": "store",
        "state": state.as_str(),
        "backend": sessions.backend,
        "since": format!("{:.0}", jiff::Timestamp::now()),
        "effect": effect(sessions, state),
        "code": trouble.map(StoreTrouble::code),
        "message": trouble.map(ToString::to_string),
    })
}

pub(super) fn to_text(sessions: &Summary, state: &StoreState) -> String {
    let colour = match state {
        StoreState::Working => anstyle::AnsiColor::Green,
        _ => anstyle::AnsiColor::Red,
    };
    let colour = colour.on_default();
    let (time, effect) = (names::time_of_day(), effect(sessions, state));
    format!(
        "{time}  {colour}{}: {state}{colour:#}; {effect}",
        sessions.backend
    )
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

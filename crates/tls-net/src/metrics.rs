//! Counters through the `metrics` facade, behind the feature of that name.
//!
//! Labels come from fixed tables, never from a peer's text.

use std::time::Duration;

use crate::connection_info::{ConnectionInfo, Resumption};
use crate::early_data::EarlyData;
use crate::error::HandshakeError;
use crate::store_state::StoreState;

/// `tls_handshakes_total{outcome, kind}`, `tls_handshake_seconds`, `tls_psk_handshakes_total{kind}`
/// for those whose proof is a pre-shared key, and the gauge
/// `tls_context_generation{context}`: what is in use now of the context that was chosen, by the name
/// or pattern that it was added for.
pub(crate) fn finished(info: &ConnectionInfo) {
    let kind = match info.resumption() {
        Resumption::Resumed(_) => "resumed",
        Resumption::Full(reason) => reason.code(),
    };
    count("tls_handshakes_total", &[("outcome", "ok"), ("kind", kind)]);
    if info.psk_identity().is_some() {
        let kind = match info.resumption() {
            Resumption::Resumed(_) => "resumed",
            Resumption::Full(_) => "full",
        };
        count("tls_psk_handshakes_total", &[("kind", kind)]);
    }
    #[cfg(feature = "metrics")]
    {
        metrics::histogram!("tls_handshake_seconds").record(info.handshake_duration());
        // Exact up to 2^53 reloads.
        #[allow(clippy::cast_precision_loss, reason = "a gauge is an f64")]
        let generation = info.generation() as f64;
        let context = info.context_rule().to_string();
        metrics::gauge!("tls_context_generation", "context" => context).set(generation);
    }
}

/// `tls_handshakes_total{outcome, fault}`.
pub(crate) fn failed(error: &HandshakeError) {
    count(
        "tls_handshakes_total",
        &[("outcome", error.code()), ("fault", error.fault().as_str())],
    );
}

/// `tls_early_data_total{outcome}`, where some was offered. Counted when the server answers, since
/// a replay never ends its handshake.
pub(crate) fn early_data(outcome: EarlyData) {
    count("tls_early_data_total", &[("outcome", outcome.as_str())]);
}

/// `tls_session_store_calls_total{call, outcome}` and `tls_session_store_seconds{call}`.
#[cfg_attr(not(feature = "metrics"), allow(unused_variables))]
pub(crate) fn store_call(call: &'static str, outcome: &'static str, took: Option<Duration>) {
    count(
        "tls_session_store_calls_total",
        &[("call", call), ("outcome", outcome)],
    );
    #[cfg(feature = "metrics")]
    if let Some(took) = took {
        metrics::histogram!("tls_session_store_seconds", &[("call", call)]).record(took);
    }
}

/// `tls_session_store_state_changes_total{state}`, and the gauge `tls_session_store_away`: 0 while it
/// works, 1 while it takes nothing, 2 while the circuit is open.
pub(crate) fn store_state(state: &StoreState) {
    count(
        "tls_session_store_state_changes_total",
        &[("state", state.as_str())],
    );
    #[cfg(feature = "metrics")]
    metrics::gauge!("tls_session_store_away").set(match state {
        StoreState::Working => 0.0,
        StoreState::ReadOnly(_) => 1.0,
        StoreState::OpenCircuit(_) => 2.0,
    });
}

/// `tls_sessions_not_stored_total`.
pub(crate) fn session_not_stored() {
    count("tls_sessions_not_stored_total", &[]);
}

#[cfg(feature = "metrics")]
fn count(name: &'static str, labels: &[(&'static str, &'static str)]) {
    metrics::counter!(name, labels).increment(1);
}

#[cfg(not(feature = "metrics"))]
fn count(_name: &'static str, _labels: &[(&'static str, &'static str)]) {}

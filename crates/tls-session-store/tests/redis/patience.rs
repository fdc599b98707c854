//! Waiting for a store, and not waiting for it.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tls_session_store::{Error, RedisFault, RedisOptions, RedisState, RedisStore};

/// The lifetime of what the tests put.
pub(crate) const TTL: Duration = Duration::from_secs(300);

/// For what ends by itself: none of the tests expects it to pass.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// For calls that are meant to run into it.
pub(crate) const SHORT: Duration = Duration::from_millis(200);

/// A store that tries often to come back.
pub(crate) fn eager(url: &str) -> RedisOptions {
    let (min, max) = (Duration::from_millis(10), Duration::from_millis(50));
    RedisOptions::from_url(url)
        .unwrap()
        .reconnect(min, max)
        .time_limit(LONG)
}

/// Waits until the state has this name and, if any, this fault.
pub(crate) async fn until(store: &RedisStore, name: &str, fault: &str) {
    let mut states = store.states();
    let is_there = |state: &RedisState| {
        state.name() == name && state.fault().map_or("", RedisFault::code) == fault
    };
    let there = states.wait_for(is_there);
    if tokio::time::timeout(LONG, there).await.is_err() {
        panic!("never {name} {fault}, but {:?}", store.state());
    }
}

/// What a call gives without any waiting; it is dropped if it would wait.
pub(crate) fn at_once<T>(call: impl Future<Output = T>) -> Option<T> {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// The code of the fault inside `store_down`, or of the error.
pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    let error = result.unwrap_err();
    match RedisFault::of(&error) {
        Some(fault) => {
            assert_eq!(error.code(), "store_down");
            fault.code()
        }
        None => error.code(),
    }
}

/// The states that a store told, one by one, by name and fault.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    pub(crate) fn listen(&self, options: RedisOptions) -> RedisOptions {
        let told = self.clone();
        options.on_state(move |state| {
            let fault = state.fault().map_or("", RedisFault::code);
            let line = format!("{} {fault}", state.name());
            told.0.lock().unwrap().push(line.trim().to_owned());
        })
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

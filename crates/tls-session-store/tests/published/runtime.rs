//! What keeps published keys up to date: a task, or a thread.

use std::future::pending;
use std::time::Duration;

use tls_session_store::{Clock, MemoryStore, SharedSecret, TicketKeys};
use tokio::time::{Instant, sleep, timeout};

const HOUR: Duration = Duration::from_secs(3_600);

/// Time passes, as soon as everybody waits for it.
async fn pass(time: Duration) {
    let _ = timeout(time, pending::<()>()).await;
}

#[tokio::test(start_paused = true)]
async fn a_task_looks_at_intervals_until_nobody_uses_the_keys() {
    let (store, secret) = (MemoryStore::new(), SharedSecret::generate().unwrap());
    let start = Instant::now();
    let clock = Clock::from_fn(move || 1_000 * HOUR + start.elapsed());
    let workers = [(); 2].map(|()| {
        let keys = TicketKeys::published(store.clone(), secret.clone()).unwrap();
        keys.with_clock(clock.clone()).rotate_every(HOUR)
    });
    let tasks = workers.each_ref().map(|keys| tokio::spawn(keys.run(sleep)));
    let issuing = || {
        let [one, other] = workers.each_ref().map(|keys| keys.names()[0]);
        assert_eq!(one, other);
        one
    };
    pass(Duration::from_secs(1)).await;
    let first = issuing();
    pass(HOUR - Duration::from_secs(60)).await;
    assert_eq!(issuing(), first);
    pass(Duration::from_secs(120)).await;
    assert_ne!(issuing(), first);

    // A key set by hand ends the one task, the last clone the other.
    let [one, other] = workers;
    one.set(&[9; 48]);
    drop(other);
    for task in tasks {
        timeout(HOUR, task).await.unwrap().unwrap();
    }
    assert_eq!(one.to_bytes(), [9; 48]);
}

#[test]
fn keys_that_are_not_published_need_nobody() {
    let keys = TicketKeys::generate().unwrap().spawn().unwrap();
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(async {
            keys.run(|_| pending::<()>()).await;
            keys.sync().await.unwrap();
            keys.look().await.unwrap();
        });
}

//! The watching thread: begins with the first value, ends with the last.

use std::sync::mpsc;

use super::*;

fn watched_by(watcher: &Arc<Watcher>, watching: &Watching, interval: Duration) -> Watched<Trust> {
    let options = WatchOptions::default().interval(interval);
    let load = |files: &[crate::FileContents]| Trust::from_pem(files[0].bytes());
    let path = watching.path("tls.crt");
    let files = Files::new(vec![path]);
    Watched::watched_by(watcher, files, options, Box::new(load)).unwrap()
}

#[test]
fn the_thread_ends_with_the_last_handle_and_begins_again_with_the_next() {
    const NEVER: Duration = Duration::from_secs(3600);
    let watching = Watching::new(&pair(&["localhost"], |_| {}));
    let watcher = Arc::new(Watcher::default());
    assert!(!watcher.is_running());
    let first = watched_by(&watcher, &watching, NEVER);
    let second = watched_by(&watcher, &watching, NEVER);
    let clone = first.clone();
    drop((first, second));
    assert!(watcher.is_running());
    drop(clone);
    watcher.ended();
    let again = watched_by(&watcher, &watching, NEVER);
    assert!(watcher.is_running());
    drop(again);
    watcher.ended();
}

#[test]
fn the_thread_finds_a_change_by_itself_and_lives_through_a_panic_of_a_hook() {
    let watching = Watching::new(&pair(&["localhost"], |_| {}));
    let watcher = Arc::new(Watcher::default());
    let trust = watched_by(&watcher, &watching, Duration::from_millis(10));
    let (sender, receiver) = mpsc::channel();
    trust.on_change(move |_, generation| {
        sender.send(generation).unwrap();
        assert!(
            generation > 2,
            "the first swap panics here, on the watching thread"
        );
    });
    watching.put(&pair(&["localhost"], |_| {}));
    assert_eq!(receiver.recv().unwrap(), 2);
    watching.put(&pair(&["localhost"], |_| {}));
    assert_eq!(receiver.recv().unwrap(), 3);
    drop(trust);
    watcher.ended();
}

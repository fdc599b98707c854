//! What happens when, by name.

use std::collections::HashSet;
use std::time::Duration;

use tls_session_store::{SessionStore, SharedSecret, TicketKeys, TicketKeysWarning};

use super::fleet::{HOUR, LEAD, LIFETIME, Mood, ROUND, TOLERANCE, Worker, World, run};

fn fleet(world: &World, count: usize) -> Vec<Worker> {
    (0..count).map(|_| Worker::start(world, 0)).collect()
}

/// Each worker looks each minute, for this many seconds.
fn pass(world: &World, workers: &mut [Worker], seconds: u64) {
    for _ in 0..seconds / ROUND {
        for worker in workers.iter_mut() {
            let _ = worker.sync(world.now());
        }
        world.advance(ROUND);
    }
}

fn distinct(workers: &[Worker]) -> usize {
    workers
        .iter()
        .map(Worker::issuing)
        .collect::<HashSet<_>>()
        .len()
}

// Spec: T-SES-05
#[test]
fn workers_that_start_together_take_up_one_key() {
    let world = World::new();
    let mut workers = fleet(&world, 5);
    for worker in &mut workers {
        worker.sync(world.now()).unwrap();
    }
    assert_eq!(distinct(&workers), 1);
    assert_eq!(world.stored(), 1);
    let ticket = workers[0].seal();
    assert!(workers.iter().all(|worker| worker.opens(&ticket)));
}

#[test]
fn the_next_key_is_everywhere_before_it_issues_and_gone_after_its_last_use() {
    let world = World::new();
    let mut workers = fleet(&world, 3);
    pass(&world, &mut workers, ROUND);
    let first = workers[0].issuing();
    pass(&world, &mut workers, HOUR - LEAD - ROUND);
    assert_eq!(world.stored(), 1);
    pass(&world, &mut workers, 2 * ROUND);
    assert_eq!(world.stored(), 2, "published a quarter of an hour ahead");
    assert!(workers.iter().all(|worker| worker.keys.names().len() == 2));
    assert_eq!(workers[0].issuing(), first);
    let ticket = workers[0].seal();
    pass(&world, &mut workers, LEAD - 3 * ROUND);
    assert_eq!(distinct(&workers), 1);
    assert_eq!(workers[0].issuing(), first);
    world.advance(ROUND);
    assert_eq!(distinct(&workers), 1);
    assert_ne!(workers[0].issuing(), first);
    assert!(workers.iter().all(|worker| worker.opens(&ticket)));

    pass(&world, &mut workers, LIFETIME + 2 * TOLERANCE);
    let stored_names = workers[0].keys.names();
    assert!(!stored_names.contains(&first), "no ring has it");
    assert!(world.stored() <= 5, "nor the store");
}

#[test]
fn with_the_store_away_all_go_on_with_what_they_have() {
    let world = World::new();
    let mut workers = fleet(&world, 2);
    pass(&world, &mut workers, ROUND);
    for worker in &workers {
        worker.set_mood(Mood::Down);
    }
    // The next key was not published: the old one issues on, for days.
    pass(&world, &mut workers, 48 * HOUR);
    assert_eq!(distinct(&workers), 1);
    let ticket = workers[0].seal();
    assert!(workers[1].opens(&ticket));
    let [TicketKeysWarning::StoreAway { since }] = workers[0].keys.warnings()[..] else {
        panic!("{:?}", workers[0].keys.warnings());
    };
    assert_eq!(since.as_secs(), 48 * HOUR);
    assert_eq!(world.stored(), 0, "what was there has expired");

    let old = workers[0].issuing();
    for worker in &workers {
        worker.set_mood(Mood::Up);
    }
    pass(&world, &mut workers, ROUND);
    assert!(workers[0].keys.warnings().is_empty());
    assert_eq!(world.stored(), 2, "put back, and the next one");
    pass(&world, &mut workers, LEAD + ROUND);
    assert_ne!(workers[0].issuing(), old);
    assert!(workers[1].opens(&ticket));
}

#[test]
fn a_store_that_comes_back_empty_gets_its_keys_back() {
    let world = World::new();
    let mut workers = fleet(&world, 3);
    pass(&world, &mut workers, 5 * HOUR / 2);
    let (before, issuing) = (world.stored(), workers[0].issuing());
    let tickets: Vec<_> = workers.iter().map(Worker::seal).collect();
    world.empty();
    pass(&world, &mut workers, ROUND);
    assert_eq!(world.stored(), before);
    assert_eq!(workers[2].issuing(), issuing);
    // One that starts now knows what was issued before.
    let mut late = Worker::start(&world, 0);
    late.sync(world.now()).unwrap();
    assert!(tickets.iter().all(|ticket| late.opens(ticket)));
    assert_eq!(late.issuing(), issuing);
}

#[test]
fn a_worker_that_was_cut_off_catches_up_and_its_tickets_open() {
    let world = World::new();
    let mut workers = fleet(&world, 3);
    pass(&world, &mut workers, ROUND);
    workers[2].set_mood(Mood::Down);
    pass(&world, &mut workers, 5 * HOUR);
    let (theirs, its) = (workers[0].seal(), workers[2].seal());
    assert!(!workers[2].opens(&theirs) && !workers[0].opens(&its));
    workers[2].set_mood(Mood::Up);
    pass(&world, &mut workers, 2 * ROUND);
    assert!(workers[2].opens(&theirs));
    assert!(workers[0].opens(&its), "it issued with a key that was gone");
    assert_eq!(distinct(&workers), 1);
}

#[test]
fn a_worker_that_starts_without_the_store_waits_a_moment_then_has_a_key_of_its_own() {
    let world = World::new();
    let mut workers = fleet(&world, 1);
    pass(&world, &mut workers, ROUND);
    let mut alone = Worker::start(&world, 0);
    alone.set_mood(Mood::Down);
    assert!(alone.sync(world.now()).is_err());
    let kind = tls_session_store::Kind::RustlsTicket;
    let context = tls_session_store::ContextId([3; 32]);
    let pending = alone.keys.seal(kind, &context, b"x").unwrap_err();
    assert_eq!(pending.code(), "ticket_keys_pending");
    assert_ne!(alone.keys.to_bytes(), [0; 48]);
    let ticketer = alone.keys.ticketer_for(context);
    assert_eq!(ticketer.encrypt(b"x"), None);
    world.advance(2);
    let ticket = alone.seal();
    assert!(alone.opens(&ticket) && !workers[0].opens(&ticket));

    alone.set_mood(Mood::Up);
    alone.sync(world.now()).unwrap();
    assert_eq!(alone.issuing(), workers[0].issuing());
    assert!(alone.opens(&ticket), "here, for the lifetime");
    assert_eq!(world.stored(), 1, "and nowhere else");
    world.advance(LIFETIME);
    assert!(!alone.opens(&ticket));
}

#[test]
fn a_fleet_rotates_now_at_one_call() {
    let world = World::new();
    let mut workers = fleet(&world, 2);
    pass(&world, &mut workers, 10 * ROUND);
    let old = workers[0].issuing();
    // Somebody who serves nothing: `tls ticket-keys rotate`.
    let operator = Worker::start(&world, 0);
    let wait = run(operator.keys.rotate_fleet()).unwrap();
    assert_eq!(wait.as_secs(), LEAD);
    pass(&world, &mut workers, LEAD - ROUND);
    assert_eq!(workers[1].issuing(), old);
    pass(&world, &mut workers, 2 * ROUND);
    assert_eq!(distinct(&workers), 1);
    assert_ne!(workers[1].issuing(), old);
    // The old key ends earlier than was planned, in the store too.
    let planned = world.stored();
    pass(&world, &mut workers, LIFETIME + 2 * TOLERANCE);
    assert_eq!(planned, 2);
    assert!(world.stored() <= 4);

    // Each key lasts as long as its tickets, so there is an end to it; nobody is told otherwise.
    let places = 16 - world.stored();
    for _ in 0..places {
        run(operator.keys.rotate_fleet()).unwrap();
    }
    let full = run(operator.keys.rotate_fleet()).unwrap_err();
    assert_eq!(full.code(), "too_many_ticket_keys");
    assert_eq!(operator.keys.warnings(), [], "the store is not away");

    operator.set_mood(Mood::Down);
    assert_eq!(
        run(operator.keys.rotate_fleet()).unwrap_err().code(),
        "store_down"
    );
    let by_hand = TicketKeys::generate().unwrap();
    assert_eq!(
        run(by_hand.rotate_fleet()).unwrap_err().code(),
        "fleet_ticket_keys"
    );
    assert_eq!(
        workers[0].keys.rotate().unwrap_err().code(),
        "fleet_ticket_keys"
    );
}

#[test]
fn whoever_only_looks_leaves_nothing_behind() {
    let world = World::new();
    let onlooker = Worker::start(&world, 0);
    run(onlooker.keys.look()).unwrap();
    assert_eq!(world.stored(), 0);
    assert_eq!(onlooker.keys.names().len(), 1, "its own");
    let mut workers = fleet(&world, 1);
    pass(&world, &mut workers, ROUND);
    // Long after the next key was due.
    world.advance(LIFETIME);
    run(onlooker.keys.look()).unwrap();
    assert_eq!(onlooker.issuing(), workers[0].issuing());
    assert_eq!(world.stored(), 1);
    onlooker.set_mood(Mood::Down);
    assert_eq!(run(onlooker.keys.look()).unwrap_err().code(), "store_down");
}

/// Whoever asked first has won, though the answer was lost.
#[test]
fn a_lost_answer_leaves_one_key() {
    let world = World::new();
    let mut workers = fleet(&world, 2);
    workers[0].set_mood(Mood::Deaf);
    assert!(workers[0].sync(world.now()).is_err());
    workers[0].set_mood(Mood::Up);
    pass(&world, &mut workers, ROUND);
    assert_eq!(distinct(&workers), 1);
    assert_eq!(world.stored(), 1);
}

#[test]
fn what_is_no_key_in_the_store_is_passed_by() {
    let world = World::new();
    let mut workers = fleet(&world, 2);
    pass(&world, &mut workers, 2 * HOUR);
    // A fleet with another secret in the same store, and slots of this one overwritten.
    let other_secret = SharedSecret::from_bytes(&[8; 32]).unwrap();
    let mut other = Worker::start_with(&world, 0, &other_secret);
    other.sync(world.now()).unwrap();
    assert!(!workers[0].opens(&other.seal()) && !other.opens(&workers[0].seal()));
    let ticket = workers[0].seal();
    for id in slot_ids() {
        let junk = vec![7; 100];
        run(world.store().put(&id, junk, Duration::from_secs(HOUR))).unwrap();
    }
    pass(&world, &mut workers, ROUND);
    assert_eq!(distinct(&workers), 1);
    assert!(workers[1].opens(&ticket));
    // While junk fills every slot nobody can publish; once it is gone all is as before.
    pass(&world, &mut workers, 3 * HOUR);
    assert_eq!(distinct(&workers), 1);
    let mut late = Worker::start(&world, 0);
    late.sync(world.now()).unwrap();
    assert!(late.opens(&workers[0].seal()));
}

/// The ids, as the crate derives them.
fn slot_ids() -> Vec<[u8; 24]> {
    let salt = b"tls published ticket keys v1";
    let hkdf = hkdf::Hkdf::<sha2::Sha256>::new(Some(salt), &[7; 32]);
    let id = |slot: u8| {
        let mut id = [0; 24];
        hkdf.expand(&[slot], &mut id).unwrap();
        id
    };
    (0..16).map(id).collect()
}

/// A store that lies can bring back an old value under its own id.
#[test]
fn a_key_that_ended_is_not_taken_up_again() {
    let world = World::new();
    let mut workers = fleet(&world, 2);
    pass(&world, &mut workers, ROUND);
    let first = workers[0].issuing();
    let id = slot_ids()[0];
    let old = run(world.store().get(&id)).unwrap().unwrap();
    pass(&world, &mut workers, 10 * HOUR);
    run(world.store().remove(&id)).unwrap();
    run(world.store().put(&id, old, Duration::from_secs(HOUR))).unwrap();
    let mut late = Worker::start(&world, 0);
    late.sync(world.now()).unwrap();
    assert!(!late.keys.names().contains(&first));
    assert_eq!(late.issuing(), workers[0].issuing());
}

#[test]
fn the_secret_is_replaced_while_the_keys_go_on() {
    let world = World::new();
    let (old, new) = (
        world.secret.clone(),
        SharedSecret::from_bytes(&[8; 32]).unwrap(),
    );
    let stages = [
        old.clone(),
        old.with_previous(&new).unwrap(),
        new.with_previous(&old).unwrap(),
        new,
    ];
    let mut workers = fleet(&world, 2);
    pass(&world, &mut workers, HOUR);
    // One worker after the other is started with the next stage.
    for secret in &stages[1..] {
        for index in 0..workers.len() {
            let ticket = workers[1 - index].seal();
            workers[index] = Worker::start_with(&world, 0, secret);
            pass(&world, &mut workers, 2 * ROUND);
            assert!(workers[index].opens(&ticket));
            assert!(workers[1 - index].opens(&workers[index].seal()));
        }
        pass(&world, &mut workers, HOUR + LIFETIME + TOLERANCE);
        assert_eq!(distinct(&workers), 1);
    }
}

#[test]
fn a_clock_that_is_hours_off_is_told_of() {
    let world = World::new();
    let mut workers = fleet(&world, 2);
    pass(&world, &mut workers, HOUR);
    let mut slow = Worker::start(&world, -7_200);
    slow.sync(world.now()).unwrap();
    let warnings = slow.keys.warnings();
    assert_eq!(warnings[0].code(), "clock_behind_fleet", "{warnings:?}");
    // Nor does one that is far ahead do the others harm.
    let mut fast = Worker::start(&world, 100 * HOUR as i64);
    fast.sync(world.now()).unwrap();
    pass(&world, &mut workers, 2 * ROUND);
    assert_eq!(distinct(&workers), 1);
    assert_eq!(workers[0].keys.warnings()[0].code(), "clock_behind_fleet");
    pass(&world, &mut workers, 5 * HOUR);
    assert_eq!(distinct(&workers), 1);
    assert!(workers[0].opens(&workers[1].seal()));
}

#[test]
fn a_key_set_by_hand_ends_it_in_this_process() {
    let world = World::new();
    let mut workers = fleet(&world, 2);
    pass(&world, &mut workers, ROUND);
    workers[0].keys.set(&[9; 48]);
    pass(&world, &mut workers, 2 * HOUR);
    assert_eq!(workers[0].keys.to_bytes(), [9; 48]);
    assert_ne!(workers[1].keys.to_bytes(), [9; 48]);
    assert_eq!(
        run(workers[0].keys.rotate_fleet()).unwrap_err().code(),
        "fleet_ticket_keys"
    );
}

#[test]
fn a_longer_lifetime_keeps_keys_for_longer() {
    let world = World::new();
    let mut workers = fleet(&world, 2);
    for worker in &workers {
        worker.keys.cover_lifetime(Duration::from_secs(24 * HOUR));
    }
    pass(&world, &mut workers, ROUND);
    let ticket = workers[0].seal();
    pass(&world, &mut workers, 24 * HOUR - ROUND);
    assert!(workers[1].opens(&ticket));
    let mut late = Worker::start(&world, 0);
    late.sync(world.now()).unwrap();
    assert!(late.opens(&ticket), "though nobody told it of the lifetime");
    assert!(world.stored() <= 12, "{}", world.stored());
}

//! Whatever happens: a ticket of a connected worker opens at every other one, and keys are gone after
//! their last use.

use proptest::prelude::*;

use super::fleet::{HOUR, LIFETIME, Mood, TOLERANCE, Worker, World, run, sync_all};

const WORKERS: usize = 4;
const HOURS: u64 = 6;
/// Twice what workers take in earnest.
const ROUND: u64 = 120;
const ROUNDS: u64 = HOURS * HOUR / ROUND;
/// Looks after which a worker that comes back counts as connected again.
const SETTLED: u64 = 3 * ROUND;

#[derive(Clone, Copy, Debug)]
enum Event {
    Line(usize, Mood),
    Restart(usize),
    Empty,
    RotateNow(usize),
}

fn event() -> impl Strategy<Value = Event> {
    let worker = 0..WORKERS;
    prop_oneof![
        4 => (worker.clone(), prop_oneof![Just(Mood::Up), Just(Mood::Down), Just(Mood::Deaf)])
            .prop_map(|(worker, mood)| Event::Line(worker, mood)),
        2 => worker.clone().prop_map(Event::Restart),
        1 => Just(Event::Empty),
        1 => worker.prop_map(Event::RotateNow),
    ]
}

/// Which of several comes next: arithmetic modulo 2^64 (Knuth's numbers).
struct Choice(u64);

impl Choice {
    fn of(&mut self, count: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count
    }
}

/// A ticket opens where its key does: names are enough, and cheaper.
struct Ticket {
    key: [u8; 16],
    issued: u64,
}

fn opens(worker: &Worker, key: &[u8; 16]) -> bool {
    worker.keys.names().contains(key)
}

struct Run {
    world: World,
    workers: Vec<Worker>,
    choice: Choice,
    emptied: u64,
    tickets: Vec<Ticket>,
}

impl Run {
    fn new(skews: [i64; WORKERS], seed: u64) -> Self {
        let world = World::new();
        let workers = skews.map(|skew| Worker::start(&world, skew)).into();
        Self {
            emptied: 0,
            workers,
            world,
            choice: Choice(seed),
            tickets: Vec::new(),
        }
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::Line(worker, mood) => {
                self.workers[worker].set_mood(mood);
                self.workers[worker].connected_since = None;
            }
            Event::Restart(worker) => self.workers[worker].restart(&self.world),
            Event::Empty => {
                self.world.empty();
                self.emptied = self.world.now();
            }
            // May fail, with a line that is down.
            Event::RotateNow(worker) => {
                let _ = run(self.workers[worker].keys.rotate_fleet());
            }
        }
    }

    /// Everybody looks once, and is asked twice.
    fn round(&mut self) -> Result<(), TestCaseError> {
        let choice = &mut self.choice;
        sync_all(&mut self.workers, self.world.now(), |count| {
            choice.of(count)
        });
        self.check()?;
        let later = self.choice.of(ROUND as usize) as u64;
        self.world.advance(later);
        self.check()?;
        self.world.advance(ROUND - later);
        Ok(())
    }

    fn check(&mut self) -> Result<(), TestCaseError> {
        let now = self.world.now();
        let settled = |since: u64| now - since >= SETTLED;
        if !settled(self.emptied) {
            return Ok(());
        }
        let connected: Vec<_> = self
            .workers
            .iter()
            .filter(|worker| worker.connected_since.is_some_and(settled))
            .collect();
        for issuer in &connected {
            let key = issuer.issuing();
            for opener in &connected {
                prop_assert!(opens(opener, &key), "a fresh ticket at {now}");
            }
            self.tickets.push(Ticket { key, issued: now });
        }
        self.tickets.retain(|ticket| now < ticket.issued + LIFETIME);
        // Some of the older ones; at those that came later, only with a store that remembers: while
        // nobody was there who knew the key, nobody could put it back.
        for _ in 0..20.min(self.tickets.len()) {
            let ticket = &self.tickets[self.choice.of(self.tickets.len())];
            for opener in &connected {
                let remembers = self.emptied < ticket.issued.saturating_sub(SETTLED);
                let came_later = opener.connected_since > Some(ticket.issued);
                prop_assert!(
                    opens(opener, &ticket.key) || (came_later && !remembers),
                    "a ticket of {} at {now}",
                    ticket.issued
                );
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, max_shrink_iters: 200, ..ProptestConfig::default() })]

    // Spec: TKT-03, TKT-05, T-SES-05
    #[test]
    fn a_ticket_of_a_connected_worker_opens_at_every_other(
        skews in prop::array::uniform(-150i64..=150),
        events in prop::collection::vec((0..ROUNDS, event()), 0..24),
        seed: u64,
    ) {
        let mut fleet = Run::new(skews, seed);
        for round in 0..ROUNDS {
            for (_, event) in events.iter().filter(|(at, _)| *at == round) {
                fleet.apply(*event);
            }
            fleet.round()?;
        }
        // All is well again: after some hours the store holds what is needed, and no more.
        for worker in &fleet.workers {
            worker.set_mood(Mood::Up);
        }
        for _ in 0..5 * HOUR / ROUND {
            fleet.round()?;
        }
        prop_assert!((3..=6).contains(&fleet.world.stored()), "{}", fleet.world.stored());
        let issuing: Vec<_> = fleet.workers.iter().map(Worker::issuing).collect();
        let differing = issuing.iter().filter(|name| **name != issuing[0]).count();
        prop_assert!(differing == 0 || skews.iter().any(|skew| *skew != skews[0]));
        // The fleet ends, and nobody is left to erase its keys.
        fleet.workers.clear();
        fleet.world.advance(2 * HOUR + LIFETIME + 3 * TOLERANCE);
        prop_assert_eq!(fleet.world.stored(), 0);
    }
}

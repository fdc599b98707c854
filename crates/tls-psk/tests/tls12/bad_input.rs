//! Bytes that no honest peer sends: a typed error and an alert, never a panic, never an open end.

use proptest::prelude::*;
use proptest::sample::Index;
use tls_psk::Error;

use crate::pair::{Ends, Outcome, Pair, SUITES, Sender};

/// Stops the handshake before the record of this number, counted over both ends.
fn stopped_before(ends: &Ends, number: usize) -> Pair {
    let mut pair = Pair::new(ends);
    for _ in 0..number {
        if let Some((from, record)) = pair.next_record() {
            pair.deliver(from, &record);
        }
    }
    pair
}

/// An end that failed on bytes says so with an alert, unless it heard one.
fn check_failure(outcome: &Result<Option<Box<tls_psk::Finished>>, Error>) {
    match outcome {
        Ok(_) | Err(Error::AlertReceived(_) | Error::PskNotAccepted { alert: Some(_) }) => {}
        Err(error) => assert!(error.alert().is_some(), "{error:?} is told to nobody"),
    }
}

fn check(outcome: &Outcome) {
    check_failure(&outcome.client);
    check_failure(&outcome.server);
}

#[test]
fn an_empty_handshake_record_is_refused() {
    for number in 1..7 {
        let mut pair = stopped_before(&Ends::with_suite(SUITES[0]), number);
        let (to, from) = match number {
            1..4 => (Sender::Client, Sender::Server),
            _ => (Sender::Server, Sender::Client),
        };
        pair.deliver(from, &[22, 3, 3, 0, 0]);
        assert!(pair.has_failed(to), "{number}");
    }
}

/// The handshake message of a plaintext record, or the whole of a protected one, from here on.
const CONTENT: usize = 5;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_at_any_state_are_an_error_or_nothing(
        suite in 0..6usize,
        number in 0..9usize,
        at_client: bool,
        content_type in prop::sample::select(vec![20u8, 21, 22, 23, 24]),
        bytes in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let ends = Ends::with_suite(SUITES[suite]);
        let mut pair = stopped_before(&ends, number);
        let from = if at_client { Sender::Server } else { Sender::Client };
        let at = if at_client { Sender::Client } else { Sender::Server };
        let was_open = pair.is_open(at);
        let mut record = vec![content_type, 3, 3, 0, bytes.len() as u8];
        record.extend_from_slice(&bytes);
        pair.deliver(from, &record);
        prop_assert_eq!(pair.is_open(at), was_open);
        check(&pair.into_outcome());
    }

    /// With a single bit of a message changed the two ends never both finish.
    #[test]
    fn one_changed_bit_never_leaves_both_ends_open(
        suite in 0..6usize,
        number in 0..9usize,
        bit: Index,
    ) {
        let mut ends = Ends::with_suite(SUITES[suite]);
        ends.server.hint = Some(b"gates".to_vec());
        let mut seen = 0;
        let outcome = ends.run_changed(|_, mut record| {
            if seen == number && record.len() > CONTENT {
                let bit = bit.index(8 * (record.len() - CONTENT));
                record[CONTENT + bit / 8] ^= 1 << (bit % 8);
            }
            seen += 1;
            vec![record]
        });
        prop_assert!(!outcome.is_open_at_both());
        check(&outcome);
    }

    #[test]
    fn a_message_that_is_cut_grown_or_garbled_never_leaves_both_ends_open(
        suite in 0..6usize,
        number in 0..9usize,
        at: Index,
        junk in prop::collection::vec(any::<u8>(), 1..20),
        grow: bool,
    ) {
        let ends = Ends::with_suite(SUITES[suite]);
        let mut seen = 0;
        let mut changed = false;
        let outcome = ends.run_changed(|_, mut record| {
            if seen == number {
                let before = record.clone();
                let at = CONTENT + at.index(record.len() - CONTENT);
                if grow {
                    record.splice(at..at, junk.iter().copied());
                } else {
                    for (place, byte) in record[at..].iter_mut().zip(&junk) {
                        *place = *byte;
                    }
                }
                let length = (record.len() - CONTENT) as u16;
                record[3..5].copy_from_slice(&length.to_be_bytes());
                changed = before != record;
            }
            seen += 1;
            vec![record]
        });
        prop_assert!(!changed || !outcome.is_open_at_both());
        check(&outcome);
    }

    /// Dropped, doubled or swapped with the next one.
    #[test]
    fn a_record_that_is_lost_or_doubled_never_leaves_both_ends_open(
        suite in 0..6usize,
        number in 0..9usize,
        double: bool,
    ) {
        let ends = Ends::with_suite(SUITES[suite]);
        let mut seen = 0;
        let mut changed = None;
        let outcome = ends.run_changed(|from, record| {
            let hit = seen == number;
            seen += 1;
            match (hit, double) {
                (true, false) => {
                    changed = Some(from);
                    Vec::new()
                }
                (true, true) => {
                    changed = Some(from);
                    vec![record.clone(), record]
                }
                _ => vec![record],
            }
        });
        // The last record of each end may come twice: the second one is the record layer's, which
        // refuses it.
        let last = double && changed.is_some() && number >= seen.saturating_sub(3);
        prop_assert!(changed.is_none() || last || !outcome.is_open_at_both());
        check(&outcome);
    }

    #[test]
    fn records_cut_and_joined_in_any_way_make_no_difference(
        suite in 0..6usize,
        cuts in prop::collection::vec(1..40usize, 1..6),
    ) {
        let mut ends = Ends::with_suite(SUITES[suite]);
        ends.server.hint = Some(b"gates".to_vec());
        let mut cuts = cuts.iter().cycle();
        let mut protected = Vec::new();
        let outcome = ends.run_changed(|from, record| {
            let cut = *cuts.next().unwrap();
            if record[0] == 20 {
                protected.push(from);
            }
            // Protected records can't be cut: only the stream can.
            if record[0] != 22 || protected.contains(&from) {
                return record.chunks(cut).map(<[u8]>::to_vec).collect();
            }
            record[CONTENT..].chunks(cut).map(|part| {
                let mut own = vec![22, 3, 3, 0, part.len() as u8];
                own.extend_from_slice(part);
                own
            }).collect()
        });
        prop_assert!(outcome.is_open_at_both(), "{:?}", outcome.codes());
    }
}

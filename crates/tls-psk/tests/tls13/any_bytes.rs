//! Any bytes at any state, also under the right keys: a typed error or more to come, never a panic,
//! never an open connection.

use proptest::prelude::*;
use tls_wire::ContentType;

use crate::bad_hellos::Hello;
use crate::ends::*;
use crate::message_orders::{Record, sealed, waiting_client, waiting_server};

/// Content that has a chance to get further than noise has: often a message of a known type whose
/// length is right.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let message = (0..30u8, prop::collection::vec(any::<u8>(), 0..80)).prop_map(|(kind, body)| {
        let mut message = vec![kind, 0, 0, body.len() as u8];
        message.extend(body);
        message
    });
    prop_oneof![prop::collection::vec(any::<u8>(), 0..80), message]
}

fn record() -> impl Strategy<Value = Record> {
    let content_type = prop_oneof![
        Just(ContentType::Handshake),
        Just(ContentType::Alert),
        Just(ContentType::ApplicationData),
        Just(ContentType::ChangeCipherSpec),
        any::<u8>().prop_map(ContentType::from),
    ];
    (content_type, content(), any::<bool>())
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    prop::collection::vec(record(), 1..4)
}

/// Feeds an honest beginning and then `records`; what comes of it.
fn outcome<H: Reads>(
    (end, honest, secret): (End<H>, Vec<Record>, Vec<u8>),
    begin: usize,
    records: Vec<Record>,
) -> Result<(), TestCaseError> {
    let mut all = honest[..begin].to_vec();
    all.extend(records);
    let mut wire = sealed(&all, &secret);
    let end = feed(end, &mut wire, &mut Vec::new());
    prop_assert!(!end.is_done());
    if let Some(error) = end.error() {
        let told = error.fault() == tls_psk::Fault::Nobody;
        prop_assert!(told || error.alert().is_some(), "{error}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn at_a_client(begin in 0..3usize, records in records()) {
        outcome(waiting_client(), begin, records)?;
    }

    #[test]
    fn at_a_server_that_waits_for_finished(records in records()) {
        outcome(waiting_server(), 0, records)?;
    }

    #[test]
    fn at_a_server_that_waits_for_a_second_hello(records in records()) {
        let first = Hello {
            shares: Some(Vec::new()),
            ..Hello::default()
        };
        let started = first.offer(&server_config(), &mut Vec::new()).unwrap();
        // Nothing is protected yet.
        let clear = records.into_iter().map(|(kind, content, _)| (kind, content, false));
        outcome((End::Under(started), Vec::new(), vec![1; 32]), 0, clear.collect())?;
    }

    /// The honest messages with one byte changed, sealed anew: what the record layer lets through.
    #[test]
    fn an_honest_message_with_a_changed_byte(
        at_client: bool,
        which: prop::sample::Index,
        place: prop::sample::Index,
        change in 1..=255u8,
    ) {
        fn change_one<H: Reads>(
            (end, mut honest, secret): (End<H>, Vec<Record>, Vec<u8>),
            which: prop::sample::Index,
            place: prop::sample::Index,
            change: u8,
        ) -> Result<(), TestCaseError> {
            let which = which.index(honest.len());
            let content = &mut honest[which].1;
            let place = place.index(content.len());
            content[place] ^= change;
            let mut wire = sealed(&honest, &secret);
            let end = feed(end, &mut wire, &mut Vec::new());
            prop_assert!(!end.is_done(), "{which} {place}");
            Ok(())
        }
        if at_client {
            change_one(waiting_client(), which, place, change)?;
        } else {
            change_one(waiting_server(), which, place, change)?;
        }
    }
}

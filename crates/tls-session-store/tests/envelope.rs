//! The envelope: round trips, bounds, and any bytes at all.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use proptest::prelude::*;
use tls_session_store::limits::{MAX_CHAIN_LEN, MAX_PAYLOAD_LEN};
use tls_session_store::{ContextId, Envelope, Kind, NotResumed, TicketKeys, Verdict};

fn envelope() -> Envelope {
    Envelope {
        first_authenticated: 1_000,
        verdict: Verdict::Good,
        generation: 7,
        maker: "worker 3".into(),
        context_id: ContextId([5; 32]),
        kind: Kind::RustlsTicket,
        chain: vec![vec![1; 700], vec![2; 900]],
        payload: vec![9; 120].into(),
    }
}

fn any_envelope() -> impl Strategy<Value = Envelope> {
    let verdict = prop_oneof![
        Just(Verdict::NoCertificate),
        Just(Verdict::Good),
        "[A-Z_]{0,64}".prop_map(Verdict::AcceptedUnverified),
        Just(Verdict::NotRecorded),
    ];
    let kind = prop::sample::select(vec![
        Kind::RustlsTicket,
        Kind::PskTicket,
        Kind::StoredSession,
        Kind::ClientSession,
    ]);
    let bytes = |max| prop::collection::vec(any::<u8>(), 0..max);
    let chain = prop::collection::vec(bytes(50), 0..17);
    let rest = (any::<u64>(), any::<u64>(), "\\PC{0,40}", any::<[u8; 32]>());
    (verdict, kind, chain, bytes(300), rest).prop_map(
        |(verdict, kind, chain, payload, (time, generation, maker, context))| Envelope {
            first_authenticated: time,
            verdict,
            generation,
            maker,
            context_id: ContextId(context),
            kind,
            chain,
            payload: payload.into(),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn an_envelope_survives_its_bytes(envelope in any_envelope()) {
        let bytes = envelope.encode().unwrap();
        prop_assert_eq!(bytes.len(), bytes.capacity(), "the length is known beforehand");
        prop_assert_eq!(Envelope::decode(&bytes).unwrap(), envelope);
    }

    #[test]
    fn a_changed_envelope_never_panics(envelope in any_envelope(), at in any::<usize>(), byte in any::<u8>()) {
        let mut bytes = envelope.encode().unwrap().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(read) = Envelope::decode(&bytes) {
            prop_assert_eq!(&read.encode().unwrap()[..], &bytes[..], "one form only");
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Envelope::decode(&bytes);
    }
}

#[test]
fn a_cut_or_lengthened_envelope_is_refused() {
    let mut bytes = envelope().encode().unwrap().to_vec();
    for len in 0..bytes.len() {
        assert!(Envelope::decode(&bytes[..len]).is_err(), "cut at {len}");
    }
    bytes.push(0);
    assert_eq!(
        Envelope::decode(&bytes).unwrap_err().code(),
        "envelope_malformed"
    );
}

#[test]
fn another_version_is_refused() {
    let mut bytes = envelope().encode().unwrap();
    bytes[0] = 2;
    let error = Envelope::decode(&bytes).unwrap_err();
    assert_eq!(error.to_string(), "not a session envelope: version");
}

#[test]
fn limits_hold_both_ways() {
    let refused = |change: fn(&mut Envelope)| {
        let mut envelope = envelope();
        change(&mut envelope);
        envelope.encode().unwrap_err().code()
    };
    assert_eq!(
        refused(|e| e.chain = vec![vec![]; 17]),
        "envelope_malformed"
    );
    assert_eq!(
        refused(|e| e.chain = vec![vec![0; MAX_CHAIN_LEN], vec![0]]),
        "envelope_malformed"
    );
    assert_eq!(refused(|e| e.maker = "m".repeat(256)), "envelope_malformed");
    assert_eq!(
        refused(|e| e.verdict = Verdict::AcceptedUnverified("C".repeat(65))),
        "envelope_malformed"
    );
    assert_eq!(
        refused(|e| *e.payload = vec![0; MAX_PAYLOAD_LEN + 1]),
        "envelope_malformed"
    );

    let mut largest = envelope();
    largest.chain = vec![vec![0; MAX_CHAIN_LEN / 15]; 15];
    largest.chain.push(vec![]);
    *largest.payload = vec![0; MAX_PAYLOAD_LEN];
    let bytes = largest.encode().unwrap();
    assert_eq!(Envelope::decode(&bytes).unwrap(), largest);
    let ticket = TicketKeys::from_bytes([1; 48]).seal_envelope(&largest);
    assert!(ticket.is_ok(), "the largest envelope can be sealed");

    // A length that lies about 16 MiB costs no memory.
    let mut bytes = envelope().encode().unwrap();
    let at = bytes.windows(4).position(|w| w == [2, 0, 2, 0xbc]).unwrap();
    bytes[at + 1..at + 4].fill(0xff);
    let error = Envelope::decode(&bytes).unwrap_err();
    assert_eq!(error.to_string(), "not a session envelope: chain too long");
}

// Spec: SES-07
#[test]
fn ses_07_an_envelope_is_good_for_its_lifetime_only() {
    let (envelope, lifetime) = (envelope(), Duration::from_secs(300));
    let check = |now| {
        envelope.check(
            Kind::RustlsTicket,
            &ContextId([5; 32]),
            Duration::from_secs(now),
            lifetime,
        )
    };
    assert_eq!(check(1_000), Ok(()));
    assert_eq!(check(1_299), Ok(()));
    assert_eq!(check(1_300), Err(NotResumed::Expired));
    assert_eq!(
        check(700),
        Ok(()),
        "another worker's clock is a little behind"
    );
    assert_eq!(
        check(699),
        Err(NotResumed::Expired),
        "a time in the future is no licence"
    );
}

// Spec: CTX-11
#[test]
fn ctx_11_an_envelope_names_its_context_and_kind() {
    let (envelope, now, lifetime) = (envelope(), Duration::from_secs(1_000), Duration::MAX);
    let other = envelope.check(Kind::RustlsTicket, &ContextId([6; 32]), now, lifetime);
    assert_eq!(other, Err(NotResumed::OtherContext));
    let other = envelope.check(Kind::PskTicket, &ContextId([5; 32]), now, lifetime);
    assert_eq!(other, Err(NotResumed::OtherContext));
}

#[test]
fn a_sealed_envelope_opens_with_its_reason_for_refusal() {
    let keys =
        TicketKeys::from_bytes([1; 48]).with_clock(tls_session_store::Clock::from_fn(|| {
            Duration::from_secs(1_100)
        }));
    let envelope = envelope();
    let ticket = keys.seal_envelope(&envelope).unwrap();
    let context = envelope.context_id;
    assert_eq!(
        keys.open_envelope(Kind::RustlsTicket, &context, &ticket),
        Ok(envelope)
    );

    let open = |keys: &TicketKeys, context, ticket: &[u8]| {
        keys.open_envelope(Kind::RustlsTicket, &context, ticket)
            .unwrap_err()
    };
    let short = keys.clone().with_lifetime(Duration::from_secs(100));
    assert_eq!(open(&short, context, &ticket), NotResumed::Expired);
    assert_eq!(
        open(&keys, ContextId([0; 32]), &ticket),
        NotResumed::OtherContext
    );
    assert_eq!(open(&keys, context, &ticket[..40]), NotResumed::Malformed);
    let other = TicketKeys::from_bytes([2; 48]);
    assert_eq!(open(&other, context, &ticket), NotResumed::WrongKey);
    let no_envelope = keys.seal(Kind::RustlsTicket, &context, b"junk").unwrap();
    assert_eq!(open(&keys, context, &no_envelope), NotResumed::Malformed);
}

#[test]
fn debug_shows_no_payload() {
    let shown = format!("{:?}", envelope());
    assert!(
        shown.contains("payload_len: 120") && !shown.contains("9, 9"),
        "{shown}"
    );
}

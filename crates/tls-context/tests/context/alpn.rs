//! Application protocols.

use proptest::prelude::*;
use rustls::AlertDescription;
use tls_context::{SecureContextBuilder, alpn_from_wire, alpn_to_wire};
use tls_testing::plain_rustls;

use crate::handshake::{Agreed, Failed, between, client, only, server};

/// In both versions, with the same outcome.
fn negotiate(client_list: &[&str], server_list: &[&str]) -> Vec<Result<Agreed, Failed>> {
    let with = |builder: SecureContextBuilder, list: &[&str]| builder.alpn(list);
    plain_rustls::VERSIONS
        .into_iter()
        .map(|version| {
            between(
                only(version, with(client(), client_list)),
                with(server(), server_list),
            )
        })
        .collect()
}

// Spec: T-ALP-01, ALP-02
#[test]
fn the_servers_order_counts() {
    for (client_list, expected) in [
        (["a", "b", "c"], "a"),
        (["c", "b", "e"], "b"),
        (["x", "y", "c"], "c"),
    ] {
        for agreed in negotiate(&client_list, &["a", "b", "c"]) {
            assert_eq!(agreed.unwrap().alpn.as_deref(), Some(expected.as_bytes()));
        }
    }
}

// Spec: T-ALP-02
#[test]
fn without_a_list_on_either_side_there_is_no_protocol() {
    for (client_list, server_list) in [(&["a"][..], &[][..]), (&[], &["a"]), (&[], &[])] {
        for agreed in negotiate(client_list, server_list) {
            assert_eq!(agreed.unwrap().alpn, None);
        }
    }
}

// Spec: T-ALP-03
#[test]
fn without_a_common_protocol_the_client_gets_no_application_protocol() {
    for failed in negotiate(&["bar"], &["foo"]) {
        let failed = failed.unwrap_err();
        assert_eq!(
            failed.alert_at_client(),
            Some(AlertDescription::NoApplicationProtocol)
        );
        assert_eq!(failed.server, Some(rustls::Error::NoApplicationProtocol));
    }
}

// Spec: ALP-01, T-ALP-09
#[test]
fn a_name_above_255_bytes_is_out_of_range() {
    let error = client().alpn(["h2", &"a".repeat(500)]).build().unwrap_err();
    assert_eq!(error.code(), "alpn_name_too_long");
    assert_eq!(error.node_code(), Some("ERR_OUT_OF_RANGE"));
    assert_eq!(
        error.to_string(),
        "The byte length of the protocol at index 1 exceeds the maximum length. \
         It must be <= 255. Received 500"
    );
    client().alpn([&"a".repeat(255)]).build().unwrap();
}

#[test]
fn empty_names_and_endless_lists_are_refused() {
    let error = client().alpn(["h2", ""]).build().unwrap_err();
    assert_eq!(error.code(), "alpn_name_empty");
    let error = client()
        .alpn(vec!["a".repeat(99); 161])
        .build()
        .unwrap_err();
    assert_eq!(error.code(), "alpn_list_too_long");
    client().alpn(vec!["a".repeat(99); 160]).build().unwrap();
}

// Spec: ALP-01, T-ALP-08
#[test]
fn an_empty_list_is_none() {
    let context = client().alpn([""; 0]).build().unwrap();
    assert!(context.alpn().is_empty());
    assert_eq!(alpn_from_wire(&[]).unwrap(), Vec::<Vec<u8>>::new());
}

// Spec: ALP-01, T-ALP-08
#[test]
fn the_wire_format_is_checked() {
    assert_eq!(
        alpn_from_wire(b"\x02h2\x08http/1").unwrap_err().code(),
        "alpn_wire_format"
    );
    assert_eq!(
        alpn_from_wire(b"\x02h2\x00").unwrap_err().code(),
        "alpn_name_empty"
    );
}

proptest! {
    // Spec: T-ALP-08, MOD-11
    #[test]
    fn the_wire_format_goes_there_and_back(
        names in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..256), 0..20),
    ) {
        let wire = alpn_to_wire(&names).unwrap();
        prop_assert_eq!(alpn_from_wire(&wire).unwrap(), names);
    }

    #[test]
    fn any_bytes_are_read_or_refused(wire in prop::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(names) = alpn_from_wire(&wire) {
            prop_assert_eq!(alpn_to_wire(&names).unwrap(), wire);
        }
    }
}

//! OpenSSL's security level: keys, ciphers and groups.

use rustls::{NamedGroup, version};
use tls_certs::{Identity, WatchOptions};
use tls_context::{SecureContext, SecurityLevel};
use tls_testing::Pki;

use crate::handshake::{client, identity, trust};

fn groups(context: &SecureContext) -> Vec<NamedGroup> {
    context
        .provider()
        .kx_groups
        .iter()
        .map(|group| group.name())
        .collect()
}

fn openssl_names(context: &SecureContext) -> Vec<&'static str> {
    let suites = context.provider().cipher_suites.iter();
    suites
        .map(|suite| {
            tls_wire::CipherSuite(u16::from(suite.suite()))
                .openssl_name()
                .unwrap()
        })
        .collect()
}

// Spec: CIP-11, CIP-12
#[test]
fn the_level_is_two_unless_set_and_the_list_goes_over_the_setting() {
    let level = |context: tls_context::SecureContextBuilder| {
        context.build().unwrap().security_level().number()
    };
    assert_eq!(level(client()), 2);
    assert_eq!(level(client().security_level(SecurityLevel::Three)), 3);
    assert_eq!(level(client().ciphers("DEFAULT:@SECLEVEL=0")), 0);
    assert_eq!(level(client().ciphers("DEFAULT@SECLEVEL=1")), 1);
    assert_eq!(level(client().ciphers("@SECLEVEL=3")), 3);
    let both = client()
        .security_level(SecurityLevel::Five)
        .ciphers("ALL:@SECLEVEL=5:@SECLEVEL=3");
    assert_eq!(level(both), 3);
}

// Spec: CIP-11, T-CRD-10
#[test]
fn a_key_below_the_level_is_refused_by_kind_and_size() {
    let pki = Pki::shared();
    for (leaf, highest) in [
        (&pki.server, 3),
        (&pki.server_rsa, 2),
        (&pki.server_p384, 4),
    ] {
        for number in 0..=5 {
            // The list first, whatever the order of the calls.
            let context = SecureContext::server(identity(leaf))
                .groups("MLKEM1024:P-384")
                .ciphers(&format!("DEFAULT:@SECLEVEL={number}"))
                .build();
            match context {
                Ok(_) => assert!(number <= highest, "{number}"),
                Err(error) => {
                    assert!(number > highest, "{number}: {error}");
                    assert_eq!(error.code(), "identity");
                    assert_eq!(error.node_code(), Some("ERR_SSL_EE_KEY_TOO_SMALL"));
                    assert!(error.to_string().contains("ee key too small"), "{error}");
                }
            }
        }
    }
    let client = client().client_identity(identity(&pki.client_rsa));
    let error = client
        .security_level(SecurityLevel::Three)
        .build()
        .unwrap_err();
    assert_eq!(error.code(), "identity");
}

#[test]
fn a_smaller_key_does_not_come_in_by_a_reload_either() {
    let pki = Pki::shared();
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = pki.server_p384.write_to(directory.path(), "server");
    let options = WatchOptions::manual().security_level(SecurityLevel::Four);
    let watched = Identity::watch_pem_files_with(certificate, key, options).unwrap();
    let context = SecureContext::server(&watched).security_level(SecurityLevel::Four);
    let context = context.build().unwrap();
    _ = pki.server.write_to(directory.path(), "server");
    assert!(
        watched
            .reload()
            .unwrap_err()
            .to_string()
            .contains("ee key too small")
    );
    assert_eq!(context.identities()[0].chain(), pki.server_p384.chain());
}

// Spec: CIP-11
#[test]
fn ciphers_and_groups_below_the_level_are_left_out() {
    let at = |level| client().security_level(level).build().unwrap();
    let three = at(SecurityLevel::Three);
    assert_eq!((openssl_names(&three).len(), groups(&three).len()), (9, 4));

    let four = at(SecurityLevel::Four);
    assert!(
        openssl_names(&four)
            .iter()
            .all(|name| !name.contains("128_GCM") && !name.contains("AES128"))
    );
    assert_eq!(openssl_names(&four).len(), 6);
    assert_eq!(
        groups(&four),
        [NamedGroup::X25519MLKEM768, NamedGroup::secp384r1]
    );

    let five = client().security_level(SecurityLevel::Five);
    let error = five.clone().build().unwrap_err();
    assert_eq!(error.code(), "no_group_for_level");
    let five = five.groups("MLKEM1024").build().unwrap();
    assert_eq!(groups(&five), [NamedGroup::MLKEM1024]);

    let error = client()
        .ciphers("AES128:TLS_AES_128_GCM_SHA256:@SECLEVEL=4")
        .build()
        .unwrap_err();
    assert_eq!(error.code(), "no_cipher_for_level");
    // All that is named of TLS 1.2 is too weak: that version is off.
    let only_1_3 = client().ciphers("AES128:@SECLEVEL=4").build().unwrap();
    assert_eq!(only_1_3.versions(), [&version::TLS13]);
    let trust = SecureContext::client(trust())
        .groups("X25519")
        .security_level(SecurityLevel::Four);
    assert_eq!(trust.build().unwrap_err().code(), "no_group_for_level");
}

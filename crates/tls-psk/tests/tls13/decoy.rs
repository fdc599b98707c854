//! The decoy option: what a client without a key sees must not depend on which keys there are.

use tls_psk::{ClientPsk, HashAlgorithm, PskIdentity, PskKey};

use crate::ends::{NOW, client_config, key, psk, run_with, server_config};

/// Keys for either hash, and the server's own name.
fn keys(identity: &PskIdentity) -> Vec<PskKey> {
    match identity.as_bytes() {
        b"known-256" | b"own" => vec![key(&[1; 32])],
        b"known-384" => vec![key(&[1; 32]).with_hash(HashAlgorithm::Sha384)],
        _ => Vec::new(),
    }
}

fn offered(identity: &str, hash: HashAlgorithm) -> ClientPsk {
    let ClientPsk { identity, key } = psk(identity, &[2; 32]);
    ClientPsk {
        identity,
        key: key.with_hash(hash),
    }
}

#[test]
fn whatever_is_probed_the_answer_is_the_same() {
    use HashAlgorithm::{Sha256, Sha384};
    for identity in ["known-256", "known-384", "own", "nobody"] {
        // With suites of one hash, and of both with a binder of either.
        for hashes in [
            &[Sha256][..],
            &[Sha384],
            &[Sha256, Sha384],
            &[Sha384, Sha256],
        ] {
            let mut client = client_config();
            client.psks = hashes
                .iter()
                .zip([identity, "nobody at all"])
                .map(|(hash, identity)| offered(identity, *hash))
                .collect();
            let mut server = server_config();
            server.decoy = true;
            server.own_identities = vec![PskIdentity::new("own").unwrap()];
            let outcome = run_with(client, server, &keys, NOW, |_, _, _| {});
            let decrypt_error = [21, 3, 3, 0, 2, 2, 51];
            assert_eq!(outcome.server_sent, decrypt_error, "{identity} {hashes:?}");
        }
    }
}

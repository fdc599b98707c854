//! The hand-over from rustls to our record layer, over every combination of what can differ: any
//! three choices occur together, and each combination makes three handshakes.

use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ServerConfig};
use tls_net::{ClientSession, Resumption, TlsAcceptor, TlsConnector, TlsStream};
use tls_session_store::{MemoryStore, SharedSecret};
use tls_testing::Pki;
use tls_wire::ProtocolVersion;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::plain::Plain;
use super::support::{Cut, Transport, client, identity, rustls_version, server, trust};

const SUITES: [(ProtocolVersion, &str); 6] = [
    (ProtocolVersion::Tls13, "TLS_AES_128_GCM_SHA256"),
    (ProtocolVersion::Tls13, "TLS_AES_256_GCM_SHA384"),
    (ProtocolVersion::Tls13, "TLS_CHACHA20_POLY1305_SHA256"),
    (ProtocolVersion::Tls12, "ECDHE-ECDSA-AES128-GCM-SHA256"),
    (ProtocolVersion::Tls12, "ECDHE-ECDSA-AES256-GCM-SHA384"),
    (ProtocolVersion::Tls12, "ECDHE-ECDSA-CHACHA20-POLY1305"),
];
const CUTS: [Cut; 3] = [Cut::Whole, Cut::Bytes37, Cut::OneByte];

/// How many choices each of these has, in the order of [`Case::new`].
const CHOICES: [usize; 8] = [6, 2, 2, 2, 2, 2, 3, 2];

#[derive(Clone, Copy, Debug)]
struct Case {
    version: ProtocolVersion,
    suite: &'static str,
    client_certificate: bool,
    stateful: bool,
    retry: bool,
    tickets: u8,
    small_records: bool,
    cut: Cut,
    we_serve: bool,
}

impl Case {
    fn new(choice: [usize; 8]) -> Self {
        let (version, suite) = SUITES[choice[0]];
        Self {
            version,
            suite,
            client_certificate: choice[1] == 1,
            stateful: choice[2] == 1,
            retry: choice[3] == 1,
            tickets: if choice[4] == 1 { 0 } else { 2 },
            small_records: choice[5] == 1,
            cut: CUTS[choice[6]],
            we_serve: choice[7] == 0,
        }
    }

    fn tls13(&self) -> bool {
        self.version == ProtocolVersion::Tls13
    }

    /// The group of the server, which is not the client's first if it is to ask again.
    fn retries(&self) -> bool {
        self.retry && self.tls13()
    }

    fn resumes(&self) -> bool {
        self.tickets > 0 || !self.tls13()
    }
}

/// Few cases in which every three choices occur together.
fn cases() -> Vec<Case> {
    let mut all = vec![[0; 8]];
    for (at, count) in CHOICES.into_iter().enumerate() {
        let more = all.iter().flat_map(|choice| {
            (0..count).map(move |value| {
                let mut choice = *choice;
                choice[at] = value;
                choice
            })
        });
        all = more.collect();
    }
    let triples = |choice: &[usize; 8]| {
        let mut triples = Vec::new();
        for a in 0..8 {
            for b in a + 1..8 {
                for c in b + 1..8 {
                    triples.push([(a, choice[a]), (b, choice[b]), (c, choice[c])]);
                }
            }
        }
        triples
    };
    let mut open: std::collections::HashSet<_> = all.iter().flat_map(triples).collect();
    let mut cases = Vec::new();
    while !open.is_empty() {
        let new =
            |choice: &[usize; 8]| triples(choice).iter().filter(|t| open.contains(*t)).count();
        let best = *all.iter().max_by_key(|choice| new(choice)).unwrap();
        for triple in triples(&best) {
            open.remove(&triple);
        }
        cases.push(Case::new(best));
    }
    cases
}

/// A provider with one suite and these groups.
fn provider(suite: &str, groups: &[rustls::NamedGroup]) -> Arc<rustls::crypto::CryptoProvider> {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    let name = tls_wire::CipherSuite::from_name(suite).unwrap();
    provider
        .cipher_suites
        .retain(|own| u16::from(own.suite()) == name.0);
    let all = rustls::crypto::aws_lc_rs::ALL_KX_GROUPS;
    provider.kx_groups = groups
        .iter()
        .map(|group| *all.iter().find(|g| g.name() == *group).unwrap())
        .collect();
    provider.into()
}

fn fragment(case: &Case) -> Option<usize> {
    case.small_records.then_some(100)
}

fn plain_client(case: &Case) -> Arc<ClientConfig> {
    use rustls::NamedGroup::{X25519, secp256r1};
    let builder = ClientConfig::builder_with_provider(provider(case.suite, &[X25519, secp256r1]))
        .with_protocol_versions(&[rustls_version(case.version)])
        .unwrap()
        .with_root_certificates(Pki::shared().roots());
    let pki = Pki::shared();
    let mut config = if case.client_certificate {
        let leaf = &pki.client;
        builder
            .with_client_auth_cert(leaf.chain().to_vec(), leaf.key())
            .unwrap()
    } else {
        builder.with_no_client_auth()
    };
    config.max_fragment_size = fragment(case);
    config.into()
}

fn plain_server(case: &Case) -> Arc<ServerConfig> {
    use rustls::NamedGroup::{X25519, secp256r1};
    let groups = if case.retries() {
        [secp256r1].as_slice()
    } else {
        &[X25519, secp256r1]
    };
    let provider = provider(case.suite, groups);
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[rustls_version(case.version)])
        .unwrap();
    let roots = Arc::new(Pki::shared().roots());
    let builder = if case.client_certificate {
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
        builder.with_client_cert_verifier(verifier.unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let leaf = &Pki::shared().server;
    let mut config = builder
        .with_single_cert(leaf.chain().to_vec(), leaf.key())
        .unwrap();
    config.max_fragment_size = fragment(case);
    config.send_tls13_tickets = usize::from(case.tickets);
    // Application data in the segment of the server's own Finished.
    config.send_half_rtt_data = !case.client_certificate;
    if !case.stateful {
        config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().unwrap();
    }
    config.into()
}

fn our_acceptor(case: &Case) -> TlsAcceptor {
    let mut context = server()
        .min_version(case.version)
        .max_version(case.version)
        .ciphers(case.suite)
        .tickets(case.tickets)
        .exporter(true);
    if case.retries() {
        context = context.groups("P-256");
    }
    if case.client_certificate {
        context = context.client_auth(tls_context::ClientAuth::required(trust()));
    }
    let mut builder = TlsAcceptor::builder(context.build().unwrap());
    if case.stateful {
        builder = builder.sessions(MemoryStore::new(), SharedSecret::generate().unwrap());
    }
    builder.build().unwrap()
}

fn our_connector(case: &Case) -> TlsConnector {
    let mut context = client(case.version)
        .ciphers(case.suite)
        .groups("X25519:P-256")
        .exporter(true);
    if case.client_certificate {
        context = context.client_identity(identity(&Pki::shared().client));
    }
    TlsConnector::from(context.build().unwrap())
}

/// Data both ways after the handshake, key updates included, then the exporter at both ends.
async fn converse(
    case: &Case,
    ours: &mut TlsStream<Transport>,
    plain: &mut Plain<Transport>,
    early: &[u8],
) {
    let mut got = vec![0; early.len()];
    ours.read_exact(&mut got).await.unwrap();
    assert_eq!(got, early, "data in the segment of Finished");
    let rounds = if case.tls13() { 3 } else { 1 };
    for round in 0..rounds {
        let data = vec![round; 1500];
        let (sent, received) = tokio::join!(
            async {
                ours.write_all(&data).await?;
                ours.flush().await
            },
            plain.read_exact(data.len())
        );
        sent.unwrap();
        assert_eq!(received.unwrap(), data);
        if case.tls13() {
            plain.update_keys().await.unwrap();
        }
        let mut back = vec![0; data.len()];
        let (sent, received) = tokio::join!(plain.write(&data), ours.read_exact(&mut back));
        sent.unwrap();
        received.unwrap();
        assert_eq!(back, data);
    }
    for context in [None, Some(&b"c"[..])] {
        let theirs = match &plain.connection {
            rustls::Connection::Client(c) => c.export_keying_material([0; 48], b"l", context),
            rustls::Connection::Server(s) => s.export_keying_material([0; 48], b"l", context),
        };
        let own = ours.export_keying_material([0; 48], b"l", context).unwrap();
        assert_eq!(own, theirs.unwrap(), "the exporter is rustls's");
    }
    assert_eq!(
        ours.info().handshake_kind(),
        plain.connection.handshake_kind()
    );
}

async fn we_serve(case: &Case) {
    let (acceptor, config) = (our_acceptor(case), plain_client(case));
    for round in 0..3 {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let mut plain = Plain::client(&config, "localhost", Transport::new(near, case.cut));
        let (done, accepted) = tokio::join!(
            plain.handshake(b"early"),
            acceptor.accept(Transport::new(far, case.cut))
        );
        done.unwrap();
        let mut ours = accepted.unwrap();
        converse(case, &mut ours, &mut plain, b"early").await;
        let info = ours.info();
        assert_eq!(info.resumption().is_resumed(), round > 0 && case.resumes());
        assert_eq!(info.authorized(), case.client_certificate);
        assert_eq!(info.peer_certificates().is_some(), case.client_certificate);
    }
}

async fn we_connect(case: &Case) {
    let (config, connector) = (plain_server(case), our_connector(case));
    let mut session: Option<ClientSession> = None;
    for round in 0..3 {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let mut plain = Plain::server(&config, Transport::new(far, case.cut));
        let connector = match session.take() {
            Some(session) => connector.resuming(session),
            None => connector.clone(),
        };
        let name = super::ends::name("localhost");
        let (done, connected) = tokio::join!(
            plain.handshake(b"early"),
            connector.connect(name, Transport::new(near, case.cut))
        );
        let mut ours = connected.unwrap();
        done.unwrap();
        converse(case, &mut ours, &mut plain, b"early").await;
        assert_eq!(
            ours.info().resumption().is_resumed(),
            round > 0 && case.resumes()
        );
        assert!(ours.info().authorized());
        session = ours.session();
        if let Resumption::Full(_) = ours.info().resumption() {
            assert_eq!(session.is_some(), case.resumes());
        }
    }
}

// Spec: T-SES-18, CIP-01
#[tokio::test]
async fn the_hand_over_works_in_every_combination() {
    let cases = cases();
    assert!(cases.len() < 200, "{} cases", cases.len());
    for case in cases {
        let outcome = async {
            if case.we_serve {
                we_serve(&case).await;
            } else {
                we_connect(&case).await;
            }
        };
        let said = futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(outcome));
        assert!(said.await.is_ok(), "failed: {case:?}");
    }
}

//! Sessions that `openssl s_client` keeps in a file and brings back, to the same server or another.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tls_context::{ClientAuth, SecureContext, SecureContextBuilder};
use tls_net::{AcceptorBuilder, NotResumed, Resumption, SessionKind, TlsAcceptor};
use tls_session_store::{SharedSecret, TicketKeys};
use tls_testing::peer::{OpenSsl, Output};
use tls_testing::{Clock, Pki};
use tls_tests::credentials::{identity, server, trusted_root};
use tls_tests::kept_sessions::{KeptSessions, Trouble};
use tls_tests::{PemFiles, Served};
use tls_wire::ProtocolVersion;

/// `s_client` with its session file.
struct SClient {
    openssl: OpenSsl,
    files: PemFiles,
}

impl SClient {
    fn require() -> Option<Self> {
        Some(Self {
            openssl: OpenSsl::require()?,
            files: PemFiles::new(),
        })
    }

    async fn run(&self, address: SocketAddr, how: &How, more: &[&str]) -> Output {
        let version = match how.version {
            ProtocolVersion::Tls12 => "-tls1_2",
            _ => "-tls1_3",
        };
        let mut args = vec!["-CAfile", &self.files.ca, "-verify_return_error", version];
        if how.no_ticket {
            args.push("-no_ticket");
        }
        if !more.contains(&"-servername") {
            args.extend(["-servername", "localhost"]);
        }
        args.extend(more);
        self.openssl
            .converse(address, &args, "hello", "hello")
            .await
    }

    /// A connection that leaves its session in the file.
    async fn keep(&self, served: &mut Served, how: &How, more: &[&str]) -> Resumption {
        let file = self.files.path("session.pem");
        let mut args = vec!["-sess_out", &file];
        args.extend(more);
        let output = self.run(served.address, how, &args).await.expect_success();
        assert!(output.contains("New, TLSv1."), "{output:?}");
        served.connection().await.resumption()
    }

    /// A connection that offers the session in the file.
    async fn offer(&self, served: &mut Served, how: &How, more: &[&str]) -> Resumption {
        let file = self.files.path("session.pem");
        let mut args = vec!["-sess_in", &file];
        args.extend(more);
        let output = self.run(served.address, how, &args).await.expect_success();
        let info = served.connection().await;
        let reused = output.contains("Reused, TLSv1.");
        assert_eq!(reused, info.resumption().is_resumed(), "{output:?}");
        info.resumption()
    }
}

/// A way in which sessions are named.
#[derive(Debug, Clone, Copy)]
struct How {
    version: ProtocolVersion,
    /// Session ids in 1.2, stateful tickets in 1.3.
    stored: bool,
    /// The client does without tickets: in 1.2 that is what leads to ids.
    no_ticket: bool,
}

const TICKET_12: How = How {
    version: ProtocolVersion::Tls12,
    stored: false,
    no_ticket: false,
};
const TICKET_13: How = How {
    version: ProtocolVersion::Tls13,
    stored: false,
    no_ticket: false,
};
const ID_12: How = How {
    version: ProtocolVersion::Tls12,
    stored: true,
    no_ticket: true,
};
const STATEFUL_13: How = How {
    version: ProtocolVersion::Tls13,
    stored: true,
    no_ticket: false,
};
const EVERY_WAY: [How; 4] = [TICKET_12, TICKET_13, ID_12, STATEFUL_13];

/// What workers share: keys for tickets, or a store with its secret.
struct Fleet {
    how: How,
    keys: TicketKeys,
    store: KeptSessions,
    secret: SharedSecret,
}

impl Fleet {
    fn new(how: How) -> Self {
        Self {
            how,
            keys: TicketKeys::generate().unwrap(),
            store: KeptSessions::new(Trouble::None),
            secret: SharedSecret::generate().unwrap(),
        }
    }

    fn worker(&self, context: SecureContext) -> AcceptorBuilder {
        let worker = TlsAcceptor::builder(context);
        if self.how.stored {
            worker.sessions(self.store.clone(), self.secret.clone())
        } else {
            worker.ticket_keys(self.keys.clone())
        }
    }

    fn resumed(&self) -> Resumption {
        Resumption::Resumed(match self.how.stored {
            true => SessionKind::Stored,
            false => SessionKind::Ticket,
        })
    }
}

fn full(reason: NotResumed) -> Resumption {
    Resumption::Full(reason)
}

// Spec: SES-01, SES-02, TKT-03
#[tokio::test]
async fn a_session_resumes_on_another_worker() {
    let Some(client) = SClient::require() else {
        return;
    };
    for how in EVERY_WAY {
        let fleet = Fleet::new(how);
        let context = || server().session_id_context("shop").build().unwrap();
        let mut first = Served::echo(fleet.worker(context()).worker_name("first")).await;
        let mut second = Served::echo(fleet.worker(context()).worker_name("second")).await;
        let made = client.keep(&mut first, &how, &[]).await;
        assert_eq!(made, full(NotResumed::NoSessionOffered));
        let file = client.files.path("session.pem");
        let output = client.run(second.address, &how, &["-sess_in", &file]).await;
        assert!(output.expect_success().contains("Reused, TLSv1."));
        let info = second.connection().await;
        assert_eq!(info.resumption(), fleet.resumed(), "{how:?}");
        assert_eq!(info.session_maker(), Some("first"));
    }
}

// Spec: TKT-04, T-SES-17, CTX-11
#[tokio::test]
async fn other_keys_or_another_context_mean_a_full_handshake() {
    let Some(client) = SClient::require() else {
        return;
    };
    for how in [TICKET_12, TICKET_13] {
        let context = |id: &str| server().session_id_context(id).build().unwrap();
        let fleet = Fleet::new(how);
        let mut first = Served::echo(fleet.worker(context("one"))).await;
        let mut other_keys = Served::echo(Fleet::new(how).worker(context("one"))).await;
        let mut other_context = Served::echo(fleet.worker(context("two"))).await;
        client.keep(&mut first, &how, &[]).await;
        let offered = client.offer(&mut other_keys, &how, &[]).await;
        assert_eq!(offered, full(NotResumed::WrongKey));
        let offered = client.offer(&mut other_context, &how, &[]).await;
        assert_eq!(offered, full(NotResumed::OtherContext));
        assert!(
            client.offer(&mut first, &how, &[]).await.is_resumed(),
            "it was never spoilt"
        );
    }
}

// Spec: TKT-05, SRV-17, T-SES-23
#[tokio::test]
async fn keys_that_are_replaced_and_set_back() {
    let Some(client) = SClient::require() else {
        return;
    };
    for how in [TICKET_12, TICKET_13] {
        let mut served = Served::echo(Fleet::new(how).worker(server().build().unwrap())).await;
        let old = served.handle.ticket_keys().unwrap();
        client.keep(&mut served, &how, &[]).await;
        assert!(client.offer(&mut served, &how, &[]).await.is_resumed());
        served.handle.set_ticket_keys(&[7; 48]);
        assert_eq!(served.handle.ticket_keys(), Some([7; 48]));
        let offered = client.offer(&mut served, &how, &[]).await;
        assert_eq!(offered, full(NotResumed::WrongKey));
        served.handle.set_ticket_keys(&old);
        assert!(client.offer(&mut served, &how, &[]).await.is_resumed());
    }
}

/// The first 16 bytes of a key, which are its name, as `s_client` shows the begin of a ticket.
fn shown_name(key: &[u8; 48]) -> String {
    let hex: Vec<_> = key.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0000 - {}-{}", hex[..8].join(" "), hex[8..16].join(" "))
}

/// A ticket begins with its key's name, as Node's does, and what follows is not OpenSSL's. One under a
/// retired key resumes, and brings another under the new key.
// Spec: T-SES-13, TKT-01, TKT-02, TKT-05, T-SES-24
#[tokio::test]
async fn a_ticket_of_a_retired_key_is_renewed_under_the_new_one() {
    let Some(client) = SClient::require() else {
        return;
    };
    let (old, new) = ([0x15; 48], [0x26; 48]);
    for how in [TICKET_12, TICKET_13] {
        let keys = TicketKeys::from_bytes(old);
        let worker = TlsAcceptor::builder(server().build().unwrap()).ticket_keys(keys.clone());
        let mut served = Served::echo(worker).await;
        let file = client.files.path("session.pem");
        let keep = ["-sess_out", &file];
        let first = client.run(served.address, &how, &keep).await;
        assert!(first.contains(&shown_name(&old)), "{first:?}");
        served.connection().await;

        keys.rotate_to(&new.into()).unwrap();
        let renew = ["-sess_in", &file, "-sess_out", &file];
        let second = client.run(served.address, &how, &renew).await;
        assert!(second.contains("Reused, TLSv1."), "{second:?}");
        assert!(second.contains(&shown_name(&new)), "{second:?}");
        assert!(served.connection().await.resumption().is_resumed());

        // Of TLS 1.2, s_client shows the renewed ticket but keeps the first in its file.
        keys.set(&new);
        let offered = client.offer(&mut served, &how, &[]).await;
        assert_eq!(offered.is_resumed(), how.version == ProtocolVersion::Tls13);
    }
}

// Spec: T-SES-07, TKT-07, TKT-08
#[tokio::test]
async fn session_ids_are_stored_once_and_asked_for_at_each_return() {
    let Some(client) = SClient::require() else {
        return;
    };
    let fleet = Fleet::new(ID_12);
    let mut served = Served::echo(fleet.worker(server().build().unwrap())).await;
    // One connection, and five more with its session.
    let output = client
        .run(served.address, &ID_12, &["-reconnect"])
        .await
        .expect_success();
    assert_eq!(
        output.stdout.matches("New, TLSv1.2").count(),
        1,
        "{output:?}"
    );
    assert_eq!(
        output.stdout.matches("Reused, TLSv1.2").count(),
        5,
        "{output:?}"
    );
    for nth in 0..6 {
        let info = served.connection().await;
        assert_eq!(info.resumption().is_resumed(), nth > 0);
    }
    assert_eq!((fleet.store.puts(), fleet.store.lookups()), (1, 5));
}

// Spec: T-SES-08
#[tokio::test]
async fn with_tickets_the_store_is_left_alone() {
    let Some(client) = SClient::require() else {
        return;
    };
    let fleet = Fleet::new(ID_12);
    let worker = fleet
        .worker(server().build().unwrap())
        .ticket_keys(fleet.keys.clone());
    let mut served = Served::echo(worker).await;
    let output = client
        .run(served.address, &TICKET_12, &["-reconnect"])
        .await
        .expect_success();
    assert_eq!(
        output.stdout.matches("Reused, TLSv1.2").count(),
        5,
        "{output:?}"
    );
    for nth in 0..6 {
        let expected = match nth {
            0 => full(NotResumed::NoSessionOffered),
            _ => Resumption::Resumed(SessionKind::Ticket),
        };
        assert_eq!(served.connection().await.resumption(), expected);
    }
    assert_eq!((fleet.store.puts(), fleet.store.lookups()), (0, 0));
}

// Spec: T-SES-09
#[tokio::test]
async fn junk_from_the_store_means_full_handshakes() {
    let Some(client) = SClient::require() else {
        return;
    };
    let store = KeptSessions::new(Trouble::Junk);
    let secret = SharedSecret::generate().unwrap();
    let worker = TlsAcceptor::builder(server().build().unwrap()).sessions(store.clone(), secret);
    let mut served = Served::echo(worker).await;
    let output = client
        .run(served.address, &ID_12, &["-reconnect"])
        .await
        .expect_success();
    assert_eq!(
        output.stdout.matches("New, TLSv1.2").count(),
        6,
        "{output:?}"
    );
    for nth in 0..6 {
        let resumption = served.connection().await.resumption();
        if nth > 0 {
            assert_eq!(resumption, full(NotResumed::Malformed));
        }
    }
    assert_eq!((store.puts(), store.lookups()), (6, 5));
}

// Spec: T-SES-20, T-SES-21
#[tokio::test]
async fn a_store_that_is_down_or_silent_costs_the_resumption_only() {
    let Some(client) = SClient::require() else {
        return;
    };
    for (trouble, reason) in [
        (Trouble::Down, NotResumed::StoreDown),
        (Trouble::Silent, NotResumed::StoreLate),
    ] {
        let healthy = Fleet::new(ID_12);
        let context = || server().build().unwrap();
        let mut before = Served::echo(healthy.worker(context())).await;
        client.keep(&mut before, &ID_12, &[]).await;
        let worker = TlsAcceptor::builder(context())
            .sessions(KeptSessions::new(trouble), healthy.secret.clone());
        let mut served = Served::echo(worker).await;
        assert_eq!(client.offer(&mut served, &ID_12, &[]).await, full(reason));
    }
}

// Spec: T-SES-10, SES-07, CTX-13
#[tokio::test]
async fn a_session_ends_with_its_lifetime() {
    let Some(client) = SClient::require() else {
        return;
    };
    for how in EVERY_WAY {
        let clock = Clock::new();
        let context = server()
            .session_timeout(Duration::from_secs(5))
            .session_id_context("t");
        let fleet = Fleet::new(how);
        let worker = fleet.worker(context.build().unwrap());
        let mut served = Served::echo(worker.clock(Arc::new(clock.clone()))).await;
        client.keep(&mut served, &how, &[]).await;
        if !(how.stored && how.version == ProtocolVersion::Tls13) {
            assert!(
                client.offer(&mut served, &how, &[]).await.is_resumed(),
                "{how:?}"
            );
        }
        clock.advance(Duration::from_secs(6));
        let offered = client.offer(&mut served, &how, &[]).await;
        assert_eq!(offered, full(NotResumed::Expired), "{how:?}");
    }
}

/// A laxer context than `strict`, with the same keys, store and name.
fn lax() -> SecureContextBuilder {
    server().session_id_context("same")
}

fn strict() -> SecureContextBuilder {
    lax().client_auth(ClientAuth::required(trusted_root()))
}

// Spec: SES-10
#[tokio::test]
async fn a_session_without_client_certificate_opens_nothing_that_demands_one() {
    let Some(client) = SClient::require() else {
        return;
    };
    for how in EVERY_WAY {
        let fleet = Fleet::new(how);
        let mut open = Served::echo(fleet.worker(lax().build().unwrap())).await;
        let mut closed = Served::echo(fleet.worker(strict().build().unwrap())).await;
        client.keep(&mut open, &how, &[]).await;
        let file = client.files.path("session.pem");
        // Without a certificate it is refused …
        refused(&client, &mut closed, how, &["-sess_in", &file]).await;
        // … and with one it is a full handshake.
        client.keep(&mut open, &how, &[]).await;
        let cert = [
            "-cert",
            &client.files.client_cert,
            "-key",
            &client.files.client_key,
            "-cert_chain",
            &client.files.chain,
        ];
        let offered = client.offer(&mut closed, &how, &cert).await;
        assert_eq!(offered, full(NotResumed::OtherContext), "{how:?}");
    }
}

// Spec: SES-10, SRV-18
#[tokio::test]
async fn nor_does_it_across_a_reload() {
    let Some(client) = SClient::require() else {
        return;
    };
    for how in EVERY_WAY {
        let fleet = Fleet::new(how);
        let mut served = Served::echo(fleet.worker(lax().build().unwrap())).await;
        client.keep(&mut served, &how, &[]).await;
        served
            .handle
            .set_context(strict().build().unwrap())
            .unwrap();
        let file = client.files.path("session.pem");
        refused(&client, &mut served, how, &["-sess_in", &file]).await;
    }
}

// Spec: SES-10, SNI-03
#[tokio::test]
async fn nor_does_it_under_another_name_of_the_same_port() {
    let Some(client) = SClient::require() else {
        return;
    };
    for how in EVERY_WAY {
        let fleet = Fleet::new(how);
        let guarded = SecureContext::server(identity(&Pki::shared().issue(&["guarded.test"])))
            .session_id_context("same")
            .client_auth(ClientAuth::required(trusted_root()));
        let worker = fleet.worker(lax().build().unwrap());
        let mut served =
            Served::echo(worker.context("guarded.test", guarded.build().unwrap())).await;
        client.keep(&mut served, &how, &[]).await;
        let file = client.files.path("session.pem");
        let args = ["-sess_in", &file, "-servername", "guarded.test"];
        refused(&client, &mut served, how, &args).await;
    }
}

/// The server refuses a client that has nothing but a session of a laxer policy.
async fn refused(client: &SClient, served: &mut Served, how: How, more: &[&str]) {
    let version = match how.version {
        ProtocolVersion::Tls12 => "-tls1_2",
        _ => "-tls1_3",
    };
    let mut args = vec!["-CAfile", &client.files.ca, version];
    if how.no_ticket {
        args.push("-no_ticket");
    }
    if !more.contains(&"-servername") {
        args.extend(["-servername", "localhost"]);
    }
    args.extend(more);
    let mut process = client.openssl.s_client(served.address, &args);
    process.wait_for("SSL alert number 116").await;
    let output = process.finish().await;
    assert!(!output.contains("Reused, TLSv1."), "{how:?} {output:?}");
    assert_eq!(
        served.failure().await.code,
        "client_certificate_missing",
        "{how:?}"
    );
    assert!(served.is_quiet());
}

// Spec: T-SES-18, SES-10
#[tokio::test]
async fn a_session_with_client_certificate_restores_it() {
    let Some(client) = SClient::require() else {
        return;
    };
    for how in EVERY_WAY {
        let fleet = Fleet::new(how);
        let mut served = Served::echo(fleet.worker(strict().build().unwrap())).await;
        let cert = [
            "-cert",
            &client.files.client_cert,
            "-key",
            &client.files.client_key,
            "-cert_chain",
            &client.files.chain,
        ];
        client.keep(&mut served, &how, &cert).await;
        let file = client.files.path("session.pem");
        // Without the certificate: the session proves it.
        let args = ["-sess_in", &file];
        client
            .run(served.address, &how, &args)
            .await
            .expect_success();
        let info = served.connection().await;
        assert_eq!(info.resumption(), fleet.resumed(), "{how:?}");
        assert!(info.authorized());
        assert_eq!(info.peer().common_name(), Some("client.test"));
        assert_eq!(info.peer().proof(), tls_net::Proof::ResumedCertificate);
        assert_eq!(
            info.peer_certificates().unwrap(),
            Pki::shared().client.chain()
        );
    }
}

// Spec: T-SES-22
#[tokio::test]
async fn a_reload_with_an_equal_policy_keeps_sessions() {
    let Some(client) = SClient::require() else {
        return;
    };
    for how in EVERY_WAY {
        let fleet = Fleet::new(how);
        let mut served = Served::echo(fleet.worker(lax().build().unwrap())).await;
        client.keep(&mut served, &how, &[]).await;
        let generation = served.handle.set_context(lax().build().unwrap()).unwrap();
        assert_eq!(generation, 2);
        assert_eq!(
            client.offer(&mut served, &how, &[]).await,
            fleet.resumed(),
            "{how:?}"
        );
    }
}

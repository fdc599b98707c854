//! A public key infrastructure made once per process: authorities, good leaves, and one leaf for
//! each common fault.
//!
//! Everything is made when first asked for, since a test runner may start one process per test.

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, RsaKeySize,
    date_time_ymd,
};
use rustls::RootCertStore;

mod authority;
mod leaf;

pub use authority::Authority;
pub use leaf::{Leaf, certificate_pem};

/// The names in [`Pki::server`]: what a test server on loopback is called.
pub const SERVER_NAMES: [&str; 5] = [
    "localhost",
    "example.test",
    "*.wild.example.test",
    "127.0.0.1",
    "::1",
];

/// The certificates of all tests. Fields are made when first used; get it with [`Pki::shared`].
pub struct Pki {
    /// The root that tests trust.
    pub root: LazyLock<Authority>,
    /// Signed by [`root`](Self::root); signs all good leaves.
    pub intermediate: LazyLock<Authority>,
    /// A root that nobody is meant to trust.
    pub other_root: LazyLock<Authority>,
    /// A good server, P-256, named [`SERVER_NAMES`].
    pub server: LazyLock<Leaf>,
    /// The same with an RSA key of 2048 bits.
    pub server_rsa: LazyLock<Leaf>,
    /// The same with a P-384 key.
    pub server_p384: LazyLock<Leaf>,
    /// A good client (extended key usage clientAuth), P-256.
    pub client: LazyLock<Leaf>,
    /// The same with an RSA key of 2048 bits.
    pub client_rsa: LazyLock<Leaf>,
    /// A server whose validity ended in 2021.
    pub expired: LazyLock<Leaf>,
    /// A server whose validity begins in 2090.
    pub not_yet_valid: LazyLock<Leaf>,
    /// A good server, but named `elsewhere.test`.
    pub wrong_name: LazyLock<Leaf>,
    /// A server signed by [`other_root`](Self::other_root), which it sends along.
    pub other_ca: LazyLock<Leaf>,
    /// A server that forgets to send the intermediate.
    pub missing_intermediate: LazyLock<Leaf>,
    /// Self-signed with `CA:TRUE`, as `openssl req -x509` makes them; named [`SERVER_NAMES`].
    pub self_signed: LazyLock<Leaf>,
    /// Self-signed without `CA:TRUE`; named [`SERVER_NAMES`].
    pub self_signed_end_entity: LazyLock<Leaf>,
    /// Named like a server, but for clientAuth only.
    pub client_auth_only: LazyLock<Leaf>,
    /// `localhost` in the common name, and no subject alternative name.
    pub common_name_only: LazyLock<Leaf>,
    /// A client whose validity ended in 2021.
    pub client_expired: LazyLock<Leaf>,
    /// A client signed by [`other_root`](Self::other_root).
    pub client_other_ca: LazyLock<Leaf>,
}

static SHARED: Pki = Pki {
    root: LazyLock::new(|| Authority::root("Test Root")),
    intermediate: LazyLock::new(|| SHARED.root.subordinate("Test Intermediate")),
    other_root: LazyLock::new(|| Authority::root("Another Root")),
    server: LazyLock::new(|| SHARED.intermediate.server(&SERVER_NAMES, p256())),
    server_rsa: LazyLock::new(|| SHARED.intermediate.server(&SERVER_NAMES, rsa())),
    server_p384: LazyLock::new(|| SHARED.intermediate.server(&SERVER_NAMES, p384())),
    client: LazyLock::new(|| SHARED.intermediate.client("client.test", p256())),
    client_rsa: LazyLock::new(|| SHARED.intermediate.client("client.test", rsa())),
    expired: LazyLock::new(|| {
        SHARED
            .intermediate
            .sign(in_the_past(server_params(&SERVER_NAMES)), p256())
    }),
    not_yet_valid: LazyLock::new(|| {
        let mut params = server_params(&SERVER_NAMES);
        params.not_before = date_time_ymd(2090, 1, 1);
        SHARED.intermediate.sign(params, p256())
    }),
    wrong_name: LazyLock::new(|| SHARED.intermediate.server(&["elsewhere.test"], p256())),
    other_ca: LazyLock::new(|| {
        let mut leaf = SHARED.other_root.server(&SERVER_NAMES, p256());
        leaf.chain.push(SHARED.other_root.certificate().clone());
        leaf
    }),
    missing_intermediate: LazyLock::new(|| {
        let mut leaf = SHARED.intermediate.server(&SERVER_NAMES, p256());
        leaf.chain.truncate(1);
        leaf
    }),
    self_signed: LazyLock::new(|| {
        let mut params = named("localhost", &SERVER_NAMES);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Leaf::self_signed(&params, p256())
    }),
    self_signed_end_entity: LazyLock::new(|| {
        Leaf::self_signed(&server_params(&SERVER_NAMES), p256())
    }),
    client_auth_only: LazyLock::new(|| {
        let mut params = named("localhost", &SERVER_NAMES);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        SHARED.intermediate.sign(params, p256())
    }),
    common_name_only: LazyLock::new(|| SHARED.intermediate.sign(server_params(&[]), p256())),
    client_expired: LazyLock::new(|| {
        SHARED
            .intermediate
            .sign(in_the_past(client_params("client.test")), p256())
    }),
    client_other_ca: LazyLock::new(|| SHARED.other_root.client("client.test", p256())),
};

impl Pki {
    /// The one PKI of this process. Keys differ from process to process.
    #[must_use]
    pub fn shared() -> &'static Self {
        &SHARED
    }

    /// A fresh good server certificate (P-256, through the intermediate) for `names`: DNS names,
    /// wildcards or IP addresses; the first is the common name too.
    #[must_use]
    pub fn issue(&self, names: &[&str]) -> Leaf {
        self.intermediate.server(names, p256())
    }

    /// A fresh good client certificate whose common name is `name`.
    #[must_use]
    pub fn issue_client(&self, name: &str) -> Leaf {
        self.intermediate.client(name, p256())
    }

    /// What a peer that trusts [`root`](Self::root) only has as its anchors.
    #[must_use]
    pub fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.certificate().clone()).unwrap();
        roots
    }

    /// Writes `ca.pem`, `server.pem`, `server.key`, `client.pem` and `client.key` into `dir`, as
    /// real peers take them.
    #[must_use]
    pub fn write_to(&self, dir: &Path) -> PkiFiles {
        let (cert, key) = self.server.write_to(dir, "server");
        let (client_cert, client_key) = self.client.write_to(dir, "client");
        PkiFiles {
            ca: self.root.write_to(dir, "ca"),
            cert,
            key,
            client_cert,
            client_key,
        }
    }
}

/// Where [`Pki::write_to`] put its files.
#[derive(Debug, Clone)]
pub struct PkiFiles {
    /// The root, PEM.
    pub ca: PathBuf,
    /// The chain of [`Pki::server`], PEM, leaf first.
    pub cert: PathBuf,
    /// Its key, PKCS#8 PEM.
    pub key: PathBuf,
    /// The chain of [`Pki::client`], PEM, leaf first.
    pub client_cert: PathBuf,
    /// Its key, PKCS#8 PEM.
    pub client_key: PathBuf,
}

/// A new P-256 key.
#[must_use]
pub fn p256() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

/// A new P-384 key.
#[must_use]
pub fn p384() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap()
}

/// A new RSA key of 2048 bits. Takes up to a second, so tests share [`Pki::server_rsa`].
#[must_use]
pub fn rsa() -> KeyPair {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap()
}

/// Parameters of a server certificate, for tests that change one thing and [`Authority::sign`] it.
#[must_use]
pub fn server_params(names: &[&str]) -> CertificateParams {
    let mut params = named(names.first().unwrap_or(&"localhost"), names);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

/// Parameters of a client certificate, likewise.
#[must_use]
pub fn client_params(name: &str) -> CertificateParams {
    let mut params = named(name, &[name]);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn named(common_name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2099, 12, 31);
    params.distinguished_name.remove(DnType::CommonName);
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params
}

fn in_the_past(mut params: CertificateParams) -> CertificateParams {
    params.not_after = date_time_ymd(2021, 1, 1);
    params
}

impl std::fmt::Debug for Pki {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pki").finish_non_exhaustive()
    }
}

//! `T-IDN-*`: the name in the certificate.

use serde_json::{Value, json};
use tls_certs::{CertificateNames, CertificateSummary, check_server_identity};
use tls_net::{TlsAcceptor, TlsConnector};
use tls_testing::pki::{p256, server_params};
use tls_testing::{Leaf, Pki};
use tls_tests::credentials::{client, identity};
use tls_tests::{NodePeer, Served, dial};

// Spec: T-IDN-21, T-IDN-22
#[tokio::test]
async fn only_alternative_names_count() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let named = |common_name: &str, names: &[&str]| -> Leaf {
        let mut params = server_params(names);
        params.distinguished_name.remove(rcgen::DnType::CommonName);
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, common_name);
        pki.intermediate.sign(params, p256())
    };
    for leaf in [
        named("good.test", &["evil.test"]),
        named("good.test", &["127.0.0.1"]),
        named("good.test", &[]),
    ] {
        let theirs = node
            .listen(
                json!({ "cert": leaf.chain_pem(), "key": leaf.key_pem() }),
                json!({}),
            )
            .await;
        let connector = TlsConnector::from(client().build().unwrap());
        let error = dial(theirs.address, &connector, "good.test")
            .await
            .unwrap_err();
        assert_eq!(error.node_code(), Some("ERR_TLS_CERT_ALTNAME_INVALID"));
        assert!(error.to_string().contains("good.test"), "{error}");
    }
}

const HOSTS: [&str; 26] = [
    "a.com",
    "A.com",
    "a.com.",
    "b.a.com",
    "B.a.COM.",
    "ba.com",
    "c.b.a.com",
    "xbcd.a.com",
    "a-cb.a.com",
    "b.a.com.",
    "a.co.uk",
    "8.8.8.8",
    "127.0.0.1",
    "::1",
    "fe80::0001",
    "::ffff:192.168.1.1",
    "foo.com",
    "bad..example.com",
    "caf\u{e9}.example.com",
    "bad label.com",
    "a.com\n",
    "xn--bcher-kva.example.com",
    "false",
    "undefined",
    "localhost",
    "",
];

/// Common names and alternative names, none where empty.
const NAMES: [(&[&str], &str); 38] = [
    (&["a.com"], ""),
    (&["A.COM"], ""),
    (&["a.com."], ""),
    (&[".a.com"], ""),
    (&["8.8.8.8"], ""),
    (&[], "DNS:8.8.8.8"),
    (&[], "URI:http://8.8.8.8/"),
    (&[], "IP Address:8.8.8.0/24"),
    (&[], "IP Address:8.8.8.8"),
    (&["*.a.com"], ""),
    (&["*.a.com"], "DNS:omg.com"),
    (&["b*b.a.com"], ""),
    (&["b**.a.com"], ""),
    (&["ab*cd.a.com"], ""),
    (&["*b.a.com"], ""),
    (&["b*.a.com"], ""),
    (&[], "DNS:*"),
    (&[], "DNS:*.com"),
    (&[], "DNS:*.co.uk"),
    (&[], "DNS:*.a.com"),
    (&[], "DNS:*.a.com, DNS:a.com"),
    (&["b.a.com"], "DNS:*.b.a.com, DNS:a.com"),
    (&[], ""),
    (&[], "URI:http://a.com/"),
    (&["a.com"], "URI:http://b.a.com/"),
    (&["a.com"], "IP Address:127.0.0.1"),
    (&["foo.com", "bar.com"], ""),
    (&[""], ""),
    (&["bad..example.com"], ""),
    (&[], "DNS:bad label.com"),
    (&[], "DNS:*.example.com"),
    (&[], "DNS:xn--*.example.com"),
    (&[], "IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1"),
    (
        &[],
        "IP Address:FE80:0:0:0:0:0:0:1, IP Address:0:0:0:0:0:FFFF:C0A8:101",
    ),
    (&["localhost"], "email:me@localhost"),
    (&[], "URI:\"a\\u002c b\", DNS:b.a.com"),
    (&[], "DNS:\"a.com\\u002c DNS:b.a.com\""),
    (&["false"], "DNS:undefined"),
];

// Spec: IDN-01, IDN-02, IDN-03, IDN-04, IDN-05, IDN-06, IDN-07, IDN-08, IDN-09, IDN-10
// Spec: T-IDN-01, T-IDN-02, T-IDN-03, T-IDN-04, T-IDN-05, T-IDN-06, T-IDN-07, T-IDN-08, T-IDN-09
// Spec: T-IDN-10, T-IDN-11, T-IDN-12, T-IDN-13, T-IDN-14, T-IDN-15
#[tokio::test]
async fn node_says_the_same_of_every_host_and_every_name() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let code = r"
        return args.hosts.map((host) => args.names.map(([cn, subjectaltname]) => {
          const cert = { subject: cn.length ? { CN: cn.length > 1 ? cn : cn[0] } : {} };
          if (subjectaltname) cert.subjectaltname = subjectaltname;
          const error = tls.checkServerIdentity(host, cert);
          return error ? [error.code, error.message] : null;
        }));
    ";
    let args = json!({ "hosts": HOSTS, "names": NAMES.to_vec() });
    let theirs = node
        .ask(json!({ "op": "run", "code": code, "args": args }))
        .await;
    for (host, theirs) in HOSTS.iter().zip(theirs["result"].as_array().unwrap()) {
        for ((common_names, alt_names), theirs) in NAMES.iter().zip(theirs.as_array().unwrap()) {
            let alt = (!alt_names.is_empty()).then(|| (*alt_names).to_owned());
            let names = CertificateNames::new(
                common_names.iter().map(|&name| name.to_owned()).collect(),
                alt,
            );
            let ours = match check_server_identity(host, &names) {
                Ok(()) => Value::Null,
                Err(error) => json!([error.code(), error.to_string()]),
            };
            assert_eq!(ours, *theirs, "{host:?} {common_names:?} {alt_names:?}");
        }
    }
}

fn general_name(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    [&[tag, length], content].concat()
}

/// With these alternative names, in DER.
fn with_general_names(names: &[Vec<u8>]) -> Leaf {
    let mut params = server_params(&["good.example.com"]);
    params.subject_alt_names = Vec::new();
    params.custom_extensions = vec![rcgen::CustomExtension::from_oid_content(
        &[2, 5, 29, 17],
        general_name(0x30, &names.concat()),
    )];
    Pki::shared().intermediate.sign(params, p256())
}

// Spec: T-IDN-16, T-IDN-17, T-IDN-24, CER-10
#[tokio::test]
async fn node_writes_the_same_of_the_same_alternative_names() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let text = |tag: u8, text: &str| general_name(tag, text.as_bytes());
    let other = |id: &[u8], content: Vec<u8>| {
        let value = general_name(0xa0, &content);
        general_name(0xa0, &[general_name(6, id), value].concat())
    };
    let kinds = [
        text(0x82, "good.example.com, DNS:evil.example.com"),
        text(0x82, "*.example.com"),
        text(0x82, ""),
        text(0x86, "http://example.com/?a,b"),
        text(0x86, "http://example.com/\n\u{7f}"),
        general_name(0x82, b"ex\xe4mple.com"),
        text(0x82, "\"evil.example.com\""),
        text(0x82, "back\\slash.example.com"),
        text(0x82, "good.example.org\0.evil.example.com"),
        general_name(0x87, &[8, 8, 8, 8]),
        general_name(0x87, &[8, 8, 8, 8, 8]),
        general_name(
            0x87,
            &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10],
        ),
        text(0x81, "foo@example.com"),
        general_name(0x88, &[0x2a, 3, 4]),
        other(&[0x2b, 6, 1, 5, 5, 7, 8, 5], text(0x0c, "abc123")),
        other(&[0x2a, 3, 4], text(0x0c, "abc123")),
    ];
    let mut leaves: Vec<Leaf> = kinds
        .iter()
        .map(|kind| with_general_names(std::slice::from_ref(kind)))
        .collect();
    leaves.push(with_general_names(&[
        kinds[1].clone(),
        kinds[9].clone(),
        kinds[0].clone(),
    ]));
    let pem: Vec<String> = leaves.iter().map(Leaf::certificate_pem).collect();
    let code = "const { X509Certificate } = process.getBuiltinModule('crypto');
        return args.map((pem) => new X509Certificate(pem).subjectAltName);";
    let theirs = node
        .ask(json!({ "op": "run", "code": code, "args": pem }))
        .await;
    for (leaf, theirs) in leaves.iter().zip(theirs["result"].as_array().unwrap()) {
        let ours = CertificateNames::from_der(leaf.certificate()).unwrap();
        assert_eq!(json!(ours.subject_alt_name), *theirs);
    }
}

/// A subject with this common name, whatever its bytes.
fn tricky(common_name: &str, names: &[Vec<u8>]) -> Leaf {
    let mut params = server_params(&["placeholder.test"]);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, common_name);
    params.subject_alt_names = Vec::new();
    if !names.is_empty() {
        params.custom_extensions = vec![rcgen::CustomExtension::from_oid_content(
            &[2, 5, 29, 17],
            general_name(0x30, &names.concat()),
        )];
    }
    Pki::shared().intermediate.sign(params, p256())
}

// Spec: T-IDN-23
#[tokio::test]
async fn names_that_only_look_like_the_one_asked_for_are_refused() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let dns = |name: &str| general_name(0x82, name.as_bytes());
    let chains = [
        tricky("evil.example\nCN=nodejs.org", &[dns("evil.example.com")]),
        tricky("nodejs.org", &[dns("nodejs.org\0.evil.example.com")]),
        tricky("evil.example", &[dns("evil.example.com, DNS:nodejs.org")]),
        tricky(
            "evil.example",
            &[
                general_name(0x86, b"http://nodejs.org/"),
                dns("evil.example.com"),
            ],
        ),
        tricky("/CN=nodejs.org/", &[dns("\"nodejs.org\"")]),
    ];
    for leaf in &chains {
        let options = json!({ "cert": leaf.chain_pem(), "key": leaf.key_pem() });
        let theirs = node.listen(options, json!({})).await;
        let connector = TlsConnector::from(client().build().unwrap());
        let error = dial(theirs.address, &connector, "nodejs.org")
            .await
            .unwrap_err();
        assert!(error.certificate().is_some(), "{error}");
        let options = json!({ "ca": Pki::shared().root.pem(), "servername": "nodejs.org" });
        let report = node.connect(theirs.address, options, json!({})).await;
        assert_eq!(report["secure"], false, "{report}");
        // What is said of it fits on one line.
        assert!(!error.to_string().contains(['\n', '\0']), "{error}");
    }
}

// Spec: T-IDN-26
#[tokio::test]
async fn a_common_name_in_utf_8_is_read() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let leaf = tricky("\u{c1}d\u{e1}m Lippai", &[general_name(0x82, b"localhost")]);
    let summary = CertificateSummary::from_der(leaf.certificate()).unwrap();
    assert_eq!(
        summary.common_name.as_deref(),
        Some("\u{c1}d\u{e1}m Lippai")
    );
    let context = tls_context::SecureContext::server(identity(&leaf))
        .build()
        .unwrap();
    let served = Served::echo(TlsAcceptor::builder(context)).await;
    let options = json!({ "ca": Pki::shared().root.pem(), "servername": "localhost" });
    let report = node.connect(served.address, options, json!({})).await;
    assert_eq!(report["peer"], "\u{c1}d\u{e1}m Lippai", "{report}");
}

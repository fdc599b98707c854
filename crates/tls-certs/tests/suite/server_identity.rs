//! Node's check of a name, row by row.

use der::Encode;
use rcgen::{CustomExtension, SanType};
use tls_certs::{CertificateNames, ServerIdentityError, check_server_identity};

use super::pki::{Made, named};

/// Common names, alternative names.
type Names<'a> = (&'a [&'a str], Option<&'a str>);

fn check(host: &str, (common_names, alt_names): Names<'_>) -> Result<(), ServerIdentityError> {
    let common_names = common_names.iter().map(|&name| name.to_owned()).collect();
    check_server_identity(
        host,
        &CertificateNames::new(common_names, alt_names.map(str::to_owned)),
    )
}

const NO_NAME: &str = "Cert does not contain a DNS name";

// Spec: IDN-01, IDN-02, IDN-03, IDN-04, IDN-05, IDN-06, IDN-07, IDN-08, IDN-09, IDN-11
// Spec: T-IDN-01, T-IDN-02, T-IDN-03, T-IDN-04, T-IDN-05, T-IDN-06, T-IDN-07, T-IDN-08, T-IDN-09
// Spec: T-IDN-10, T-IDN-11, T-IDN-12, T-IDN-13, T-IDN-14
#[test]
fn t_idn_01_to_14_every_row_with_its_reason() {
    let rows: &[(&str, Names<'_>, &str)] = &[
        (
            "false",
            (&["a.com"], None),
            "Host: false. is not cert's CN: a.com",
        ),
        (
            "null",
            (&["a.com"], None),
            "Host: null. is not cert's CN: a.com",
        ),
        (
            "undefined",
            (&["a.com"], None),
            "Host: undefined. is not cert's CN: a.com",
        ),
        ("a.com", (&["a.com"], None), ""),
        ("a.com", (&["A.COM"], None), ""),
        ("a.com.", (&["a.com"], None), ""),
        ("a.com", (&["a.com."], None), ""),
        (
            "a.com",
            (&[".a.com"], None),
            "Host: a.com. is not cert's CN: .a.com",
        ),
        (
            "8.8.8.8",
            (&["8.8.8.8"], None),
            "IP: 8.8.8.8 is not in the cert's list: ",
        ),
        (
            "8.8.8.8",
            (&[], Some("DNS:8.8.8.8")),
            "IP: 8.8.8.8 is not in the cert's list: ",
        ),
        (
            "8.8.8.8",
            (&[], Some("URI:http://8.8.8.8/")),
            "IP: 8.8.8.8 is not in the cert's list: ",
        ),
        (
            "8.8.8.8",
            (&[], Some("IP Address:8.8.8.0/24")),
            "IP: 8.8.8.8 is not in the cert's list: ",
        ),
        ("8.8.8.8", (&[], Some("IP Address:8.8.8.8")), ""),
        ("b.a.com", (&["*.a.com"], None), ""),
        (
            "ba.com",
            (&["*.a.com"], None),
            "Host: ba.com. is not cert's CN: *.a.com",
        ),
        (
            "b.a.com",
            (&["*.a.com"], Some("DNS:omg.com")),
            "Host: b.a.com. is not in the cert's altnames: DNS:omg.com",
        ),
        (
            "b.a.com",
            (&["b*b.a.com"], None),
            "Host: b.a.com. is not cert's CN: b*b.a.com",
        ),
        (
            "b.a.com",
            (&["b**.a.com"], None),
            "Host: b.a.com. is not cert's CN: b**.a.com",
        ),
        (
            "xbcd.a.com",
            (&["ab*cd.a.com"], None),
            "Host: xbcd.a.com. is not cert's CN: ab*cd.a.com",
        ),
        ("b.a.com", (&["*b.a.com"], None), ""),
        ("a-cb.a.com", (&["*b.a.com"], None), ""),
        (
            "a.b.a.com",
            (&["*b.a.com"], None),
            "Host: a.b.a.com. is not cert's CN: *b.a.com",
        ),
        (
            "a.com",
            (&[], Some("DNS:*")),
            "Host: a.com. is not in the cert's altnames: DNS:*",
        ),
        (
            "a.com",
            (&[], Some("DNS:*.com")),
            "Host: a.com. is not in the cert's altnames: DNS:*.com",
        ),
        ("a.co.uk", (&[], Some("DNS:*.co.uk")), ""),
        (
            "a.com",
            (&[], Some("DNS:*.a.com")),
            "Host: a.com. is not in the cert's altnames: DNS:*.a.com",
        ),
        ("b.a.com", (&[], Some("DNS:*.a.com")), ""),
        (
            "c.b.a.com",
            (&[], Some("DNS:*.a.com")),
            "Host: c.b.a.com. is not in the cert's altnames: DNS:*.a.com",
        ),
        ("a.com", (&[], None), NO_NAME),
        ("a.com", (&[], Some("DNS:a.com")), ""),
        ("a.com", (&[], Some("URI:http://a.com/")), NO_NAME),
        ("a.com", (&[], Some("IP Address:127.0.0.1")), NO_NAME),
        ("a.com", (&["a.com"], Some("IP Address:127.0.0.1")), ""),
        ("foo.com", (&["foo.com", "bar.com"], None), ""),
        (
            "baz.com",
            (&["foo.com", "bar.com"], None),
            "Host: baz.com. is not cert's CN: foo.com,bar.com",
        ),
        ("a.com", (&[""], None), NO_NAME),
        (
            "bad.x.example.com",
            (&[], Some("DNS:bad..example.com")),
            "Host: bad.x.example.com. is not in the cert's altnames: DNS:bad..example.com",
        ),
        (
            "bad..example.com",
            (&[], Some("DNS:bad..example.com")),
            "Host: bad..example.com. is not in the cert's altnames: DNS:bad..example.com",
        ),
        (
            "café.example.com",
            (&["café.example.com"], None),
            "Host: café.example.com. is not cert's CN: café.example.com",
        ),
        (
            "bad label.com",
            (&["bad label.com"], None),
            "Host: bad label.com. is not cert's CN: bad label.com",
        ),
        ("a\n.b.com", (&["*.b.com"], None), ""),
        ("127.0.0.1", (&[], Some("IP Address:127.0.0.1")), ""),
        (
            "127.0.0.2",
            (&[], Some("IP Address:127.0.0.1")),
            "IP: 127.0.0.2 is not in the cert's list: 127.0.0.1",
        ),
        (
            "xn--bcher-kva.example.com",
            (&[], Some("DNS:*.example.com")),
            "",
        ),
        (
            "xn--bcher-kva.example.com",
            (&[], Some("DNS:xn--*.example.com")),
            "Host: xn--bcher-kva.example.com. is not in the cert's altnames: DNS:xn--*.example.com",
        ),
    ];
    for (host, names, reason) in rows {
        match check(host, *names) {
            Ok(()) => assert_eq!(*reason, "", "{host} {names:?}"),
            Err(error) => {
                assert_eq!(error.code(), "ERR_TLS_CERT_ALTNAME_INVALID");
                assert_eq!(
                    error.to_string(),
                    format!("Hostname/IP does not match certificate's altnames: {reason}"),
                    "{host} {names:?}"
                );
            }
        }
    }
}

// Spec: T-IDN-15
#[test]
fn t_idn_15_ip_addresses_have_one_spelling() {
    for (host, listed) in [
        ("fe80::1", "fe80:0:0:0:0:0:0:1"),
        ("FE80::0001", "fe80:0:0:0:0:0:0:1"),
        ("2001:db8::a", "2001:0DB8:0:0:0:0:0:A"),
        ("::ffff:192.168.1.1", "0:0:0:0:0:ffff:c0a8:101"),
        ("::1", "0:0:0:0:0:0:0:1"),
        ("fe80::1%lo", "fe80::1"),
    ] {
        check(host, (&[], Some(&format!("IP Address:{listed}")))).unwrap();
    }
    let shown = |listed: &str| {
        check("::2", (&[], Some(&format!("IP Address:{listed}"))))
            .unwrap_err()
            .to_string()
    };
    assert!(shown("0:0:0:0:0:ffff:c0a8:101").ends_with("list: ::ffff:192.168.1.1"));
    assert!(shown("0:0:0:0:0:0:c0a8:101").ends_with("list: ::192.168.1.1"));
}

// Spec: IDN-10, T-IDN-16, T-IDN-20
#[test]
fn t_idn_20_quoted_names_are_read_back_or_refused() {
    let evil = r#"DNS:"good.example.com\u002c DNS:evil.example.com""#;
    for host in ["good.example.com", "evil.example.com"] {
        assert!(check(host, (&[], Some(evil))).is_err());
    }
    check(
        "b.example.com",
        (&[], Some(r#"URI:"a\u002c b", DNS:b.example.com"#)),
    )
    .unwrap();
    check("a.example.com", (&[], Some(r#"DNS:"\u0061.example.com""#))).unwrap();
    for malformed in [
        r#"DNS:"a.com"#,
        r#"DNS:"a\x""#,
        r#"DNS:"\u12""#,
        "DNS:\"a\n\"",
        r#"DNS:""b"#,
    ] {
        let error = check("a.com", (&[], Some(malformed)));
        if malformed.ends_with("\"b") {
            continue;
        }
        assert_eq!(
            error.unwrap_err().code(),
            "ERR_TLS_CERT_ALTNAME_FORMAT",
            "{malformed:?}"
        );
    }
}

fn general_name(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    assert!(length < 128);
    [&[tag, length], content].concat()
}

fn names_of(general_names: &[Vec<u8>]) -> CertificateNames {
    let content = general_names.concat();
    let sequence = der::asn1::AnyRef::new(der::Tag::Sequence, &content)
        .unwrap()
        .to_der()
        .unwrap();
    let mut params = named("good.example.com");
    params.custom_extensions = vec![CustomExtension::from_oid_content(&[2, 5, 29, 17], sequence)];
    CertificateNames::from_der(&Made::self_signed(params).der).unwrap()
}

// Spec: T-IDN-16, T-IDN-17, T-IDN-24, CER-10
#[test]
fn t_idn_17_alternative_names_as_node_writes_them() {
    let ascii = |tag: u8, text: &str| general_name(tag, text.as_bytes());
    let other = |id: &[u8], text: &[u8]| {
        let value = general_name(0xa0, text);
        general_name(0xa0, &[general_name(6, id), value].concat())
    };
    let xmpp = [0x2b, 6, 1, 5, 5, 7, 8, 5];
    let directory = {
        let attribute = |last: u8, text: &str| {
            let id = general_name(6, &[0x55, 4, last]);
            general_name(0x31, &general_name(0x30, &[id, ascii(0x0c, text)].concat()))
        };
        general_name(
            0xa4,
            &general_name(
                0x30,
                &[attribute(6, "DE"), attribute(7, "Hannover")].concat(),
            ),
        )
    };
    let rows = [
        (
            ascii(0x82, "good.example.com, DNS:evil.example.com"),
            r#"DNS:"good.example.com\u002c DNS:evil.example.com""#,
        ),
        (
            ascii(0x86, "http://example.com/"),
            "URI:http://example.com/",
        ),
        (
            ascii(0x86, "http://example.com/?a='b'"),
            r#"URI:"http://example.com/?a='b'""#,
        ),
        (
            ascii(0x86, "http://example.com/?a,b"),
            r#"URI:"http://example.com/?a\u002cb""#,
        ),
        (
            general_name(0x82, b"ex\xe4mple.com"),
            r#"DNS:"ex\u00e4mple.com""#,
        ),
        (
            ascii(0x82, "\"evil.example.com\""),
            r#"DNS:"\"evil.example.com\"""#,
        ),
        (
            ascii(0x82, "good.example.org\0.evil.example.com"),
            r#"DNS:"good.example.org\u0000.evil.example.com""#,
        ),
        (general_name(0x87, &[8, 8, 8, 8]), "IP Address:8.8.8.8"),
        (
            general_name(0x87, &[8, 8, 8, 8, 8]),
            "IP Address:<invalid length=5>",
        ),
        (
            general_name(
                0x87,
                &[
                    10, 11, 12, 13, 14, 15, 0, 0, 0, 0, 0, 0, 0x7a, 0x7b, 0x7c, 0x7d,
                ],
            ),
            "IP Address:A0B:C0D:E0F:0:0:0:7A7B:7C7D",
        ),
        (ascii(0x81, "foo@example.com"), "email:foo@example.com"),
        (directory, r#"DirName:"L=Hannover\u002cC=DE""#),
        (general_name(0x88, &[0x2a, 3, 4]), "Registered ID:1.2.3.4"),
        (
            other(&xmpp, &ascii(0x0c, "abc123")),
            "othername:XmppAddr:abc123",
        ),
        (
            other(&xmpp, &ascii(0x0c, "a,b")),
            r#"othername:"XmppAddr:a\u002cb""#,
        ),
        (
            other(&[0x2a, 3, 4], &ascii(0x0c, "abc123")),
            "othername:<unsupported>",
        ),
    ];
    for (name, expected) in &rows {
        assert_eq!(
            names_of(std::slice::from_ref(name))
                .subject_alt_name
                .as_deref(),
            Some(*expected)
        );
    }
    let both = names_of(&[rows[1].0.clone(), rows[7].0.clone()]);
    assert_eq!(
        both.subject_alt_name.as_deref(),
        Some("URI:http://example.com/, IP Address:8.8.8.8")
    );
}

// Spec: T-IDN-21, T-IDN-22
#[test]
fn t_idn_22_the_common_name_counts_only_without_dns_names() {
    let mut params = named("good.example.com");
    params.subject_alt_names = vec![SanType::DnsName("evil.example.com".try_into().unwrap())];
    let names = CertificateNames::from_der(&Made::self_signed(params.clone()).der).unwrap();
    let error = check_server_identity("good.example.com", &names).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Hostname/IP does not match certificate's altnames: Host: good.example.com. is not in the cert's altnames: DNS:evil.example.com"
    );
    params.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
    let names = CertificateNames::from_der(&Made::self_signed(params).der).unwrap();
    check_server_identity("good.example.com", &names).unwrap();
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_is_an_answer(host in "\\PC{0,20}", text in "(DNS:|IP Address:|\"|, |\\\\|u00|[a-c*.]|\\PC){0,12}") {
        _ = check(&host, (&[&text], Some(&text)));
    }
}

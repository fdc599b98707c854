//! Every code that can arise, from a chain or a list made for it, and what Node says of the
//! same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pki_types::CertificateDer;
use rcgen::{
    BasicConstraints, CertificateRevocationListParams, CustomExtension, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyIdMethod, KeyUsagePurpose, NameConstraints, RevokedCertParams,
    SerialNumber, date_time_ymd,
};
use tls_certs::{Crls, Refusal, ServerVerifier, Trust, VerifyCode};

use super::der_edit::{edited, signed_by};
use super::pki::{Made, NOW, ca, localhost, missing, named, provider, server};

/// A chain with what is trusted, and both answers.
struct Case {
    name: &'static str,
    ours: &'static str,
    node: &'static str,
    chain: Vec<Vec<u8>>,
    key: String,
    trust: Vec<Vec<u8>>,
    crls: Vec<Vec<u8>>,
}

impl Case {
    fn verdict(&self) -> Result<(), Refusal> {
        let trust = Trust::from_pem(pems_of_trust(&self.trust).concat().as_bytes()).unwrap();
        // As Node has it: chains go up to a root.
        let mut builder = ServerVerifier::builder(trust, provider()).partial_chain(false);
        if !self.crls.is_empty() {
            builder = builder.crls(Crls::from_der(&self.crls).unwrap());
        }
        let chain: Vec<_> = self
            .chain
            .iter()
            .map(|der| CertificateDer::from(der.as_slice()))
            .collect();
        builder.build().unwrap().verify(&chain, &localhost(), NOW)
    }
}

/// A root, an intermediate, a server's certificate, and their lists.
struct Pki {
    root: Made,
    intermediate: Made,
    leaf: Made,
}

fn signing_ca(name: &str) -> rcgen::CertificateParams {
    let mut params = ca(name);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn with_serial(mut params: rcgen::CertificateParams, serial: u8) -> rcgen::CertificateParams {
    params.serial_number = Some(SerialNumber::from_slice(&[serial]));
    params
}

impl Pki {
    fn new() -> Self {
        let root = Made::self_signed(signing_ca("root"));
        let intermediate = root.issue(with_serial(signing_ca("intermediate"), 2));
        let leaf = intermediate.issue(with_serial(server("localhost"), 3));
        Self {
            root,
            intermediate,
            leaf,
        }
    }

    fn lists(&self, dates: Dates, revoked: &[u8]) -> Vec<Vec<u8>> {
        vec![
            list(&self.intermediate, dates, revoked),
            list(&self.root, Dates::Current, &[]),
        ]
    }

    fn case(&self, name: &'static str, ours: &'static str, node: &'static str) -> Case {
        Case {
            name,
            ours,
            node,
            chain: vec![self.leaf.der.to_vec(), self.intermediate.der.to_vec()],
            key: self.leaf.key.serialize_pem(),
            trust: vec![self.root.der.to_vec()],
            crls: Vec::new(),
        }
    }
}

#[derive(Clone, Copy)]
enum Dates {
    Current,
    Past,
    Future,
}

fn list(issuer: &Made, dates: Dates, revoked: &[u8]) -> Vec<u8> {
    let (this_update, next_update) = match dates {
        Dates::Current => (date_time_ymd(2025, 6, 1), date_time_ymd(2034, 6, 1)),
        Dates::Past => (date_time_ymd(2025, 6, 1), date_time_ymd(2025, 7, 1)),
        Dates::Future => (date_time_ymd(2034, 6, 1), date_time_ymd(2034, 7, 1)),
    };
    let params = CertificateRevocationListParams {
        this_update,
        next_update,
        crl_number: SerialNumber::from_slice(&[1]),
        issuing_distribution_point: None,
        revoked_certs: revoked
            .iter()
            .map(|serial| RevokedCertParams {
                serial_number: SerialNumber::from_slice(&[*serial]),
                revocation_time: date_time_ymd(2025, 2, 1),
                reason_code: Some(rcgen::RevocationReason::KeyCompromise),
                invalidity_date: None,
            })
            .collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let issuer = Issuer::from_params(issuer.params(), &issuer.key);
    params.signed_by(&issuer).unwrap().der().to_vec()
}

/// A case whose leaf is another one than the usual.
fn leaf_case(
    name: &'static str,
    ours: &'static str,
    node: &'static str,
    params: rcgen::CertificateParams,
) -> Case {
    let pki = Pki::new();
    let leaf = pki.intermediate.issue(params);
    Case {
        chain: vec![leaf.der.to_vec(), pki.intermediate.der.to_vec()],
        key: leaf.key.serialize_pem(),
        ..pki.case(name, ours, node)
    }
}

fn below(
    name: &'static str,
    ours: &'static str,
    node: &'static str,
    params: rcgen::CertificateParams,
) -> Case {
    let pki = Pki::new();
    let intermediate = pki.root.issue(params);
    let leaf = intermediate.issue(server("localhost"));
    Case {
        chain: vec![leaf.der.to_vec(), intermediate.der.to_vec()],
        key: leaf.key.serialize_pem(),
        ..pki.case(name, ours, node)
    }
}

fn deep(name: &'static str, ours: &'static str, node: &'static str, depth: usize) -> Case {
    let pki = Pki::new();
    let mut cas = vec![pki.root.issue(ca("ca 0"))];
    for number in 1..depth {
        cas.push(cas[number - 1].issue(ca(&format!("ca {number}"))));
    }
    let leaf = cas[depth - 1].issue(server("localhost"));
    Case {
        chain: std::iter::once(&leaf)
            .chain(cas.iter().rev())
            .map(|c| c.der.to_vec())
            .collect(),
        key: leaf.key.serialize_pem(),
        ..pki.case(name, ours, node)
    }
}

fn bad_date(name: &'static str, code: &'static str, from: &[u8], to: &[u8]) -> Case {
    let pki = Pki::new();
    let leaf = edited(&pki.leaf.der, from, to, &pki.intermediate.key);
    Case {
        chain: vec![leaf, pki.intermediate.der.to_vec()],
        ..pki.case(name, code, code)
    }
}

fn bad_list_date(name: &'static str, code: &'static str, from: &[u8], to: &[u8]) -> Case {
    let pki = Pki::new();
    let mut crls = pki.lists(Dates::Current, &[]);
    crls[0] = edited(&crls[0], from, to, &pki.intermediate.key);
    Case {
        crls,
        ..pki.case(name, code, code)
    }
}

const SERVER_AUTH: [u8; 10] = [6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
const CLIENT_AUTH: [u8; 10] = [6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];

/// As `openssl x509 -trustout` writes it.
fn with_settings(made: &Made, settings: &[&[u8]]) -> Vec<u8> {
    let settings = settings.concat();
    let length = u8::try_from(settings.len()).unwrap();
    [&made.der, &[0x30, length][..], &settings].concat()
}

fn cases() -> Vec<Case> {
    let pki = Pki::new();
    let other = vec![Made::root("other").der.to_vec()];
    let leaf_only = || vec![pki.leaf.der.to_vec()];
    let all = || {
        [&pki.leaf, &pki.intermediate, &pki.root]
            .map(|c| c.der.to_vec())
            .to_vec()
    };
    let same = |code: &'static str, name| pki.case(name, code, code);
    let own = Made::self_signed(server("localhost"));

    let mut expired = server("localhost");
    expired.not_after = date_time_ymd(2026, 1, 1);
    let mut early = server("localhost");
    early.not_before = date_time_ymd(2034, 1, 1);
    let mut for_clients = server("localhost");
    for_clients.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let mut ca_as_leaf = ca("localhost");
    ca_as_leaf
        .key_usages
        .push(KeyUsagePurpose::DigitalSignature);
    ca_as_leaf.subject_alt_names = server("localhost").subject_alt_names;
    let mut critical = server("localhost");
    let mut extension =
        CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
    extension.set_criticality(true);
    critical.custom_extensions = vec![extension];
    let mut confined = signing_ca("confined");
    confined.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("example.test".into())],
        excluded_subtrees: vec![],
    });
    let mut short = signing_ca("short");
    short.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let short = pki.root.issue(short);
    let too_low = short.issue(signing_ca("too low"));
    let lowest = too_low.issue(server("localhost"));

    // id-ecPublicKey, and an algorithm that nobody knows.
    let ec = [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    let unknown = [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 0x55];
    let no_key = edited(&pki.intermediate.der, &ec, &unknown, &pki.root.key);

    let no_root_key = edited(&pki.root.der, &ec, &unknown, &pki.root.key);
    let mut signs_only = server("signs.test");
    signs_only.extended_key_usages = vec![];
    signs_only.key_usages = vec![KeyUsagePurpose::KeyCertSign];

    let mut forged = pki.lists(Dates::Current, &[]);
    forged[0] = signed_by(&forged[0], &Made::root("forger").key);

    vec![
        Case {
            chain: vec![pki.leaf.der.to_vec()],
            trust: vec![pki.intermediate.der.to_vec()],
            ..same("UNABLE_TO_GET_ISSUER_CERT", "only an intermediate trusted")
        },
        Case {
            crls: vec![list(&pki.intermediate, Dates::Current, &[])],
            ..same("UNABLE_TO_GET_CRL", "no list of the root")
        },
        Case {
            trust: vec![no_root_key],
            ..pki.case(
                "a root with an unknown kind of key",
                "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY",
                "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
            )
        },
        // Node's server does not load such a chain, so its client cannot be asked.
        Case {
            chain: vec![pki.leaf.der.to_vec(), no_key],
            ..pki.case(
                "an intermediate with an unknown kind of key",
                "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY",
                "ERR_OSSL_EVP_DECODE_ERROR",
            )
        },
        Case {
            chain: vec![
                signed_by(&pki.leaf.der, &Made::root("forger").key),
                pki.intermediate.der.to_vec(),
            ],
            ..same("CERT_SIGNATURE_FAILURE", "a leaf signed by another key")
        },
        Case {
            crls: forged,
            ..same("CRL_SIGNATURE_FAILURE", "a list signed by another key")
        },
        leaf_case(
            "not yet valid",
            "CERT_NOT_YET_VALID",
            "CERT_NOT_YET_VALID",
            early,
        ),
        leaf_case("expired", "CERT_HAS_EXPIRED", "CERT_HAS_EXPIRED", expired),
        Case {
            crls: pki.lists(Dates::Future, &[]),
            ..same("CRL_NOT_YET_VALID", "a list from the future")
        },
        Case {
            crls: pki.lists(Dates::Past, &[]),
            ..same("CRL_HAS_EXPIRED", "a stale list")
        },
        bad_date(
            "a month 13 as start",
            "ERROR_IN_CERT_NOT_BEFORE_FIELD",
            b"250101000000Z",
            b"251301000000Z",
        ),
        bad_date(
            "a month 13 as end",
            "ERROR_IN_CERT_NOT_AFTER_FIELD",
            b"350101000000Z",
            b"351301000000Z",
        ),
        bad_list_date(
            "a list with a month 13 as start",
            "ERROR_IN_CRL_LAST_UPDATE_FIELD",
            b"250601000000Z",
            b"251301000000Z",
        ),
        bad_list_date(
            "a list with a month 13 as end",
            "ERROR_IN_CRL_NEXT_UPDATE_FIELD",
            b"340601000000Z",
            b"341301000000Z",
        ),
        Case {
            chain: vec![own.der.to_vec()],
            key: own.key.serialize_pem(),
            ..same("DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed and unknown")
        },
        Case {
            chain: all(),
            trust: other.clone(),
            ..same(
                "SELF_SIGNED_CERT_IN_CHAIN",
                "a root that is sent and unknown",
            )
        },
        Case {
            trust: other.clone(),
            ..same(
                "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
                "an unknown root that is not sent",
            )
        },
        Case {
            chain: leaf_only(),
            ..same("UNABLE_TO_VERIFY_LEAF_SIGNATURE", "no intermediate")
        },
        Case {
            chain: leaf_only(),
            trust: leaf_only(),
            ..same(
                "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
                "only the leaf itself trusted",
            )
        },
        deep(
            "more than a hundred CAs",
            "CERT_CHAIN_TOO_LONG",
            "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
            103,
        ),
        Case {
            crls: pki.lists(Dates::Current, &[3]),
            ..same("CERT_REVOKED", "revoked")
        },
        below(
            "an intermediate that is no CA",
            "INVALID_CA",
            "INVALID_PURPOSE",
            server("no-ca.test"),
        ),
        below(
            "an intermediate that may sign, but does not say that it is a CA",
            "INVALID_CA",
            "INVALID_CA",
            signs_only,
        ),
        Case {
            chain: [&lowest, &too_low, &short].map(|c| c.der.to_vec()).to_vec(),
            key: lowest.key.serialize_pem(),
            ..same("PATH_LENGTH_EXCEEDED", "a CA too many")
        },
        leaf_case(
            "a client's certificate",
            "INVALID_PURPOSE",
            "INVALID_PURPOSE",
            for_clients,
        ),
        Case {
            trust: vec![with_settings(&pki.root, &[&[0xa0, 10], &SERVER_AUTH])],
            ..same("INVALID_PURPOSE", "a root that is rejected for servers")
        },
        Case {
            trust: vec![with_settings(&pki.root, &[&[0x30, 10], &CLIENT_AUTH])],
            ..same("INVALID_PURPOSE", "a root that is trusted for clients only")
        },
        Case {
            trust: vec![with_settings(&pki.root, &[&[0x30, 10], &SERVER_AUTH])],
            ..same("ok", "a root that is trusted for servers")
        },
        Case {
            trust: vec![with_settings(&pki.root, &[&[0xa0, 10], &CLIENT_AUTH])],
            ..same("ok", "a root that is rejected for clients")
        },
        Case {
            chain: vec![own.der.to_vec()],
            trust: vec![with_settings(&own, &[&[0xa0, 10], &SERVER_AUTH])],
            key: own.key.serialize_pem(),
            ..same(
                "INVALID_PURPOSE",
                "self-signed, listed, and rejected for servers",
            )
        },
        leaf_case(
            "an unknown critical extension",
            "CERT_REJECTED",
            "UNSPECIFIED",
            critical,
        ),
        leaf_case(
            "another name",
            "ERR_TLS_CERT_ALTNAME_INVALID",
            "ERR_TLS_CERT_ALTNAME_INVALID",
            server("elsewhere.test"),
        ),
        Case {
            crls: pki.lists(Dates::Current, &[]),
            ..same("ok", "not revoked")
        },
        Case {
            chain: vec![own.der.to_vec()],
            trust: vec![own.der.to_vec()],
            key: own.key.serialize_pem(),
            ..same("ok", "self-signed and listed")
        },
        // Stricter here.
        leaf_case(
            "a CA's certificate as a server's own",
            "INVALID_CA",
            "ok",
            ca_as_leaf,
        ),
        leaf_case(
            "a common name only",
            "ERR_TLS_CERT_ALTNAME_INVALID",
            "ok",
            named("localhost"),
        ),
        below(
            "a name outside constraints",
            "CERT_REJECTED",
            "UNSPECIFIED",
            confined,
        ),
        deep("ten CAs", "CERT_CHAIN_TOO_LONG", "ok", 10),
    ]
}

/// Codes that arise here, and that Node 24.7 says of no chain (`docs/verification.md` has why).
const NOT_SAID_BY_NODE: [VerifyCode; 3] = [
    VerifyCode::UnableToDecodeIssuerPublicKey,
    VerifyCode::CertChainTooLong,
    VerifyCode::CertRejected,
];

/// Codes that no certificate, chain or list gives here.
const CANNOT_ARISE: [VerifyCode; 5] = [
    VerifyCode::UnableToDecryptCertSignature,
    VerifyCode::UnableToDecryptCrlSignature,
    VerifyCode::OutOfMem,
    VerifyCode::CertUntrusted,
    VerifyCode::HostnameMismatch,
];

fn code_of(verdict: Result<(), Refusal>) -> &'static str {
    verdict.err().map_or("ok", |refusal| refusal.code.as_str())
}

// Spec: XEC-01, XEC-02, XEC-03, XEC-04, XEC-05, XEC-06, XEC-08, XEC-09, XEC-10, XEC-11, T-VER-22, T-VER-23, T-VER-26
#[test]
fn every_code_arises_from_a_chain_made_for_it() {
    let mut arisen = BTreeSet::new();
    for case in cases() {
        let code = code_of(case.verdict());
        assert_eq!(code, case.ours, "{}", case.name);
        arisen.insert(code);
    }
    for code in VerifyCode::ALL {
        assert_eq!(
            arisen.contains(code.as_str()),
            !CANNOT_ARISE.contains(code),
            "{code}"
        );
    }
}

// Also of a certificate that parsers refuse as a whole, for a date that is none.
#[test]
fn every_report_has_the_certificate_with_its_serial_number_and_the_dates() {
    for case in cases() {
        let Err(refusal) = case.verdict() else {
            continue;
        };
        let serial = refusal.serial.as_bytes();
        assert!(refusal.subject.starts_with("CN="), "{}", case.name);
        assert!(refusal.issuer.starts_with("CN="), "{}", case.name);
        assert!(
            !serial.is_empty() && serial.iter().all(u8::is_ascii_hexdigit),
            "{}",
            case.name
        );
        let code = refusal.code.as_str();
        assert_eq!(
            refusal.not_before.is_none(),
            code == "ERROR_IN_CERT_NOT_BEFORE_FIELD",
            "{}",
            case.name
        );
        assert_eq!(
            refusal.not_after.is_none(),
            code == "ERROR_IN_CERT_NOT_AFTER_FIELD",
            "{}",
            case.name
        );
        assert_eq!(refusal.chain_length, case.chain.len(), "{}", case.name);
        let list_is_known = refusal.crl_this_update.is_some() || refusal.crl_next_update.is_some();
        let list_is_asked =
            code == "CERT_REVOKED" || code.contains("CRL") && code != "UNABLE_TO_GET_CRL";
        assert_eq!(list_is_known, list_is_asked, "{}", case.name);
        assert_eq!(
            refusal.revoked_at.is_some(),
            code == "CERT_REVOKED",
            "{}",
            case.name
        );
    }
}

/// Where the variable says, or where `cargo xtask peers` puts it: in the directory of the build.
fn node() -> Option<PathBuf> {
    let given = std::env::var_os("TLS_PEER_NODE").map(PathBuf::from);
    let this = std::env::current_exe().unwrap_or_default();
    let built = this.ancestors().nth(3).unwrap_or(&this).to_path_buf();
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let installed = [built, usual].map(|target| target.join("peers/node_modules/node/bin/node"));
    (given.into_iter().chain(installed)).find(|path| path.is_file())
}

fn pems(label: &str, ders: &[Vec<u8>]) -> Vec<String> {
    ders.iter()
        .map(|der| pem::encode(&pem::Pem::new(label, der.as_slice())))
        .collect()
}

/// What follows a certificate are trust settings.
fn pems_of_trust(ders: &[Vec<u8>]) -> Vec<String> {
    let label = |der: &[u8]| match usize::from(u16::from_be_bytes([der[2], der[3]])) + 4 {
        length if length < der.len() => "TRUSTED CERTIFICATE",
        _ => "CERTIFICATE",
    };
    let pem = |der: &Vec<u8>| pems(label(der), std::slice::from_ref(der));
    ders.iter().flat_map(pem).collect()
}

type Answers = BTreeMap<String, BTreeMap<String, String>>;

fn ask_node(node: &Path, cases: &[Case]) -> Answers {
    let questions: BTreeMap<_, _> = cases
        .iter()
        .map(|case| {
            let question = serde_json::json!({
                "chain": pems("CERTIFICATE", &case.chain).concat(),
                "key": case.key,
                "ca": pems_of_trust(&case.trust),
                "crl": pems("X509 CRL", &case.crls),
            });
            (case.name, question)
        })
        .collect();
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/verify_codes/verdicts.mjs");
    let mut child = Command::new(node)
        .arg(script)
        .env_remove("NODE_EXTRA_CA_CERTS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin
        .write_all(&serde_json::to_vec(&questions).unwrap())
        .unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What Node appends about its own option (Spec XEC-13).
const NODES_HINT: &str =
    "; if the root CA is installed locally, try running Node.js with --use-system-ca";

// Spec: XEC-13, T-VER-26, T-VER-27, T-IDN-21
#[test]
fn node_gives_the_same_answer_and_message_for_the_same_bytes() {
    let Some(node) = node() else {
        return missing("node 24.7.0 (cargo xtask peers)");
    };
    let cases = cases();
    let answers = ask_node(&node, &cases);
    let mut wrong = Vec::new();
    for case in &cases {
        let answer = &answers[case.name];
        if answer["code"] != case.node {
            wrong.push(format!(
                "{}: expected {}, Node says {answer:?}",
                case.name, case.node
            ));
        } else if case.ours == case.node
            && let Err(refusal) = case.verdict()
            && answer["message"].trim_end_matches(NODES_HINT) != refusal.message
        {
            wrong.push(format!(
                "{}: ours {:?}, Node's {answer:?}",
                case.name, refusal.message
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let agreed: BTreeSet<_> = (cases.iter())
        .filter(|case| case.ours == case.node)
        .map(|case| case.ours)
        .collect();
    for code in VerifyCode::ALL {
        let is_exempt = CANNOT_ARISE.contains(code) || NOT_SAID_BY_NODE.contains(code);
        assert_eq!(agreed.contains(code.as_str()), !is_exempt, "{code}");
    }
}

const PAGE: &str = "../../docs/verification.md";

/// One row of the page for each code.
fn rows() -> Vec<String> {
    let refusals: Vec<_> = cases()
        .iter()
        .filter_map(|case| case.verdict().err())
        .collect();
    let row = |code: &VerifyCode| {
        let example = refusals.iter().find(|refusal| refusal.code == *code);
        let example = example.map_or_else(
            || String::from("cannot arise, see below"),
            |r| format!("`{r}`"),
        );
        format!(
            "| `{code}` | {} | {} | {example} |",
            code.message(),
            code.hint()
        )
    };
    VerifyCode::ALL.iter().map(row).collect()
}

// The page says of every code what it means, what to do, and shows one.
// `UPDATE_DOCS=1` writes the rows anew.
#[test]
fn the_page_has_every_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let Ok(page) = std::fs::read_to_string(&path) else {
        return eprintln!("SKIPPED: this crate stands alone, without the workspace's pages");
    };
    let is_row = |line: &&str| line.starts_with("| `");
    let rows = rows();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let start = page.find("|---|---|---|---|\n").unwrap() + "|---|---|---|---|\n".len();
        let (head, rest) = page.split_at(start);
        let tail: String = rest
            .split_inclusive('\n')
            .skip_while(|line| is_row(line))
            .collect();
        std::fs::write(&path, format!("{head}{}\n{tail}", rows.join("\n"))).unwrap();
        return;
    }
    let there: Vec<_> = page.lines().filter(is_row).collect();
    assert_eq!(
        there, rows,
        "UPDATE_DOCS=1 cargo test -p tls-certs the_page_has"
    );
    for code in CANNOT_ARISE {
        assert!(
            page.contains(&format!("- `{code}`")),
            "no reason for {code}"
        );
    }
}

use proptest::prelude::*;

use super::*;
use crate::PskWarning;

const HEX: &str = "6f0d9a3c51e84b72a1c4d7e02b9f8356";
const OTHER: &str = "00112233445566778899aabbccddeeff";

fn codes(text: &str) -> Vec<(Option<usize>, &'static str)> {
    let (_, findings) = parse(
        text.as_bytes(),
        &PskFileOptions::default().allow_short_keys(true),
    );
    findings.iter().map(|it| (it.line(), it.code())).collect()
}

fn private_file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn lines_of_openssl_stunnel_and_mosquitto_are_read() {
    let text =
        format!("# devices\n\ngate-7:{HEX}\r\n  door : {OTHER}\nurn:dev:1:{HEX}0f\nlast:{OTHER}00");
    let (table, findings) = parse(text.as_bytes(), &PskFileOptions::default());
    assert_eq!(findings, []);
    for identity in ["gate-7", "door", "urn:dev:1", "last"] {
        let identity = PskIdentity::new(identity).unwrap();
        assert_eq!(table.get(&identity).len(), 1, "{identity}");
    }
}

#[test]
fn several_lines_of_one_identity_are_its_keys_in_their_order() {
    let text = format!("a:{HEX}\na:{OTHER}\n");
    let (table, findings) = parse(text.as_bytes(), &PskFileOptions::default());
    assert_eq!(findings, []);
    let keys = table.get(&PskIdentity::new("a").unwrap());
    assert_eq!(
        keys,
        [
            PskKey::from_hex(HEX).unwrap(),
            PskKey::from_hex(OTHER).unwrap()
        ]
    );
}

#[test]
fn every_fault_has_its_line() {
    let long = "x".repeat(257);
    let key = "ab".repeat(513);
    for (text, expected) in [
        (String::new(), vec![(None, "psk_file_empty")]),
        ("# nothing\n".to_owned(), vec![(None, "psk_file_empty")]),
        (format!("a\nb:{HEX}"), vec![(Some(1), "psk_file_no_colon")]),
        (
            format!("b:{HEX}\n\na:secret"),
            vec![(Some(3), "psk_file_not_hex")],
        ),
        (
            format!(":{HEX}"),
            vec![(Some(1), "psk_file_identity_length")],
        ),
        (
            format!("{long}:{HEX}"),
            vec![(Some(1), "psk_file_identity_length")],
        ),
        (format!("a:{key}"), vec![(Some(1), "psk_file_key_length")]),
        ("a:".to_owned(), vec![(Some(1), "psk_file_key_length")]),
        (format!("a:{HEX}\nb:{HEX}"), vec![(Some(2), "psk_shared")]),
        (format!("a:{HEX}\na:{HEX}"), vec![(Some(2), "psk_repeated")]),
        ("a:1234".to_owned(), vec![(Some(1), "psk_short")]),
        (
            format!("a:{HEX}\na:{OTHER}\na:{HEX}01\na:{HEX}02"),
            vec![(Some(4), "psk_file_too_many_keys")],
        ),
        (
            "a\nb:xx\n".to_owned(),
            vec![
                (Some(1), "psk_file_no_colon"),
                (Some(2), "psk_file_not_hex"),
            ],
        ),
    ] {
        assert_eq!(codes(&text), expected, "{text}");
    }
}

#[test]
fn short_keys_are_refused_unless_allowed() {
    let path = Path::new("devices.psk");
    let error = load(path, b"a:1234", &PskFileOptions::default())
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "devices.psk, line 1: the key has 2 bytes, not 16 to 512: make one with `tls psk new`"
    );
    let table = load(
        path,
        b"a:1234",
        &PskFileOptions::default().allow_short_keys(true),
    );
    let identity = PskIdentity::new("a").unwrap();
    assert_eq!(
        table.unwrap().warnings(),
        [PskWarning::ShortKey { identity, bits: 16 }]
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_refused_and_named_by_the_check() {
    use std::os::unix::fs::PermissionsExt;

    let file = private_file(&format!("a:{HEX}\n"));
    assert_eq!(check_psk_file(file.path()).unwrap(), []);
    for mode in [0o640, 0o604, 0o620] {
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        let error = read_private(file.path()).unwrap_err();
        assert_eq!(error.code(), "psk_file_mode");
        let found = check_psk_file(file.path()).unwrap();
        assert!(found[0].is_refused() && found[0].line().is_none());
        assert_eq!(
            found[0].to_string(),
            format!("it is open to others (mode {mode:03o}) and holds keys; run: chmod 600")
        );
    }
    let missing = check_psk_file("/nonexistent/devices.psk").unwrap_err();
    assert_eq!(missing.code(), "psk_file_unreadable");
}

/// Advice is about files that are taken; what `check_psk_file` refuses is not.
#[test]
fn a_file_is_taken_unless_something_of_it_is_refused() {
    for (text, taken) in [
        (format!("a:{HEX}\n"), true),
        (format!("a:{HEX}\nb:{HEX}\na:{HEX}\n"), true),
        ("a:00112233\n".to_owned(), false),
        (format!("a:{HEX}\nb:00112233\n"), false),
        (format!("a:{HEX}\nb\n"), false),
        ("# none\n".to_owned(), false),
    ] {
        let file = private_file(&text);
        let found = check_psk_file(file.path()).unwrap();
        let refused = found.iter().any(PskFileFinding::is_refused);
        let loaded = crate::PskKeys::from_file(file.path()).is_ok();
        assert_eq!((loaded, !refused), (taken, taken), "{text}");
    }
}

#[test]
fn a_line_that_was_made_reads_back() {
    let key = PskKey::generate(256).unwrap();
    for identity in ["gate-7", "Zürich 3", "a#b"] {
        let identity = PskIdentity::new(identity).unwrap();
        let line = psk_file_line(&identity, &key).unwrap();
        let (table, findings) = parse(line.as_bytes(), &PskFileOptions::default());
        assert_eq!(findings, []);
        assert_eq!(table.get(&identity), std::slice::from_ref(&key));
    }
    for identity in [&b"a:b"[..], b"#a", b" a", b"a ", b"a\nb", &[0xff]] {
        let refused = psk_file_line(&PskIdentity::new(identity).unwrap(), &key);
        assert_eq!(refused.unwrap_err(), Error::IdentityNotForFile);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_file_panics_and_no_message_shows_a_key(
        lines in prop::collection::vec("[a-c:#\u{1b} 0-9]{0,40}", 0..6),
    ) {
        let text = lines.join("\n");
        let (_, findings) = parse(text.as_bytes(), &PskFileOptions::default().allow_short_keys(true));
        for finding in &findings {
            let shown = format!("{finding} {finding:?}");
            let escape = char::from(27);
            prop_assert!(!shown.contains(escape));
        }
    }
}

//! Ticket keys and secrets in files: forms, access, refusals.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use tempfile::TempDir;
use tls_session_store::{Error, SharedSecret, TicketKeys};

const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f";
const BASE64: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v";

fn counting() -> [u8; 48] {
    std::array::from_fn(|at| at as u8)
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("keys")
    }

    fn file(&self, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path();
        std::fs::write(&path, content).unwrap();
        chmod(&path, 0o600);
        path
    }
}

#[cfg(unix)]
fn chmod(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn chmod(_path: &std::path::Path, _mode: u32) {}

#[test]
fn a_key_is_48_raw_bytes_or_hex_or_base64() {
    let folder = Folder::new();
    let url_safe = "-".repeat(62) + "__";
    for content in [
        counting().to_vec(),
        HEX.into(),
        format!("{HEX}\n").into(),
        format!("# made in March\r\n\r\n  {HEX}\t# in use\r\n").into(),
        HEX.to_uppercase().into(),
        format!("{BASE64}\n").into(),
    ] {
        let keys = TicketKeys::from_file(folder.file(&content)).unwrap();
        assert_eq!(keys.to_bytes(), counting());
    }
    assert!(TicketKeys::from_file(folder.file(url_safe)).is_ok());
}

#[test]
fn the_first_line_issues_and_the_others_open() {
    let folder = Folder::new();
    let old = TicketKeys::from_bytes(counting());
    let other = "ff".repeat(48);
    let keys = TicketKeys::from_file(folder.file(format!("{other}\n{HEX}\n"))).unwrap();
    assert_eq!(keys.to_bytes(), [0xff; 48]);
    let context = [0; 32].into();
    let kind = tls_session_store::Kind::RustlsTicket;
    assert!(keys.recognises(&old.seal(kind, &context, b"").unwrap()));
}

#[test]
fn a_line_that_is_no_key_is_named() {
    let folder = Folder::new();
    for (content, wrong_line) in [
        (format!("# one\n{HEX}\nabc\n"), 3),
        (HEX.replace('0', "g"), 1),
        (BASE64.replace('A', "*"), 1),
        (HEX[1..].to_owned(), 1),
    ] {
        match TicketKeys::from_file(folder.file(content)).unwrap_err() {
            Error::KeyFileLine { line, .. } => assert_eq!(line, wrong_line),
            error => panic!("{error}"),
        }
    }
    for content in ["", "# nothing\n\n"] {
        let error = TicketKeys::from_file(folder.file(content)).unwrap_err();
        assert_eq!(error.code(), "key_file_empty");
    }
}

#[test]
fn a_missing_file_and_a_huge_one_are_errors_with_their_path() {
    let folder = Folder::new();
    let error = TicketKeys::from_file(folder.path()).unwrap_err();
    assert_eq!(error.code(), "key_file");
    assert!(error.to_string().contains(folder.path().to_str().unwrap()));
    let error = TicketKeys::from_file(folder.file(vec![b'#'; 70_000])).unwrap_err();
    assert_eq!(error.code(), "key_file");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_read_or_write_is_refused() {
    let folder = Folder::new();
    let path = folder.file(HEX);
    for mode in [0o644, 0o640, 0o604, 0o620, 0o602, 0o660] {
        chmod(&path, mode);
        let error = TicketKeys::from_file(&path).unwrap_err();
        assert_eq!(error.code(), "insecure_permissions");
        let message = error.to_string();
        assert!(message.contains("chmod 600"), "{message}");
        assert!(message.contains(&format!("{mode:03o}")), "{message}");
        assert!(!message.contains(HEX));
        assert!(SharedSecret::from_file(&path).is_err());
    }
    for mode in [0o600, 0o400] {
        chmod(&path, mode);
        assert!(TicketKeys::from_file(&path).is_ok());
    }
}

/// Only root can give a file away, so that elsewhere this shows nothing.
#[cfg(unix)]
#[test]
fn a_file_of_another_user_is_refused() {
    let folder = Folder::new();
    let path = folder.file(HEX);
    if std::os::unix::fs::chown(&path, Some(54_321), None).is_err() {
        return;
    }
    let error = TicketKeys::from_file(&path).unwrap_err();
    assert_eq!(error.code(), "insecure_owner");
    assert!(error.to_string().contains("54321"));
}

#[test]
fn a_new_file_is_for_its_owner_only_and_never_overwrites() {
    let folder = Folder::new();
    let keys = TicketKeys::write_new_file(folder.path()).unwrap();
    let read = TicketKeys::from_file(folder.path()).unwrap();
    assert_eq!(read.to_bytes(), keys.to_bytes());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.path())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let error = TicketKeys::write_new_file(folder.path()).unwrap_err();
    assert_eq!(error.code(), "key_file");
    let read = TicketKeys::from_file(folder.path()).unwrap();
    assert_eq!(read.to_bytes(), keys.to_bytes());
}

#[test]
fn a_changed_file_is_taken_over_and_a_broken_one_is_not() {
    let folder = Folder::new();
    let keys = TicketKeys::from_file(folder.file(HEX)).unwrap();
    let path = folder.file(format!("{}\n{HEX}\n", "ab".repeat(48)));
    keys.set_from_file(&path).unwrap();
    assert_eq!(keys.to_bytes(), [0xab; 48]);
    assert!(keys.set_from_file(folder.file("broken")).is_err());
    assert_eq!(keys.to_bytes(), [0xab; 48]);
}

#[test]
fn a_secret_file_may_end_in_a_line_break() {
    let folder = Folder::new();
    let (id, context) = (b"id", [0; 32].into());
    let kind = tls_session_store::Kind::StoredSession;
    let plain = SharedSecret::from_bytes(&[b'x'; 40]).unwrap();
    let sealed = plain.seal_value(kind, &context, id, b"v").unwrap();
    for end in ["", "\n", "\r\n"] {
        let secret = SharedSecret::from_file(folder.file("x".repeat(40) + end)).unwrap();
        assert!(secret.open_value(kind, &context, id, &sealed).is_ok());
    }
    let error = SharedSecret::from_file(folder.file("too short\n")).unwrap_err();
    assert_eq!(error.code(), "shared_secret_length");
}

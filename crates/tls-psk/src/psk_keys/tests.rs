use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::*;
use crate::TargetKdf;

const HEX: &str = "6f0d9a3c51e84b72a1c4d7e02b9f8356";
const OTHER: &str = "00112233445566778899aabbccddeeff";

struct Place {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

impl Place {
    fn with(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("devices.psk");
        let place = Self {
            _directory: directory,
            path,
        };
        place.write(text);
        place
    }

    /// As an operator should: a new file takes the place of the old.
    fn write(&self, text: &str) {
        let new = self.path.with_extension("new");
        write_private(&new, text);
        std::fs::rename(new, &self.path).unwrap();
    }
}

fn write_private(path: &Path, text: &str) {
    use std::io::Write;

    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn identity(text: &str) -> PskIdentity {
    PskIdentity::new(text).unwrap()
}

fn manual(place: &Place) -> PskKeys {
    PskKeys::from_file_with(
        &place.path,
        PskFileOptions::default(),
        PskWatchOptions::manual(),
    )
    .unwrap()
}

fn keys_of(keys: &PskKeys, name: &str) -> Vec<PskKey> {
    keys.find(&identity(name), ProtocolVersion::Tls12)
}

#[test]
fn a_reload_takes_a_good_file_and_keeps_the_old_keys_otherwise() {
    let place = Place::with(&format!("a:{HEX}\n"));
    let keys = manual(&place);
    let clone = keys.clone();
    assert_eq!((keys.generation(), keys.reload()), (1, Ok(1)));

    place.write(&format!("a:{HEX}\nb:{OTHER}\n"));
    assert_eq!(keys.reload(), Ok(2));
    assert_eq!(clone.len(), 2);

    place.write("a:not hex\n");
    let error = keys.reload().unwrap_err();
    assert_eq!(error.code(), "psk_file_not_hex");
    assert_eq!(keys.last_error(), Some(error));
    assert_eq!((keys.generation(), keys.len()), (2, 2));

    place.write(&format!("b:{OTHER}\n"));
    assert_eq!(keys.reload(), Ok(3));
    assert_eq!(keys.last_error(), None);
    assert!(keys_of(&keys, "a").is_empty());
}

#[test]
fn a_change_is_taken_when_two_looks_saw_it_and_a_failure_told_after_three() {
    let place = Place::with(&format!("a:{HEX}\n"));
    let keys = manual(&place);
    place.write(&format!("a:{OTHER}\n"));
    keys.tick();
    assert_eq!(keys.generation(), 1);
    keys.tick();
    assert_eq!(keys.generation(), 2);

    std::fs::remove_file(&place.path).unwrap();
    for told in [false, false, true, true] {
        keys.tick();
        assert_eq!(keys.last_error().is_some(), told);
    }
    assert_eq!(keys_of(&keys, "a"), [PskKey::from_hex(OTHER).unwrap()]);

    // The file that was in use is back: nothing to take, nothing to complain about.
    place.write(&format!("a:{OTHER}\n"));
    keys.tick();
    assert_eq!((keys.generation(), keys.last_error()), (2, None));
}

#[test]
fn the_thread_takes_a_change_and_ends_with_its_table() {
    let place = Place::with(&format!("a:{HEX}\n"));
    let watch = PskWatchOptions::interval(Duration::from_millis(10));
    let keys = PskKeys::from_file_with(&place.path, PskFileOptions::default(), watch).unwrap();
    place.write(&format!("a:{OTHER}\n"));
    let deadline = Instant::now() + Duration::from_secs(30);
    while keys.generation() < 2 {
        assert!(Instant::now() < deadline, "the change was never taken");
        std::thread::yield_now();
    }
    let shared = Arc::downgrade(&keys.shared);
    drop(keys);
    while shared.strong_count() > 0 {
        assert!(Instant::now() < deadline, "the thread keeps the table");
        std::thread::yield_now();
    }
}

#[test]
fn a_key_is_changed_without_losing_a_connection() {
    let (old, new) = (
        PskKey::from_hex(HEX).unwrap(),
        PskKey::from_hex(OTHER).unwrap(),
    );
    let keys = PskKeys::from_keys([(identity("a"), old.clone())]).unwrap();
    keys.add_key(&identity("a"), new.clone());
    assert_eq!(keys_of(&keys, "a"), [new.clone(), old.clone()]);
    // Not twice, and never more than three.
    keys.add_key(&identity("a"), new.clone());
    assert_eq!(keys_of(&keys, "a").len(), 2);
    for byte in 1..4 {
        keys.add_key(&identity("a"), PskKey::from_bytes(&[byte; 16]).unwrap());
    }
    assert_eq!(keys_of(&keys, "a").len(), 3);
    assert!(keys.retire(&identity("a")));
    assert!(!keys.retire(&identity("a")));
    assert_eq!(keys_of(&keys, "a"), [PskKey::from_bytes(&[3; 16]).unwrap()]);
    assert!(keys.remove(&identity("a")) && !keys.remove(&identity("a")));
    assert!(keys.is_empty());
}

#[test]
fn imported_keys_are_for_tls13_and_their_context_only() {
    let key = PskKey::from_hex(HEX).unwrap();
    let context = ImportContext::between("a", "server").unwrap();
    let keys = PskKeys::from_keys([(identity("a"), key.clone())]).unwrap();
    let keys = keys.imported_into(context.clone());
    let wire = |context| ImportedIdentity::new(identity("a"), context, TargetKdf::HkdfSha256);

    let offered = wire(context);
    let found = keys.find(&offered.to_wire().unwrap(), ProtocolVersion::Tls13);
    assert_eq!(found, [offered.import(&key).unwrap()]);

    let reflected = wire(ImportContext::between("server", "a").unwrap());
    let wire = reflected.to_wire().unwrap();
    assert!(keys.find(&wire, ProtocolVersion::Tls13).is_empty());
    assert!(keys.find(&identity("a"), ProtocolVersion::Tls13).is_empty());
    assert_eq!(keys.find(&identity("a"), ProtocolVersion::Tls12), [key]);
}

#[test]
fn advice_that_is_not_followed_is_kept_with_the_table() {
    let key = PskKey::from_hex(HEX).unwrap();
    let short = PskKey::from_short_bytes(&[1]).unwrap();
    let table = [("a", key.clone()), ("b", key), ("c", short)];
    let table = table.map(|(name, key)| (identity(name), key));
    let keys = PskKeys::from_keys(table).unwrap();
    let codes: Vec<_> = keys.warnings().iter().map(PskWarning::code).collect();
    assert_eq!(codes, ["psk_shared", "psk_short"]);
}

/// RFC 8446, Appendix E.7.
#[test]
fn a_key_that_serves_both_versions_is_told_once_and_an_imported_one_does_not() {
    let key = || PskKey::from_hex(HEX).unwrap();
    let versions = [ProtocolVersion::Tls13, ProtocolVersion::Tls12];
    let keys = PskKeys::from_keys([(identity("a"), key())]).unwrap();
    let _ = keys.find(&identity("a"), ProtocolVersion::Tls12);
    let _ = keys.find(&identity("nobody"), ProtocolVersion::Tls13);
    assert_eq!(keys.warnings(), []);
    for version in versions {
        let _ = keys.find(&identity("a"), version);
        assert_eq!(keys.warnings(), [PskWarning::OneKeyForTwoVersions]);
    }

    let context = ImportContext::new("fleet").unwrap();
    let keys = PskKeys::from_keys([(identity("a"), key())]).unwrap();
    let keys = keys.imported_into(context.clone());
    let imported = ImportedIdentity::new(identity("a"), context, TargetKdf::HkdfSha256);
    let wire = imported.to_wire().unwrap();
    assert_eq!(keys.find(&wire, ProtocolVersion::Tls13).len(), 1);
    assert_eq!(keys.find(&identity("a"), ProtocolVersion::Tls12).len(), 1);
    assert_eq!(keys.warnings(), []);
}

/// Whoever of two holders of one key goes, the next one is told of.
#[test]
fn a_shared_key_stays_known_while_anybody_has_it() {
    let key = PskKey::from_hex(HEX).unwrap();
    for gone in ["a", "b"] {
        let two = [(identity("a"), key.clone()), (identity("b"), key.clone())];
        let keys = PskKeys::from_keys(two).unwrap();
        assert!(keys.remove(&identity(gone)));
        assert_eq!(keys.warnings(), []);
        keys.add_key(&identity("c"), key.clone());
        let [PskWarning::SharedKey { identity: who, .. }] = &keys.warnings()[..] else {
            panic!("{:?}", keys.warnings());
        };
        assert_eq!(*who, identity("c"));
    }
}

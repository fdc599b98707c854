//! When new files are swapped in, and when the old value stays.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

// Spec: T-CRD-11
#[test]
fn a_renewed_pair_is_swapped_in_when_two_looks_have_seen_it() {
    let (old, new) = (pair(&["localhost"], |_| {}), pair(&["localhost"], |_| {}));
    let watching = Watching::new(&old);
    let clone = watching.identity.clone();
    watching.put(&new);
    watching.ticks(1);
    assert!(watching.serves(&old) && clone.generation() == 1);
    watching.ticks(1);
    assert!(watching.serves(&new) && clone.generation() == 2);
    watching.ticks(3);
    assert_eq!(clone.generation(), 2);
    assert_eq!(watching.error(), None);
}

#[test]
fn reload_takes_one_look_and_counts_only_changes() {
    let (old, new) = (pair(&["localhost"], |_| {}), pair(&["localhost"], |_| {}));
    let watching = Watching::new(&old);
    assert_eq!(watching.identity.reload().unwrap(), 1);
    watching.put(&new);
    assert_eq!(watching.identity.reload().unwrap(), 2);
    assert_eq!(watching.identity.reload().unwrap(), 2);
    assert!(watching.serves(&new));
}

#[test]
fn in_a_replacement_in_two_steps_no_state_in_between_is_served() {
    let (old, new) = (pair(&["localhost"], |_| {}), pair(&["localhost"], |_| {}));
    for first in ["tls.crt", "tls.key"] {
        let watching = Watching::new(&old);
        let (second, contents) = match first {
            "tls.crt" => ("tls.key", [&new.certificate, &new.key]),
            _ => ("tls.crt", [&new.key, &new.certificate]),
        };
        watching.write(first, contents[0]);
        watching.ticks(2);
        assert!(watching.serves(&old));
        assert_eq!(
            watching.error(),
            None,
            "not reported while it may be under way"
        );
        watching.write(second, contents[1]);
        watching.ticks(2);
        assert!(watching.serves(&new), "{first} first");
        assert_eq!(watching.error(), None);
    }
}

#[test]
fn a_mismatch_that_lasts_is_reported_until_the_files_are_right_again() {
    let (old, new) = (pair(&["localhost"], |_| {}), pair(&["localhost"], |_| {}));
    let watching = Watching::new(&old);
    let (told, heard) = std::sync::mpsc::channel();
    watching
        .identity
        .on_failure(move |error| _ = told.send(error.code()));
    watching.write("tls.crt", &new.certificate);
    watching.ticks(2);
    assert_eq!(heard.try_iter().count(), 0);
    watching.ticks(1);
    assert_eq!(watching.error(), Some("key_mismatch"));
    let reported = watching.identity.last_error().unwrap();
    watching.ticks(5);
    watching.identity.reload().unwrap_err();
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), ["key_mismatch"]);
    let again = watching.identity.last_error().unwrap();
    assert!(Arc::ptr_eq(&reported, &again), "once");
    assert!(watching.serves(&old));
    watching.write("tls.crt", &old.certificate);
    watching.ticks(1);
    assert_eq!(
        watching.error(),
        None,
        "what is in use is what is in the files"
    );
    assert_eq!(watching.identity.generation(), 1);
}

#[test]
fn a_bad_file_leaves_the_old_in_place() {
    let old = pair(&["localhost"], |_| {});
    let new = pair(&["localhost"], |_| {});
    let expired = pair(&["localhost"], |params| {
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    let early = pair(&["localhost"], |params| {
        params.not_before = date_time_ymd(2089, 1, 1);
    });
    let other = pair(&["other.example"], |_| {});
    let half = &new.certificate[..new.certificate.len() / 2];
    let half = Pair {
        certificate: half.to_owned(),
        key: new.key.clone(),
    };
    let empty = Pair {
        certificate: String::new(),
        key: new.key.clone(),
    };
    let cases = [
        (&half, "pem_damaged"),
        (&empty, "no_certificate"),
        (&expired, "certificate_expired"),
        (&early, "certificate_not_yet_valid"),
        (&other, "names_lost"),
    ];
    let watching = Watching::new(&old);
    for (bad, code) in cases {
        watching.put(bad);
        watching.ticks(2);
        assert_eq!(watching.error(), None, "{code} may be under way");
        watching.ticks(1);
        assert_eq!(watching.error(), Some(code));
        let error = watching.identity.reload().unwrap_err();
        assert_eq!(error.code(), "not_reloaded");
        watching.put(&old);
        watching.ticks(1);
        assert_eq!(watching.error(), None);
    }
    assert_eq!(watching.identity.generation(), 1);
    assert!(watching.serves(&old));
}

/// A chain of leaf and intermediate is replaced: the intermediate may not be missing, nor past its
/// dates.
#[test]
fn a_new_chain_has_the_issuer_and_it_is_within_its_dates() {
    let (root, key) = (ca("root", 2090), KeyPair::generate().unwrap());
    let root = rcgen::Issuer::new(root, key);
    let chained = |year: i32, leave_out: bool| {
        let (params, key) = (ca("intermediate", year), KeyPair::generate().unwrap());
        let intermediate = params.signed_by(&key, &root).unwrap().pem();
        let issuer = rcgen::Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![String::from("localhost")]).unwrap();
        let leaf = leaf.signed_by(&key, &issuer).unwrap().pem();
        Pair {
            certificate: if leave_out {
                leaf
            } else {
                leaf + &intermediate
            },
            key: key.serialize_pem(),
        }
    };
    let old = chained(2090, false);
    let watching = Watching::new(&old);
    for (bad, code) in [
        (chained(2090, true), "chain_incomplete"),
        (chained(2021, false), "certificate_expired"),
    ] {
        watching.put(&bad);
        watching.ticks(3);
        assert_eq!(watching.error(), Some(code));
        assert!(watching.serves(&old));
    }
    let new = chained(2089, false);
    watching.put(&new);
    watching.ticks(2);
    assert!(watching.serves(&new));
    // One that never had an issuer with it needs none.
    let alone = Watching::new(&chained(2090, true));
    let next = chained(2090, true);
    alone.put(&next);
    alone.ticks(2);
    assert!(alone.serves(&next));
}

fn ca(name: &str, until: i32) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params
}

#[test]
fn a_key_below_the_level_of_the_options_does_not_come_in() {
    let old = pair(&["localhost"], |_| {});
    let level = crate::SecurityLevel::Four;
    let options = || WatchOptions::manual().security_level(level);
    let watching = Watching::new(&old);
    let paths = (watching.path("tls.crt"), watching.path("tls.key"));
    let error = Identity::watch_pem_files_with(&paths.0, &paths.1, options()).unwrap_err();
    assert_eq!(error.code(), "key_too_small");

    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let large = CertificateParams::new(vec![String::from("localhost")]).unwrap();
    let large = Pair {
        certificate: large.self_signed(&key).unwrap().pem(),
        key: key.serialize_pem(),
    };
    let watching = Watching::with(&large, options());
    watching.put(&old);
    watching.ticks(3);
    assert_eq!(watching.error(), Some("key_too_small"));
    assert!(watching.serves(&large));
}

#[test]
fn a_removed_file_leaves_the_old_in_place_until_it_is_back() {
    let (old, new) = (pair(&["localhost"], |_| {}), pair(&["localhost"], |_| {}));
    let watching = Watching::new(&old);
    fs::remove_file(watching.path("tls.key")).unwrap();
    watching.ticks(3);
    assert_eq!(watching.error(), Some("file_unreadable"));
    assert!(watching.serves(&old));
    watching.put(&new);
    watching.ticks(2);
    assert!(watching.serves(&new));
    assert_eq!(watching.error(), None);
}

#[test]
fn a_new_certificate_may_add_names_cover_them_by_wildcard_and_lose_them_if_allowed() {
    let old = pair(&["a.example", "b.example"], |_| {});
    let covering = pair(&["*.example", "more.test"], |_| {});
    let watching = Watching::new(&old);
    watching.put(&covering);
    watching.ticks(2);
    assert!(watching.serves(&covering));
    watching.put(&old);
    watching.ticks(3);
    assert_eq!(watching.error(), Some("names_lost"));

    let watching = Watching::with(&old, WatchOptions::manual().allow_lost_names(true));
    let fewer = pair(&["a.example"], |_| {});
    watching.put(&fewer);
    watching.ticks(2);
    assert!(watching.serves(&fewer));
}

/// Kubernetes writes a new directory, then renames a link `..data` to it over the old one; the
/// files are links through `..data` and never change themselves.
#[cfg(unix)]
#[test]
fn a_swapped_directory_link_is_a_change() {
    use std::os::unix::fs::symlink;
    let (old, new) = (pair(&["localhost"], |_| {}), pair(&["localhost"], |_| {}));
    let volume = tempfile::tempdir().unwrap();
    let at = |name: &str| volume.path().join(name);
    for (name, pair) in [("..2026_01", &old), ("..2026_02", &new)] {
        fs::create_dir(at(name)).unwrap();
        fs::write(at(name).join("tls.crt"), &pair.certificate).unwrap();
        fs::write(at(name).join("tls.key"), &pair.key).unwrap();
    }
    symlink("..2026_01", at("..data")).unwrap();
    symlink("..data/tls.crt", at("tls.crt")).unwrap();
    symlink("..data/tls.key", at("tls.key")).unwrap();
    let options = WatchOptions::manual();
    let identity = Identity::watch_pem_files_with(at("tls.crt"), at("tls.key"), options).unwrap();
    let watching = Watching {
        directory: volume,
        identity,
    };
    symlink("..2026_02", watching.path("..data_tmp")).unwrap();
    fs::rename(watching.path("..data_tmp"), watching.path("..data")).unwrap();
    fs::remove_dir_all(watching.path("..2026_01")).unwrap();
    watching.ticks(2);
    assert!(watching.serves(&new));
}

#[test]
fn hooks_hear_of_each_swap_and_of_nothing_else() {
    let (old, new) = (pair(&["localhost"], |_| {}), pair(&["localhost"], |_| {}));
    let watching = Watching::new(&old);
    let heard = Arc::new(AtomicU64::new(0));
    let hears = Arc::clone(&heard);
    watching
        .identity
        .on_change(move |_, generation| hears.store(generation, Ordering::SeqCst));
    watching.ticks(2);
    assert_eq!(heard.load(Ordering::SeqCst), 0);
    watching.put(&new);
    watching.ticks(2);
    assert_eq!(heard.load(Ordering::SeqCst), 2);
    let given = Identity::from_pem(old.certificate.as_bytes(), old.key.as_bytes()).unwrap();
    assert_eq!(watching.identity.replace(given).unwrap(), 3);
    assert_eq!(heard.load(Ordering::SeqCst), 3);
}

#[test]
fn a_trust_file_is_swapped_in_and_an_empty_one_is_not() {
    let (old, new) = (pair(&["localhost"], |_| {}), pair(&["localhost"], |_| {}));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.pem");
    fs::write(&path, &old.certificate).unwrap();
    let trust = Trust::watch_pem_file_with(&path, WatchOptions::manual()).unwrap();
    let before = trust.get().fingerprint();
    fs::write(&path, "").unwrap();
    assert!(trust.reload().is_err());
    assert_eq!(trust.get().fingerprint(), before);
    fs::write(&path, &new.certificate).unwrap();
    assert_eq!(trust.reload().unwrap(), 2);
    assert_ne!(trust.get().fingerprint(), before);
}

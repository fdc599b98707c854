//! Rules of the development CA, with a clock that is given.

use std::time::Duration;

use super::*;
use crate::CertificateSummary;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn fresh() -> (tempfile::TempDir, DevelopmentCa) {
    let directory = tempfile::tempdir().unwrap();
    let ca = DevelopmentCa::load_or_create(directory.path().join("dev")).unwrap();
    (directory, ca)
}

#[test]
fn a_second_start_finds_the_same_ca_and_certificate() {
    let (_directory, ca) = fresh();
    assert!(ca.was_created());
    let first = ca.issue(&["localhost", "127.0.0.1"]).unwrap();
    let again = DevelopmentCa::load_or_create(ca.directory.root()).unwrap();
    assert!(!again.was_created());
    assert_eq!(again.certificate(), ca.certificate());
    // The order and case of names do not matter.
    assert_eq!(
        again.issue(&["127.0.0.1", "LOCALHOST"]).unwrap().chain(),
        first.chain()
    );
}

#[test]
fn other_names_get_another_certificate() {
    let (_directory, ca) = fresh();
    let first = ca.issue(&["localhost"]).unwrap();
    let second = ca.issue(&["localhost", "app.localhost"]).unwrap();
    assert_ne!(first.chain(), second.chain());
    assert_eq!(second.summary().dns_names, ["localhost", "app.localhost"]);
}

#[test]
fn a_certificate_near_its_end_is_issued_again() {
    let (_directory, ca) = fresh();
    let now = SystemTime::now();
    let first = ca.issue_at(&["localhost"], now).unwrap();
    assert_eq!(
        ca.issue_at(&["localhost"], now + 59 * DAY).unwrap().chain(),
        first.chain()
    );
    assert_ne!(
        ca.issue_at(&["localhost"], now + 61 * DAY).unwrap().chain(),
        first.chain()
    );
}

#[test]
fn an_expired_ca_is_made_anew_and_so_is_what_it_issued() {
    let (_directory, ca) = fresh();
    let now = SystemTime::now();
    let first = ca.issue_at(&["localhost"], now).unwrap();
    let later = now + 2 * 365 * DAY;
    let renewed = DevelopmentCa::load_or_create_at(ca.directory.root(), later).unwrap();
    assert!(renewed.was_created());
    assert_ne!(renewed.certificate(), ca.certificate());
    // Asked with yesterday's clock the old leaf would still have dates that fit.
    let reissued = renewed.issue_at(&["localhost"], later).unwrap();
    assert_ne!(reissued.chain(), first.chain());
    assert!(
        leaf::load(
            &renewed.directory,
            &ca.authority,
            &leaf::Names::parse(&["localhost"]).unwrap(),
            later
        )
        .is_none()
    );
}

#[test]
fn no_certificate_outlives_the_ca() {
    let (_directory, ca) = fresh();
    let near_the_end = SystemTime::now() + 720 * DAY;
    let identity = ca.issue_at(&["localhost"], near_the_end).unwrap();
    assert_eq!(identity.summary().not_after, ca.authority.not_after());
    // And it is not issued again at every start because of that.
    assert_eq!(
        ca.issue_at(&["localhost"], near_the_end + DAY)
            .unwrap()
            .chain(),
        identity.chain()
    );
}

// The CA will be trusted in browsers: it may vouch for this machine only.
#[test]
fn names_of_other_machines_are_refused() {
    let (_directory, ca) = fresh();
    for name in [
        "example.org",
        "localhost.example.org",
        "notlocalhost",
        "192.0.2.1",
        "::2",
    ] {
        assert_eq!(
            ca.issue(&[name]).unwrap_err().code(),
            "name_not_permitted",
            "{name}"
        );
    }
    for name in ["", "a b", "x..y", "*", "*.localhost"] {
        assert_eq!(
            ca.issue(&[name]).unwrap_err().code(),
            "invalid_name",
            "{name}"
        );
    }
    assert_eq!(ca.issue::<&str>(&[]).unwrap_err().code(), "no_names");
    let mut names = vec![
        "localhost",
        "app.localhost",
        "*.app.localhost",
        "127.0.0.1",
        "127.9.9.9",
        "::1",
    ];
    let host = machine::host_name();
    names.extend(host.as_deref());
    ca.issue(&names).unwrap();
}

#[test]
fn the_ca_is_constrained() {
    use der::Decode;
    use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, NameConstraints};
    let (_directory, ca) = fresh();
    let certificate = x509_cert::Certificate::from_der(ca.certificate()).unwrap();
    let tbs = certificate.tbs_certificate();
    let (critical, basic) = tbs.get_extension::<BasicConstraints>().unwrap().unwrap();
    assert!(critical && basic.ca && basic.path_len_constraint == Some(0));
    let (critical, names) = tbs.get_extension::<NameConstraints>().unwrap().unwrap();
    assert!(critical && names.permitted_subtrees.unwrap().len() >= 3);
    let (_, purposes) = tbs.get_extension::<ExtendedKeyUsage>().unwrap().unwrap();
    assert_eq!(purposes.0.len(), 1);
    let summary = CertificateSummary::from_der(ca.certificate()).unwrap();
    assert!(
        summary.subject.starts_with("CN=tls dev "),
        "{}",
        summary.subject
    );
}

#[cfg(unix)]
#[test]
fn keys_are_0600_in_a_0700_directory() {
    use std::os::unix::fs::PermissionsExt;
    let (_directory, ca) = fresh();
    ca.issue(&["localhost"]).unwrap();
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(ca.directory.root().to_path_buf()), 0o700);
    assert_eq!(mode(ca.directory.path(CA_KEY)), 0o600);
    assert_eq!(mode(ca.directory.path(LEAF_KEY)), 0o600);
}

#[cfg(unix)]
#[test]
fn a_key_or_directory_open_to_others_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    for name in [CA_KEY, ""] {
        let (_directory, ca) = fresh();
        let path = ca.directory.path(name);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let error = DevelopmentCa::load_or_create(ca.directory.root()).unwrap_err();
        assert_eq!(error.code(), "unsafe_permissions");
    }
}

#[test]
fn a_ca_whose_files_do_not_fit_is_reported_not_replaced() {
    let (_one, ca) = fresh();
    let (_two, other) = fresh();
    std::fs::copy(other.ca_path(), ca.ca_path()).unwrap();
    let error = DevelopmentCa::load_or_create(ca.directory.root()).unwrap_err();
    assert_eq!(error.code(), "development_ca_damaged");
    assert!(error.hint().contains("remove"));
}

#[test]
fn remove_leaves_nothing_and_may_be_repeated() {
    let (directory, ca) = fresh();
    ca.issue(&["localhost"]).unwrap();
    std::fs::write(ca.directory.path(".dev-ca-key.pem.1-0"), "leftover").unwrap();
    let removed = DevelopmentCa::remove(ca.directory.root()).unwrap();
    assert_eq!(removed.len(), 6);
    assert!(!directory.path().join("dev").exists());
    assert_eq!(DevelopmentCa::remove(ca.directory.root()).unwrap().len(), 0);
}

#[test]
fn remove_keeps_what_is_not_its_own() {
    let (_directory, ca) = fresh();
    let other = ca.directory.path("mine.txt");
    std::fs::write(&other, "x").unwrap();
    DevelopmentCa::remove(ca.directory.root()).unwrap();
    assert!(other.exists());
}

#[test]
fn several_processes_end_up_with_one_ca() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("dev");
    let certificates: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    DevelopmentCa::load_or_create(&path)
                        .unwrap()
                        .certificate()
                        .clone()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(
        certificates
            .iter()
            .all(|certificate| *certificate == certificates[0])
    );
}

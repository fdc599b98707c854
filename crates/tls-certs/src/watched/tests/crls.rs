//! Revocation lists in files and directories, replaced while they are in use.

use rcgen::{
    BasicConstraints, CertificateRevocationListParams, IsCa, Issuer, KeyIdMethod, KeyUsagePurpose,
    RevokedCertParams, SerialNumber,
};

use super::*;
use crate::Crls;

struct Ca {
    params: CertificateParams,
    key: KeyPair,
}

impl Ca {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        Self { params, key }
    }

    /// In PEM, of the beginning of `year`.
    fn list(&self, year: i32, revoked: &[u8]) -> String {
        let revoked_certs = revoked.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from_slice(&[*serial]),
            revocation_time: date_time_ymd(2025, 2, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(year, 1, 1),
            next_update: date_time_ymd(year + 1, 1, 1),
            crl_number: SerialNumber::from_slice(&[1]),
            issuing_distribution_point: None,
            revoked_certs: revoked_certs.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let issuer = Issuer::from_params(&self.params, &self.key);
        params.signed_by(&issuer).unwrap().pem().unwrap()
    }
}

fn watch(path: &std::path::Path) -> Watched<Crls> {
    Crls::watch_paths([path], WatchOptions::manual()).unwrap()
}

fn revokes(crls: &Watched<Crls>, serial: u8) -> bool {
    crls.get()
        .lists()
        .iter()
        .any(|list| list.lists_serial(&[serial]))
}

fn error(crls: &Watched<Crls>) -> Option<&'static str> {
    crls.last_error().map(|error| error.code())
}

fn ticks(crls: &Watched<Crls>, count: usize) {
    (0..count).for_each(|_| crls.tick());
}

#[test]
fn a_new_list_is_swapped_in_and_a_bad_one_is_reported_once() {
    let ca = Ca::new("ca");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.crl");
    fs::write(&path, ca.list(2025, &[])).unwrap();
    let crls = watch(&path);
    assert!(!revokes(&crls, 7));

    fs::write(&path, ca.list(2026, &[7])).unwrap();
    ticks(&crls, 2);
    assert!(revokes(&crls, 7));
    assert_eq!((crls.generation(), error(&crls)), (2, None));

    let bad = [
        (String::from("half a li"), "crl_damaged"),
        (String::new(), "crl_damaged"),
        (ca.list(2025, &[]), "crl_older"),
        (Ca::new("another").list(2026, &[]), "crl_lost"),
    ];
    for (contents, code) in bad {
        fs::write(&path, contents).unwrap();
        let before = crls.last_error();
        ticks(&crls, 2);
        let unchanged = match (&before, &crls.last_error()) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            (before, now) => before.is_none() && now.is_none(),
        };
        assert!(unchanged, "{code}: it may be half-written");
        ticks(&crls, 1);
        assert_eq!(error(&crls), Some(code));
        let reported = crls.last_error().unwrap();
        ticks(&crls, 3);
        assert!(Arc::ptr_eq(&reported, &crls.last_error().unwrap()), "once");
        assert!(revokes(&crls, 7) && crls.generation() == 2);
    }
    fs::write(&path, ca.list(2027, &[7, 8])).unwrap();
    ticks(&crls, 2);
    assert!(revokes(&crls, 8));
    assert_eq!((crls.generation(), error(&crls)), (3, None));
}

#[test]
fn the_files_of_a_directory_come_and_change_and_go() {
    let (one, other) = (Ca::new("one"), Ca::new("other"));
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("one.crl"), one.list(2026, &[])).unwrap();
    fs::write(at(".one.crl.swp"), "half-written").unwrap();
    fs::create_dir(at("old")).unwrap();
    let crls = watch(directory.path());
    assert_eq!(crls.get().lists().len(), 1);

    fs::write(at("other.pem"), other.list(2026, &[2])).unwrap();
    ticks(&crls, 2);
    assert_eq!((crls.get().lists().len(), crls.generation()), (2, 2));

    fs::write(at("one.crl"), one.list(2027, &[1])).unwrap();
    ticks(&crls, 2);
    assert!(revokes(&crls, 1) && revokes(&crls, 2));

    fs::remove_file(at("other.pem")).unwrap();
    ticks(&crls, 3);
    assert_eq!(error(&crls), Some("crl_lost"));
    assert!(revokes(&crls, 2));

    let options = WatchOptions::manual().allow_lost_names(true);
    fs::write(at("other.pem"), other.list(2026, &[2])).unwrap();
    let crls = Crls::watch_paths([directory.path()], options).unwrap();
    fs::remove_file(at("other.pem")).unwrap();
    ticks(&crls, 2);
    assert_eq!((error(&crls), revokes(&crls, 2)), (None, false));

    fs::remove_file(at("one.crl")).unwrap();
    ticks(&crls, 3);
    assert_eq!(error(&crls), Some("crl_damaged"), "no list at all");
    assert!(revokes(&crls, 1));
}

/// Kubernetes again: the files are links through `..data`, which is swapped.
#[cfg(unix)]
#[test]
fn a_mounted_volume_of_lists_is_read_through_its_links() {
    use std::os::unix::fs::symlink;
    let ca = Ca::new("ca");
    let volume = tempfile::tempdir().unwrap();
    let at = |name: &str| volume.path().join(name);
    for (name, year, revoked) in [("..2026_01", 2026, &[][..]), ("..2026_02", 2027, &[5][..])] {
        fs::create_dir(at(name)).unwrap();
        fs::write(at(name).join("ca.crl"), ca.list(year, revoked)).unwrap();
    }
    symlink("..2026_01", at("..data")).unwrap();
    symlink("..data/ca.crl", at("ca.crl")).unwrap();
    let crls = watch(volume.path());
    assert_eq!(crls.get().lists().len(), 1);
    symlink("..2026_02", at("..data_tmp")).unwrap();
    fs::rename(at("..data_tmp"), at("..data")).unwrap();
    fs::remove_dir_all(at("..2026_01")).unwrap();
    ticks(&crls, 2);
    assert!(revokes(&crls, 5));
}

//! A crate uses crates of lower floors only.

use super::Violation;
use crate::workspace::Package;

/// The floor of each crate of ours. What is on the top floor is used by nobody.
const FLOORS: &[(&str, u8)] = &[
    ("tls-wire", 1),
    ("tls-certs", 1),
    ("tls-session-store", 1),
    ("tls-record", 2),
    ("tls-ocsp", 2),
    ("tls-context", 2),
    ("tls-psk", 3),
    ("tls-net", 4),
    ("tls", 5),
    ("tls-cli", 6),
    ("tls-tests", 7),
    ("tls-any-bytes", 7),
    ("tls-bench", 7),
    ("xtask", 7),
    ("tls-testing", 0),
];

/// The crate that every other may have among its dev-dependencies, and none elsewhere but the
/// unpublished ones.
const TEST_SUPPORT: &str = "tls-testing";

fn floor(name: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, floor)| *floor)
}

pub(super) fn check(packages: &[Package]) -> Vec<Violation> {
    packages.iter().flat_map(check_package).collect()
}

fn check_package(package: &Package) -> Vec<Violation> {
    let Some(own) = floor(&package.name) else {
        return vec![Violation::new(
            &package.name,
            "has no floor yet: xtask/src/tidy/floors.rs",
        )];
    };
    let mut violations = Vec::new();
    for dependency in &package.dependencies {
        let name = &dependency.name;
        let Some(other) = floor(name) else { continue };
        if name == TEST_SUPPORT {
            if !dependency.is_dev && package.is_published {
                let what = format!("{TEST_SUPPORT} is for dev-dependencies only");
                violations.push(Violation::new(&package.name, what));
            }
        } else if other >= own {
            let what = format!("floor {own} depends on {name} of floor {other}, not a lower one");
            violations.push(Violation::new(&package.name, what));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn package(name: &str, dependency: &str, is_dev: bool) -> Package {
        Package {
            name: name.to_owned(),
            is_published: true,
            dependencies: vec![Dependency {
                name: dependency.to_owned(),
                is_dev,
            }],
            ..Package::default()
        }
    }

    #[test]
    fn lower_floors_and_foreign_crates_are_allowed() {
        for (name, dependency) in [
            ("tls-net", "tls-wire"),
            ("tls", "tls-net"),
            ("tls-wire", "bytes"),
        ] {
            assert_eq!(check_package(&package(name, dependency, false)), []);
        }
    }

    #[test]
    fn the_same_floor_and_higher_ones_are_refused_for_tests_too() {
        for (name, dependency) in [("tls-wire", "tls-certs"), ("tls-record", "tls-net")] {
            assert_eq!(check_package(&package(name, dependency, false)).len(), 1);
            assert_eq!(check_package(&package(name, dependency, true)).len(), 1);
        }
    }

    #[test]
    fn test_support_is_a_dev_dependency() {
        assert_eq!(check_package(&package("tls-wire", TEST_SUPPORT, true)), []);
        assert_eq!(
            check_package(&package("tls-wire", TEST_SUPPORT, false)).len(),
            1
        );
        assert_eq!(
            check_package(&package(TEST_SUPPORT, "tls-wire", false)).len(),
            1
        );
    }

    #[test]
    fn a_new_crate_needs_a_floor() {
        assert_eq!(
            check_package(&package("tls-attic", "bytes", false)).len(),
            1
        );
    }
}

//! Calls that have no place in this workspace, or not in that part of it.

use super::Violation;

/// A call and where it is banned.
struct Ban {
    call: &'static str,
    reason: &'static str,
    applies: fn(&Place<'_>) -> bool,
}

/// Where a line of code is.
struct Place<'a> {
    path: &'a str,
    is_test: bool,
}

impl Place<'_> {
    fn is_in(&self, directories: &[&str]) -> bool {
        directories
            .iter()
            .any(|directory| self.path.starts_with(directory))
    }
}

const BANS: &[Ban] = &[
    Ban {
        call: "todo!(",
        reason: "what is not there is absent, not a stub",
        applies: |_| true,
    },
    Ban {
        call: "unimplemented!(",
        reason: "what is not there is absent, not a stub",
        applies: |_| true,
    },
    Ban {
        call: "dbg!(",
        reason: "left over from debugging",
        applies: |_| true,
    },
    Ban {
        call: "process::exit(",
        reason: "only a program decides to end the process",
        applies: |place| !place.is_in(&["crates/tls-cli/", "xtask/", "bench/"]),
    },
    Ban {
        call: "thread::sleep(",
        reason: "no sleeps in tests: wait for the event, or set the clock",
        applies: sleeps_are_banned,
    },
    Ban {
        call: "time::sleep(",
        reason: "no sleeps in tests: wait for the event, or set the clock",
        applies: sleeps_are_banned,
    },
    Ban {
        call: "SystemTime::now(",
        reason: "sans-IO crates have no clock",
        applies: is_sans_io,
    },
    Ban {
        call: "Instant::now(",
        reason: "sans-IO crates have no clock",
        applies: is_sans_io,
    },
    Ban {
        call: "CryptoProvider::get_default(",
        reason: "the provider is passed explicitly",
        applies: |_| true,
    },
    Ban {
        call: "install_default(",
        reason: "a library must not choose the provider of the process",
        applies: |_| true,
    },
    Ban {
        call: "#[ignore]",
        reason: "say why: #[ignore = \"…\"]",
        applies: |_| true,
    },
];

/// Tests do not wait for time to pass; only what watches another process may.
fn sleeps_are_banned(place: &Place<'_>) -> bool {
    place.is_test && !place.is_in(&["tests/support/src/peer"])
}

fn is_sans_io(place: &Place<'_>) -> bool {
    place.is_in(&["crates/tls-wire/src/", "crates/tls-record/src/"]) && !place.is_test
}

pub(super) fn check(path: &str, text: &str) -> Vec<Violation> {
    // This table itself names what it bans.
    if path.starts_with("xtask/src/tidy/") {
        return Vec::new();
    }
    let mut violations = Vec::new();
    let mut is_test = is_test_file(path);
    for (index, line) in text.lines().enumerate() {
        // Tests come last in a file, so all that follows the mark is theirs.
        is_test |= line.trim_start().starts_with("#[cfg(test)]");
        let place = Place { path, is_test };
        let code = without_comment(line);
        for ban in BANS
            .iter()
            .filter(|ban| calls(code, ban.call) && (ban.applies)(&place))
        {
            let call = ban.call.trim_end_matches('(');
            violations.push(Violation::at_line(
                path,
                index + 1,
                format!("{call}: {}", ban.reason),
            ));
        }
    }
    violations
}

/// Whether `code` has `call` as a word of its own: `std::process::exit(` has `process::exit(`, but
/// `my_todo!(` has no `todo!(`.
fn calls(code: &str, call: &str) -> bool {
    code.match_indices(call).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

fn is_test_file(path: &str) -> bool {
    path.split('/')
        .any(|part| part == "tests" || part == "tests.rs")
        || path.ends_with("_tests.rs")
}

/// The line up to its comment; `://` in a string is none.
fn without_comment(line: &str) -> &str {
    let comment = line
        .match_indices("//")
        .find(|(at, _)| !line[..*at].ends_with(':'));
    comment.map_or(line, |(at, _)| &line[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stubs_and_leftovers_are_found_anywhere() {
        for code in ["todo!()", "unimplemented!(\"x\")", "dbg!(x);", "#[ignore]"] {
            assert_eq!(check("crates/tls/src/lib.rs", code).len(), 1, "{code}");
            assert_eq!(check("crates/tls/tests/x.rs", code).len(), 1, "{code}");
        }
    }

    #[test]
    fn comments_and_other_words_do_not_count() {
        for code in [
            "// todo!() is banned",
            "/// `dbg!(x)`",
            "my_todo!()",
            "let todo = 1;",
        ] {
            assert_eq!(check("crates/tls/src/lib.rs", code), [], "{code}");
        }
    }

    #[test]
    fn code_after_an_address_is_still_code() {
        let code = "let url = \"https://localhost\"; dbg!(url);";
        assert_eq!(check("crates/tls/src/lib.rs", code).len(), 1);
    }

    #[test]
    fn only_programs_end_the_process() {
        let code = "std::process::exit(1);";
        assert_eq!(check("crates/tls-net/src/server.rs", code).len(), 1);
        assert_eq!(check("crates/tls-cli/src/main.rs", code), []);
    }

    #[test]
    fn tests_do_not_sleep_but_servers_may_wait() {
        let code = "tokio::time::sleep(delay).await;";
        assert_eq!(check("crates/tls-net/src/server.rs", code), []);
        assert_eq!(check("crates/tls-net/tests/limits.rs", code).len(), 1);
        let unit_test = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{ {code} }}");
        assert_eq!(check("crates/tls-net/src/server.rs", &unit_test).len(), 1);
    }

    #[test]
    fn sans_io_crates_have_no_clock() {
        let code = "let now = SystemTime::now();";
        assert_eq!(check("crates/tls-record/src/seal.rs", code).len(), 1);
        assert_eq!(check("crates/tls-net/src/server.rs", code), []);
    }
}

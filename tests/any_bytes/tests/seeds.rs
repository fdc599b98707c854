//! The targets of the fuzzer over their seeds, and over changed ones.
//!
//! A seed whose name begins with `ok-` is taken to its end, others are refused. Seeds that our
//! engines make are written anew with `TLS_WRITE_SEEDS=1`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tls_any_bytes::{TARGETS, Target};

mod written_seeds;

struct Seed {
    name: String,
    bytes: Vec<u8>,
}

fn fuzz(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz")
        .join(path)
}

fn names(directory: &str) -> Vec<String> {
    let entries = fs::read_dir(fuzz(directory)).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn seeds(target: &str) -> Vec<Seed> {
    let directory = format!("seeds/{target}");
    let read = |name: String| Seed {
        bytes: fs::read(fuzz(&directory).join(&name)).unwrap(),
        name,
    };
    names(&directory).into_iter().map(read).collect()
}

#[test]
fn every_seed_gets_as_far_as_its_name_says() {
    for (target, take) in TARGETS {
        let seeds = seeds(target);
        let is_ok = |seed: &Seed| seed.name.starts_with("ok-");
        assert!(seeds.iter().any(is_ok), "{target} has no good seed");
        for seed in seeds {
            assert_eq!(take(&seed.bytes), is_ok(&seed), "{target}/{}", seed.name);
        }
    }
}

/// What is asserted inside of the targets holds for changed seeds, too.
#[test]
fn no_change_of_a_seed_breaks_a_promise() {
    for (target, take) in TARGETS {
        // A changed count of iterations may take minutes in a debug build.
        let mut seeds = seeds(target);
        seeds.retain(|seed| !seed.name.contains("encrypted"));
        changed(&seeds, take);
    }
}

fn changed(seeds: &[Seed], take: Target) {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    let tail = prop::collection::vec(any::<u8>(), 0..20);
    let cut = any::<prop::sample::Index>();
    let all = (
        any::<prop::sample::Index>(),
        changes,
        cut,
        any::<bool>(),
        tail,
    );
    let mut runner = TestRunner::new(ProptestConfig::with_cases(128));
    let outcome = runner.run(&all, |(seed, changes, cut, cuts, tail)| {
        let mut bytes = seed.get(seeds).bytes.clone();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes.extend(tail);
        let _ = take(&bytes);
        Ok(())
    });
    outcome.unwrap();
}

/// The binaries need a nightly compiler, so that this is what keeps them right.
#[test]
fn every_target_has_its_binary() {
    let files: Vec<_> = TARGETS
        .iter()
        .map(|(name, _)| format!("{name}.rs"))
        .collect();
    assert_eq!(names("fuzz_targets"), files);
    let manifest = fs::read_to_string(fuzz("Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        let binary = fs::read_to_string(fuzz(&format!("fuzz_targets/{name}.rs"))).unwrap();
        let call = format!(
            "fuzz_target!(|bytes: &[u8]| {{\n    let _ = tls_any_bytes::{name}(bytes);\n}});"
        );
        assert!(binary.contains(&call), "{binary}");
        let entry = format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"");
        assert!(manifest.contains(&entry), "{name} is not in {manifest}");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
}

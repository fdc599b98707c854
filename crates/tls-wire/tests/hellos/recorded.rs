//! Reads the recorded hellos.

use std::fs;
use std::path::PathBuf;

/// Where they lie.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/hellos")
}

/// Their names, sorted.
pub(crate) fn names() -> Vec<String> {
    let paths = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let hex = paths.filter(|path| path.extension().is_some_and(|extension| extension == "hex"));
    let mut names: Vec<String> = hex
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// The handshake message of one.
pub(crate) fn message(name: &str) -> Vec<u8> {
    let text = fs::read_to_string(folder().join(format!("{name}.hex"))).unwrap();
    let digits: String = text.lines().filter(|line| !line.starts_with('#')).collect();
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

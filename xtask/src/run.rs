//! Running other programs: each command is printed before it runs.

use std::{
    io::{BufRead, BufReader},
    process::Command,
};

/// Prints `command` as one would type it.
pub(crate) fn announce(command: &Command) {
    let mut line = String::from("$");
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            line.push_str(&format!(
                " {}={}",
                name.display(),
                quoted(&value.to_string_lossy())
            ));
        }
    }
    let program = std::path::Path::new(command.get_program());
    let program = program.file_name().unwrap_or_else(|| command.get_program());
    line.push_str(&format!(" {}", program.display()));
    for arg in command.get_args() {
        line.push_str(&format!(" {}", quoted(&arg.to_string_lossy())));
    }
    println!("{line}");
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=/.,:+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Announces and runs `command`; true if it succeeded. A program that does not start has failed.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    announce(command);
    match command.status() {
        Ok(status) => status.success(),
        Err(error) => {
            println!("{}: {error}", command.get_program().display());
            false
        }
    }
}

/// The standard output of `command`, if it succeeds; it is not announced.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|error| format!("{name}: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Announces and runs `command`, prints both its outputs as they come and gives each line to
/// `see`; true if it succeeded.
pub(crate) fn watched(command: &mut Command, mut see: impl FnMut(&str)) -> Result<bool, String> {
    announce(command);
    let (reader, writer) = std::io::pipe().map_err(|error| error.to_string())?;
    let other = writer.try_clone().map_err(|error| error.to_string())?;
    let name = command.get_program().to_string_lossy().into_owned();
    let child = command.stdout(writer).stderr(other).spawn();
    let mut child = child.map_err(|error| format!("{name}: {error}"))?;
    // `command` holds the writing ends; without this the reader would never see the end.
    command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader
        .read_until(b'\n', &mut line)
        .is_ok_and(|count| count > 0)
    {
        let text = String::from_utf8_lossy(&line);
        print!("{text}");
        see(text.trim_end());
        line.clear();
    }
    child
        .wait()
        .map(|status| status.success())
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_spaces_are_quoted_as_a_shell_needs_them() {
        assert_eq!(quoted("--all"), "--all");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn a_watched_command_gives_both_outputs_in_order() {
        let mut lines = Vec::new();
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; echo three; exit 1"]);
        let succeeded = watched(&mut command, |line| lines.push(line.to_owned()));
        assert_eq!(succeeded, Ok(false));
        assert_eq!(lines, ["one", "two", "three"]);
    }
}

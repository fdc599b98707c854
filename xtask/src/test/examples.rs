//! Examples: all are built; those that say so run to their end.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{Results, Verdict};
use crate::{Workspace, run};

/// The line by which an example says that it needs no input and ends.
const MARK: &str = "// Runs to its end by itself.";

/// How long one may take.
const LIMIT: Duration = Duration::from_secs(60);

/// A built example.
struct Example {
    package: String,
    name: String,
    source: PathBuf,
    executable: PathBuf,
}

/// Builds all examples whose name contains `filter`, and runs the marked ones.
pub(super) fn run(
    workspace: &Workspace,
    filter: Option<&str>,
    results: &mut Results,
) -> Result<(), String> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--workspace", "--examples"]);
    cargo.args(["--features", &workspace.buildable_features()]);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    run::announce(&cargo);
    let output = cargo
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| error.to_string())?;
    results.end_command("building the examples", output.status.success());
    for example in String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(example)
    {
        let is_asked_for = filter.is_none_or(|filter| example.name.contains(filter));
        let marked = fs::read_to_string(&example.source).is_ok_and(|text| text.contains(MARK));
        if is_asked_for && marked {
            let verdict = if ends_well(&example) {
                Verdict::Passed
            } else {
                Verdict::Failed
            };
            results.put(
                format!("{} example", example.package),
                example.name,
                verdict,
            );
        }
    }
    Ok(())
}

/// An example out of one of cargo's messages.
fn example(message: &str) -> Option<Example> {
    let message: Value = serde_json::from_str(message).ok()?;
    let target = &message["target"];
    if target["kind"].get(0)? != "example" {
        return None;
    }
    let manifest = PathBuf::from(message["manifest_path"].as_str()?);
    Some(Example {
        package: manifest.parent()?.file_name()?.to_str()?.to_owned(),
        name: target["name"].as_str()?.to_owned(),
        source: target["src_path"].as_str()?.into(),
        executable: message["executable"].as_str()?.into(),
    })
}

fn ends_well(example: &Example) -> bool {
    let mut command = Command::new(&example.executable);
    run::announce(&command);
    match command.stdin(Stdio::null()).spawn() {
        Ok(child) => ends_in_time(child),
        Err(error) => {
            println!("{}: {error}", example.name);
            false
        }
    }
}

fn ends_in_time(mut child: Child) -> bool {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if start.elapsed() < LIMIT => std::thread::sleep(Duration::from_millis(10)),
            _ => break,
        }
    }
    println!("did not end within {LIMIT:?}");
    let _ = child.kill();
    let _ = child.wait();
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_found_among_the_messages_of_cargo() {
        let message = r#"{"reason":"compiler-artifact","manifest_path":"/x/tls-wire/Cargo.toml",
            "target":{"kind":["example"],"name":"ja4","src_path":"/x/tls-wire/examples/ja4.rs"},
            "executable":"/t/debug/examples/ja4"}"#;
        let found = example(message).expect("an example");
        assert_eq!(
            (found.package.as_str(), found.name.as_str()),
            ("tls-wire", "ja4")
        );
        assert!(example(&message.replace("\"example\"", "\"lib\"")).is_none());
        assert!(example("not json").is_none());
    }
}

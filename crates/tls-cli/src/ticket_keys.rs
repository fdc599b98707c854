//! `tls ticket-keys`: makes, shows and rotates ticket keys; never shows their bytes.

mod key_file;

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use self::key_file::{KeyFile, KeyLine};
use crate::error::Result;
use crate::exit_codes::ExitCode;
use crate::flags::TicketKeysCommand;
use crate::output;
use crate::secret::credential;

pub(crate) fn run(command: &TicketKeysCommand) -> Result<ExitCode> {
    let now = Timestamp::now();
    match command {
        TicketKeysCommand::New { file } => {
            let keys = KeyFile::generate(now)?;
            keys.write_new(file)?;
            tell_issuing(file, &keys)
        }
        TicketKeysCommand::Show { file, json } => {
            let keys = KeyFile::read(&credential(file))?;
            show(&keys, now, *json)
        }
        TicketKeysCommand::Rotate { file, lifetime } => {
            let keys = KeyFile::read(file)?.rotated(now, *lifetime)?;
            keys.replace(file)?;
            tell_issuing(file, &keys)
        }
    }
}

fn tell_issuing(file: &Path, keys: &KeyFile) -> Result<ExitCode> {
    let names: Vec<_> = keys.keys().iter().map(|key| key.name.as_str()).collect();
    let (issues, opens) = names.split_first().unwrap_or((&"", &[]));
    let opens = match opens {
        [] => String::new(),
        opens => format!("; {} more open", opens.len()),
    };
    output::result(&format!("{}  key {issues} issues{opens}", file.display()))
}

fn show(keys: &KeyFile, now: Timestamp, json: bool) -> Result<ExitCode> {
    let states = keys.keys().iter().enumerate().map(|(index, key)| {
        let state = if index == 0 { "issues" } else { "opens" };
        (key, state)
    });
    if json {
        let keys: Vec<_> = states
            .map(|(key, state)| {
                json!({
                    "name": key.name,
                    "state": state,
                    "made": key.made.map(|time| time.to_string()),
                    "age": key.made.map(|made| age(made, now).as_secs()),
                    "retired": key.retired.map(|time| time.to_string()),
                })
            })
            .collect();
        let event = json!({"v": 1, "event": "ticket_keys", "keys": keys});
        return output::result(&event.to_string());
    }
    let lines: Vec<_> = states.map(|(key, state)| line(key, state, now)).collect();
    output::result(&lines.join("\n"))
}

fn line(key: &KeyLine, state: &str, now: Timestamp) -> String {
    let made = match key.made {
        Some(made) => format!("made {made:.0}, {} ago", shown(age(made, now))),
        None => "made nobody wrote down when".to_owned(),
    };
    let retired = match key.retired {
        Some(retired) => format!("; retired {} ago", shown(age(retired, now))),
        None => String::new(),
    };
    format!("{}  {state:<6}  {made}{retired}", key.name)
}

fn age(since: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since)).unwrap_or_default()
}

/// `3h 12m`: seconds only below a minute.
fn shown(age: Duration) -> String {
    let seconds = age.as_secs();
    let rounded = if seconds < 60 {
        seconds
    } else {
        seconds / 60 * 60
    };
    humantime::format_duration(Duration::from_secs(rounded)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_as_fine_as_people_want_them() {
        for (seconds, text) in [(0, "0s"), (59, "59s"), (61, "1m"), (7_325, "2h 2m")] {
            assert_eq!(shown(Duration::from_secs(seconds)), text);
        }
        let now = Timestamp::now();
        assert_eq!(age(now + Duration::from_secs(9), now), Duration::ZERO);
    }
}

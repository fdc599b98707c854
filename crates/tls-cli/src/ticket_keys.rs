//! `tls ticket-keys`: makes, shows and rotates ticket keys; never shows their bytes.

mod fleet;
mod key_file;

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use self::key_file::KeyFile;
use crate::error::Result;
use crate::exit_codes::ExitCode;
use crate::flags::{KeysPlace, RotateFlags, TicketKeysCommand};
use crate::output;
use crate::secret::credential;

pub(crate) fn run(command: &TicketKeysCommand) -> Result<ExitCode> {
    match command {
        TicketKeysCommand::New { file } => {
            let keys = KeyFile::generate(Timestamp::now())?;
            keys.write_new(file)?;
            tell_issuing(file, &keys)
        }
        TicketKeysCommand::Show { place, json } => show(place, *json),
        TicketKeysCommand::Rotate(flags) => rotate(flags),
    }
}

fn rotate(flags: &RotateFlags) -> Result<ExitCode> {
    let Some(file) = &flags.place.file else {
        let store = &flags.place.store;
        let wait = fleet::rotate(store, flags.lifetime, flags.ticket_rotation)?;
        let wait = shown(wait);
        return output::result(&format!(
            "published  a new key; it issues in {wait}, when all servers have it"
        ));
    };
    let keys = KeyFile::read(file)?.rotated(Timestamp::now(), flags.lifetime)?;
    keys.replace(file)?;
    tell_issuing(file, &keys)
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

/// What is shown of a key.
struct ShownKey {
    /// In hexadecimal: no secret, each ticket begins with it.
    name: String,
    /// `comes`, `issues` or `opens`.
    state: &'static str,
    /// When it was made, or began to issue.
    since: Option<Timestamp>,
    /// When it ceased to issue, or will.
    retired: Option<Timestamp>,
}

fn show(place: &KeysPlace, json: bool) -> Result<ExitCode> {
    let keys = match &place.file {
        Some(file) => KeyFile::read(&credential(file))?.shown(),
        None => fleet::show(&place.store)?,
    };
    let now = Timestamp::now();
    if json {
        let keys: Vec<_> = keys.iter().map(|key| key.to_json(now)).collect();
        let event = json!({"v": 1, "event": "ticket_keys", "keys": keys});
        return output::result(&event.to_string());
    }
    if keys.is_empty() {
        return output::result("no ticket keys are published there under this secret");
    }
    let lines: Vec<_> = keys.iter().map(|key| key.to_text(now)).collect();
    output::result(&lines.join("\n"))
}

impl ShownKey {
    fn to_json(&self, now: Timestamp) -> serde_json::Value {
        json!({
            "name": self.name,
            "state": self.state,
            "since": self.since.map(|time| time.to_string()),
            "age": self.since.map(|since| age(since, now).as_secs()),
            "retired": self.retired.map(|time| time.to_string()),
        })
    }

    fn to_text(&self, now: Timestamp) -> String {
        let since = match self.since {
            Some(since) if since > now => format!("in {}", shown(age(now, since))),
            Some(since) => format!("since {since:.0}, {} ago", shown(age(since, now))),
            None => "since nobody wrote down when".to_owned(),
        };
        let retired = match self.retired {
            Some(retired) if retired > now => format!("; issues for {}", shown(age(now, retired))),
            Some(retired) => format!("; retired {} ago", shown(age(retired, now))),
            None => String::new(),
        };
        format!("{}  {:<6}  {since}{retired}", self.name, self.state)
    }
}

/// None if it has not begun.
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

    #[test]
    fn a_key_is_told_with_its_time() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let at = |hours: i64| Timestamp::from_second(1_800_000_000 + hours * 3600).ok();
        for (state, since, retired, text) in [
            (
                "issues",
                at(-1),
                None,
                "n  issues  since 2027-01-15T07:00:00Z, 1h ago",
            ),
            (
                "opens",
                None,
                at(-2),
                "n  opens   since nobody wrote down when; retired 2h ago",
            ),
            ("comes", at(1), at(2), "n  comes   in 1h; issues for 2h"),
        ] {
            let key = ShownKey {
                name: "n".to_owned(),
                state,
                since,
                retired,
            };
            assert_eq!(key.to_text(now), text);
        }
    }
}

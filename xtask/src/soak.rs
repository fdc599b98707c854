//! `cargo xtask soak sessions`: a fleet under load while its Redis dies again and again.
//!
//! Two workers behind one port share sessions through a Redis that is killed and started empty
//! every twenty seconds. Clients of TLS 1.2 and 1.3 connect, most of them with a session. Every
//! connect has to end in a handshake and its echo within two seconds.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::fleet::{Fleet, program};
use crate::redis::Redis;
use crate::{Outcome, Workspace};

/// Of each cycle: how long Redis is there, and how long it is not.
const UP: Duration = Duration::from_secs(14);
const DOWN: Duration = Duration::from_secs(6);

/// Between two looks at the client.
const LOOK: Duration = Duration::from_millis(50);

/// Runs the load and prints what came of it; fails if a connection was lost or none was resumed.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Outcome {
    let length = parse(args)?;
    let program = program(workspace)?;
    let mut redis = Redis::start(workspace)?;
    let fleet = Fleet::start(&program, "redis", 2, Some(&redis.url()))?;
    let mut client = Command::new(&program);
    client.args(["soak", &fleet.port]);
    client.args(["--window-ms", &length.as_millis().to_string()]);
    let client = client.stdout(Stdio::piped()).spawn();
    let mut client = client.map_err(|error| format!("{}: {error}", program.display()))?;
    let deaths = harass(&mut redis, &mut client)?;
    let output = client
        .wait_with_output()
        .map_err(|error| error.to_string())?;
    let counts = numbers(&String::from_utf8_lossy(&output.stdout));
    let reasons = fleet.stop()?;
    let count = |name: &str| counts.get(name).copied().unwrap_or_default();
    let (connects, resumed, lost) = (count("connects"), count("resumed"), count("lost"));
    let share = |part: f64| 100.0 * part / connects.max(1.0);
    println!(
        "\nRedis was killed {deaths} times in {} s",
        length.as_secs()
    );
    println!("connects    {connects:>9.0}");
    println!("resumed     {resumed:>9.0}  {:>5.1} %", share(resumed));
    for (reason, times) in reasons.iter().filter(|(reason, _)| *reason != "resumed") {
        println!("  {reason:<22} {times:>9.0}  {:>5.1} %", share(*times));
    }
    println!("lost        {lost:>9.0}");
    println!("slowest     {:>9.0} ms", count("slowest_ms"));
    Ok(output.status.success() && connects > 0.0 && resumed > 0.0)
}

/// Kills and restarts Redis until the client ends; how often it was killed.
fn harass(redis: &mut Redis, client: &mut Child) -> Result<u32, String> {
    let mut deaths = 0;
    loop {
        if ends_within(client, UP)? {
            return Ok(deaths);
        }
        redis.kill();
        deaths += 1;
        if ends_within(client, DOWN)? {
            return Ok(deaths);
        }
        redis.restart()?;
    }
}

fn ends_within(client: &mut Child, time: Duration) -> Result<bool, String> {
    let end = Instant::now() + time;
    while Instant::now() < end {
        let status = client.try_wait().map_err(|error| error.to_string())?;
        if status.is_some() {
            return Ok(true);
        }
        std::thread::sleep(LOOK);
    }
    Ok(false)
}

/// `NAME VALUE` lines.
pub(crate) fn numbers(text: &str) -> BTreeMap<String, f64> {
    let line = |line: &str| {
        let (name, value) = line.split_once(' ')?;
        Some((name.to_owned(), value.trim().parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

fn parse(args: &[String]) -> Result<Duration, String> {
    let usage = || "soak sessions [--minutes N]".to_owned();
    let mut words = args.iter().map(String::as_str);
    if words.next() != Some("sessions") {
        return Err(usage());
    }
    let minutes: f64 = match (words.next(), words.next(), words.next()) {
        (None, None, None) => 5.0,
        (Some("--minutes"), Some(minutes), None) => minutes.parse().map_err(|_| usage())?,
        _ => return Err(usage()),
    };
    if !(0.1..=1440.0).contains(&minutes) {
        return Err("--minutes takes 0.1 to 1440".to_owned());
    }
    Ok(Duration::from_secs_f64(minutes * 60.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Duration, String> {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        super::parse(&words)
    }

    #[test]
    fn five_minutes_unless_told_otherwise() {
        assert_eq!(parse(&["sessions"]), Ok(Duration::from_secs(300)));
        let half = parse(&["sessions", "--minutes", "0.5"]);
        assert_eq!(half, Ok(Duration::from_secs(30)));
        for words in [
            &[][..],
            &["handshakes"],
            &["sessions", "--minutes"],
            &["sessions", "--minutes", "0"],
            &["sessions", "--seconds", "1"],
        ] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_no_count() {
        let counts = numbers("connects 12\nworker says hello\nlost 0\n");
        assert_eq!(counts.len(), 2);
        assert_eq!(counts.get("connects"), Some(&12.0));
    }
}

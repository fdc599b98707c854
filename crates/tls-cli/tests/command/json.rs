//! `docs/json.md` lists every event with its fields; programs rely on them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use serde_json::Value;

use crate::ends::{Place, json_lines};

const PAGE: &str = include_str!("../../../../docs/json.md");

/// The fields of each event, by the page: `### event` and then lines `- \`field\`: …`.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let mut events = BTreeMap::<String, BTreeSet<String>>::new();
    let mut event = String::new();
    for line in PAGE.lines() {
        if let Some(name) = line.strip_prefix("### ") {
            event = name.trim_matches('`').to_owned();
        } else if let Some(rest) = line.strip_prefix("- `") {
            let field = rest.split('`').next().unwrap().to_owned();
            events.entry(event.clone()).or_default().insert(field);
        }
    }
    events
}

/// Panics unless the page has this event with exactly these fields.
pub(crate) fn compare(event: &Value) {
    let name = event["event"].as_str().unwrap();
    let mut fields: BTreeSet<_> = event.as_object().unwrap().keys().cloned().collect();
    fields.remove("event");
    fields.remove("v");
    let documented = documented()
        .remove(name)
        .unwrap_or_else(|| panic!("{name} is not in docs/json.md"));
    assert_eq!(fields, documented, "{name}");
}

#[tokio::test]
async fn the_page_has_every_event_and_every_field() {
    let place = Place::new();
    let mut server = place.serve(&[]).await;
    compare(&server.listening);
    let client = place
        .run(&["connect", &server.place(), "--info", "--json"])
        .await
        .expect_success();
    for event in json_lines(&client.stderr) {
        // The client says of the same handshake what only it knows.
        if event["event"] == "connected" {
            compare(&event);
        }
    }
    compare(&server.event().await);
    let mut plain = std::net::TcpStream::connect(server.address).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    compare(&server.event().await);
    server.terminate();
    compare(&server.event().await);
    let error = place.run(&["connect", "bad name", "--json"]).await;
    compare(&json_lines(&error.stderr)[0]);
}

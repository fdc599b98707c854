use std::path::{Path, PathBuf};

use serde_json::Value;
use tls_testing::peer::{Chromium, Curl, public_key_hash_of_pem};

use crate::ends::{Place, json, text};

/// What the page and the JSON tell under the same name.
const FIELDS: [&str; 8] = [
    "version",
    "cipher",
    "group",
    "server_name",
    "alpn",
    "session_maker",
    "context",
    "ja4",
];

/// The text of the element with this id; `None` where the page says that there is nothing.
fn shown(page: &str, id: &str) -> Option<String> {
    let start = format!("<b id=\"{id}\">");
    if page.contains(&format!("<i id=\"{id}\">none</i>")) {
        return None;
    }
    let (_, rest) = page
        .split_once(&start)
        .unwrap_or_else(|| panic!("no {id} in {page}"));
    rest.split('<').next().map(str::to_owned)
}

fn compare(page: &str, told: &Value, fields: &[&str]) {
    for field in fields {
        let shown = shown(page, field);
        assert_eq!(shown.as_deref(), told[*field].as_str(), "{field}");
    }
}

#[tokio::test]
async fn a_browser_shows_on_the_page_what_the_json_says() {
    let Some(chromium) = Chromium::require() else {
        return;
    };
    let place = Place::new();
    let mut server = place.serve(&[]).await;
    let trusted = [public_key_hash_of_pem(
        &place.path().join("dev/dev-leaf.pem"),
    )];
    let url = server.url("/");
    let page = chromium.dump_dom(&url, &trusted).await.expect_success();
    let event = server.event().await;
    // A browser has no page and JSON of one connection without a script, which the page's policy
    // forbids: these are two connections of the same browser.
    let other = chromium
        .dump_dom(&server.url("/connection.json"), &trusted)
        .await
        .expect_success();
    let (start, end) = (
        other.stdout.find('{').unwrap(),
        other.stdout.rfind('}').unwrap(),
    );
    let told = json(&other.stdout[start..=end]);
    compare(&page.stdout, &told, &FIELDS);
    compare(&page.stdout, &event, &FIELDS);
    assert_eq!(told["alpn"], "h2");
    assert_eq!(
        shown(&page.stdout, "pid"),
        Some(server.process.id().to_string())
    );
    picture(&chromium, &url, &trusted, place.path()).await;
}

/// A picture of the page, kept for the documentation with `TLS_WRITE_PICTURES=1`.
async fn picture(chromium: &Chromium, url: &str, trusted: &[String], place: &Path) {
    let is_kept = std::env::var("TLS_WRITE_PICTURES").is_ok_and(|value| value == "1");
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/serve-page.png");
    let file: PathBuf = if is_kept {
        docs
    } else {
        place.join("page.png")
    };
    let output = chromium
        .screenshot(url, &file, (1000, 880), trusted)
        .await
        .expect_success();
    let png = std::fs::read(&file).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    assert!(png.starts_with(b"\x89PNG"));
}

#[tokio::test]
async fn page_and_json_of_one_connection_are_the_same_facts() {
    let Some(curl) = Curl::require() else { return };
    let place = Place::new();
    let server = place.serve(&[]).await;
    let (page, told) = (place.path().join("page"), place.path().join("told"));
    let (ca, root, facts) = (place.ca(), server.url("/"), server.url("/connection.json"));
    let args = [
        "--cacert",
        text(&ca),
        &root,
        "--output",
        text(&page),
        &facts,
        "--output",
        text(&told),
    ];
    curl.run(args).await.expect_success();
    let page = std::fs::read_to_string(page).unwrap();
    let told = json(&std::fs::read_to_string(told).unwrap());
    compare(&page, &told, &FIELDS);
    // The port of the client shows that it was one connection.
    compare(&page, &told, &["peer"]);
    let ms = format!("{:.1} ms", told["ms"].as_f64().unwrap());
    assert_eq!(shown(&page, "ms"), Some(ms));
}

//! Headless Chromium against axum over our server.

use axum::extract::ConnectInfo;
use axum::response::Html;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tls_net::{ConnectionInfo, TlsAcceptor};
use tls_testing::Pki;
use tls_testing::peer::{Chromium, public_key_hash};
use tls_tests::credentials::server;

/// Shows what it fetches, beside what the server wrote into it.
const PAGE: &str = "<!doctype html><p id=page>PAGE</p><p id=fetched></p><script>
fetch('/connection.json').then((r) => r.text()).then((t) => { fetched.textContent = t });
</script>";

fn facts(info: &ConnectionInfo) -> Value {
    json!({
        "version": format!("{:?}", info.protocol_version().unwrap()),
        "group": format!("{:?}", info.negotiated_key_exchange_group().unwrap()),
        "name": info.server_name(),
        "alpn": info.alpn_protocol().map(String::from_utf8_lossy),
    })
}

async fn page(ConnectInfo(info): ConnectInfo<ConnectionInfo>) -> Html<String> {
    Html(PAGE.replace("PAGE", &facts(&info).to_string()))
}

async fn connection(ConnectInfo(info): ConnectInfo<ConnectionInfo>) -> Json<Value> {
    Json(facts(&info))
}

#[tokio::test]
async fn a_page_over_h2_shows_what_its_json_says() {
    let Some(chromium) = Chromium::require() else {
        return;
    };
    let context = server().alpn(["h2", "http/1.1"]).build().unwrap();
    let listener = TlsAcceptor::from(context)
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    let url = format!(
        "https://localhost:{}/",
        listener.local_addr().unwrap().port()
    );
    let app = Router::new()
        .route("/", get(page))
        .route("/connection.json", get(connection));
    let app = app.into_make_service_with_connect_info::<ConnectionInfo>();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let trusted = [public_key_hash(&Pki::shared().server)];
    let output = chromium.dump_dom(&url, &trusted).await.expect_success();
    let shown = |id: &str| -> Value {
        let start = format!("<p id=\"{id}\">");
        let (_, rest) = output
            .stdout
            .split_once(&start)
            .unwrap_or_else(|| panic!("{output:?}"));
        serde_json::from_str(rest.split('<').next().unwrap()).unwrap()
    };
    assert_eq!(shown("page"), shown("fetched"));
    assert_eq!(shown("page")["alpn"], "h2");
    assert_eq!(shown("page")["version"], "TLSv1_3");
    assert_eq!(shown("page")["name"], "localhost");
}

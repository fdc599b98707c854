//! curl against axum over our server.

use axum::extract::ConnectInfo;
use axum::http::Version;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tls_net::{ConnectionInfo, TlsAcceptor};
use tls_testing::peer::Curl;
use tls_tests::PemFiles;
use tls_tests::credentials::server;

async fn facts(ConnectInfo(info): ConnectInfo<ConnectionInfo>, version: Version) -> Json<Value> {
    Json(json!({
        "http": format!("{version:?}"),
        "version": format!("{:?}", info.protocol_version().unwrap()),
        "name": info.server_name(),
        "alpn": info.alpn_protocol().map(String::from_utf8_lossy),
    }))
}

/// Serves [`facts`] at `/` and a mebibyte at `/large`; gives the port.
pub(crate) async fn serve_http() -> u16 {
    let context = server().alpn(["h2", "http/1.1"]).build().unwrap();
    let listener = TlsAcceptor::from(context)
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    let port = listener.local_addr().unwrap().port();
    let app = Router::new()
        .route("/", get(facts))
        .route("/large", get(|| async { vec![b'x'; 1 << 20] }));
    let app = app.into_make_service_with_connect_info::<ConnectionInfo>();
    tokio::spawn(async move { axum::serve(listener, app).await });
    port
}

// Spec: T-ALP-01
#[tokio::test]
async fn h2_and_http_1_1_over_both_versions() {
    let Some(curl) = Curl::require() else { return };
    let files = PemFiles::new();
    let url = format!("https://localhost:{}/", serve_http().await);
    for (http, alpn, said) in [
        ("--http2", "h2", "HTTP/2.0"),
        ("--http1.1", "http/1.1", "HTTP/1.1"),
    ] {
        for (tls, version) in [("1.2", "TLSv1_2"), ("1.3", "TLSv1_3")] {
            let minimum = format!("--tlsv{tls}");
            let args = [
                "--cacert",
                &files.ca,
                http,
                &minimum,
                "--tls-max",
                tls,
                &url,
            ];
            let output = curl.run(args).await.expect_success();
            let facts: Value = serde_json::from_str(&output.stdout).unwrap();
            let expected =
                json!({ "http": said, "version": version, "name": "localhost", "alpn": alpn });
            assert_eq!(facts, expected);
        }
    }
}

#[tokio::test]
async fn a_mebibyte_arrives_over_both_protocols() {
    let Some(curl) = Curl::require() else { return };
    let files = PemFiles::new();
    let url = format!("https://localhost:{}/large", serve_http().await);
    for http in ["--http2", "--http1.1"] {
        let output = curl
            .run(["--cacert", &files.ca, http, &url])
            .await
            .expect_success();
        assert_eq!(output.stdout.len(), 1 << 20);
    }
}

#[tokio::test]
async fn plain_http_and_a_stranger_are_refused_and_the_next_is_served() {
    let Some(curl) = Curl::require() else { return };
    let files = PemFiles::new();
    let port = serve_http().await;
    let output = curl.run([&format!("http://localhost:{port}/")]).await;
    assert!(!output.status.success(), "{output:?}");
    let url = format!("https://localhost:{port}/");
    // 60: the peer's certificate can't be verified.
    assert_eq!(curl.run([&url]).await.status.code(), Some(60));
    curl.run(["--cacert", &files.ca, &url])
        .await
        .expect_success();
}

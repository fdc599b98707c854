//! Requests before the handshake is done (RFC 8446, Section 2.3; RFC 8470).

use std::fs;

use tls_testing::peer::{Curl, OpenSsl, Output};

use crate::ends::{Place, Serving, json, text};

const LIMIT: [&str; 2] = ["--early-data", "16384"];

/// `s_client` with a session from an earlier connection, and `request` as early data.
async fn early(openssl: &OpenSsl, place: &Place, server: &mut Serving, request: &str) -> Output {
    let session = place.path().join("session.pem");
    let file = place.path().join("request");
    fs::write(&file, request).unwrap();
    let to = ["-servername", "localhost", "-tls1_3", "-alpn", "http/1.1"];
    let get = "GET /nothing HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r";
    let keep = [&to[..], &["-sess_out", text(&session)]].concat();
    openssl
        .converse(server.address, &keep, get, "HTTP/1.1 404")
        .await;
    assert_eq!(server.event().await["early_data"], "not_offered");
    let offer = ["-sess_in", text(&session), "-early_data", text(&file)];
    let mut client = openssl.s_client(server.address, &[&to[..], &offer].concat());
    client.wait_for("HTTP/1.1 ").await;
    client.finish().await
}

fn request(method: &str) -> String {
    format!("{method} /connection.json HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
}

#[tokio::test]
async fn an_early_request_is_answered_and_told_and_one_that_changes_things_is_not() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let place = Place::new();
    let mut server = place.serve(&LIMIT).await;
    assert_eq!(server.listening["early_data"], 16384);
    let answer = early(&openssl, &place, &mut server, &request("GET")).await;
    assert!(answer.contains("Early data was accepted"), "{answer:?}");
    assert!(answer.contains(r#""request_early": true"#), "{answer:?}");
    assert!(answer.contains(r#""early_data": "accepted""#), "{answer:?}");
    let event = server.event().await;
    assert_eq!(
        (&event["early_data"], &event["resumed"]),
        (&"accepted".into(), &true.into())
    );
    let answer = early(&openssl, &place, &mut server, &request("POST")).await;
    assert!(answer.contains("HTTP/1.1 425 Too Early"), "{answer:?}");
}

#[tokio::test]
async fn without_the_option_early_data_is_refused_and_the_connection_goes_on() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let place = Place::new();
    let mut server = place.serve(&["--no-tickets"]).await;
    let session = place.path().join("session.pem");
    let to = [
        "-servername",
        "localhost",
        "-tls1_3",
        "-sess_out",
        text(&session),
    ];
    let get = "GET /nothing HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r";
    let output = openssl
        .converse(server.address, &to, get, "HTTP/1.1 404")
        .await;
    assert!(output.contains("Max Early Data: 0"), "{output:?}");
    assert_eq!(server.event().await["early_data"], "not_offered");
}

#[tokio::test]
async fn a_gateway_that_forwards_early_is_told_to_wait() {
    let Some(curl) = Curl::require() else { return };
    let place = Place::new();
    let server = place.serve(&[]).await;
    let ca = place.ca();
    let url = server.url("/connection.json");
    for (method, header, status) in [
        ("POST", "Early-Data: 1", "425"),
        ("POST", "Early-Data: 0", "405"),
        ("GET", "Early-Data: 1", "200"),
    ] {
        let ask = [
            "--cacert",
            text(&ca),
            "-X",
            method,
            "-H",
            header,
            "-o",
            "answer",
        ];
        let ask = [&ask[..], &["-w", "%{http_code}", &url]].concat();
        let answer = place.path().join("answer");
        let ask: Vec<_> = ask
            .into_iter()
            .map(|word| {
                if word == "answer" {
                    text(&answer)
                } else {
                    word
                }
            })
            .collect();
        let output = curl.run(ask).await.expect_success();
        assert_eq!(output.stdout, status, "{method} {header}");
    }
    let told = json(&fs::read_to_string(place.path().join("answer")).unwrap());
    assert_eq!(told["request_early"], false);
}

//! `tls cert check`.

use std::fs;
use std::net::TcpListener;

use tls_testing::Pki;
use tls_testing::pki::{p256, server_params};

use crate::ends::{Place, json, text};
use crate::json::compare;

/// Days from now, as a certificate's end.
fn in_days(days: u64) -> std::time::SystemTime {
    std::time::SystemTime::now() + std::time::Duration::from_secs(days * 86_400 + 3600)
}

fn ending_in(days: u64) -> tls_testing::pki::Leaf {
    let mut params = server_params(&["localhost", "127.0.0.1"]);
    params.not_after = in_days(days).into();
    Pki::shared().intermediate.sign(params, p256())
}

#[tokio::test]
async fn what_ends_soon_is_1_and_named() {
    let place = Place::new();
    let (cert, _) = ending_in(10).write_to(place.path(), "soon");
    let (expired, _) = Pki::shared().expired.write_to(place.path(), "expired");
    for (file, within, exit, says) in [
        (
            &cert,
            "9d",
            0,
            "ok       certificate 0  CN=localhost  valid 10 days, until 20",
        ),
        (
            &cert,
            "11d",
            1,
            "expires  certificate 0  CN=localhost  valid 10 days, until 20",
        ),
        (
            &cert,
            "3w",
            1,
            "\nok       certificate 1  CN=Test Intermediate",
        ),
        (
            &expired,
            "0s",
            1,
            "expired  certificate 0  CN=localhost  EXPIRED",
        ),
    ] {
        let output = place
            .run(&["cert", "check", text(file), "--within", within])
            .await;
        assert_eq!(output.status.code(), Some(exit), "{output:?}");
        assert!(output.stdout.contains(says), "{says:?}: {}", output.stdout);
    }
    // Three weeks unless said otherwise.
    assert_eq!(place.exit_code(&["cert", "check", text(&cert)]).await, 1);
    let quiet = ["cert", "check", text(&cert), "--quiet", "--within", "1d"];
    assert_eq!(place.run(&quiet).await.expect_success().stdout, "");
    let output = place.run(&["cert", "check", text(&cert), "--json"]).await;
    let event = json(&output.stdout);
    compare(&event);
    assert_eq!(
        (
            &event["ok"],
            &event["within"],
            &event["certificates"][0]["state"]
        ),
        (&false.into(), &1_814_400.into(), &"expires".into())
    );
}

#[tokio::test]
async fn a_server_is_checked_and_the_network_is_4() {
    let place = Place::new();
    let (cert, key) = ending_in(10).write_to(place.path(), "server");
    let server = place
        .serve(&["--cert", text(&cert), "--key", text(&key)])
        .await;
    let address = server.place();
    assert_eq!(
        place
            .exit_code(&["cert", "check", &address, "--within", "9d"])
            .await,
        0
    );
    assert_eq!(place.exit_code(&["cert", "check", &address]).await, 1);

    let unused = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = unused.local_addr().unwrap().to_string();
    drop(unused);
    let junk = place.path().join("junk.pem");
    fs::write(&junk, "junk").unwrap();
    for (what, exit) in [
        (refused.as_str(), 4),
        ("no-such-host.invalid", 4),
        ("missing.pem", 3),
        (text(&junk), 3),
    ] {
        assert_eq!(
            place.exit_code(&["cert", "check", what]).await,
            exit,
            "{what}"
        );
    }
}

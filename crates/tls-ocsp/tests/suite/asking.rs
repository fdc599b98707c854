//! Asking over HTTP: real responders, bad servers, and addresses that a stranger chose.

use std::time::Duration;

use rustls::pki_types::UnixTime;
use tls_ocsp::{CertificateStatus, FetchError, Fetcher, Method, OcspRequest};
use tls_testing::peer::{OcspCa, OpenSsl, Standing};

use super::http_server::{HttpServer, Reply};
use super::pki::{ca, leaf, target, verifier};

fn fetcher() -> Fetcher {
    Fetcher::new().allow_private(true)
}

fn request() -> OcspRequest {
    OcspRequest::new(&target(&leaf(&[]))).unwrap()
}

#[tokio::test]
async fn a_real_responder_answers_post_and_get() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let responder = OcspCa::new(openssl, ca());
    let target = target(&leaf(&[]));
    responder.set(&target.serial(), Standing::Valid);
    let listening = responder.listen(&["-nmin", "60"]).await;
    let request = OcspRequest::new(&target).unwrap();
    for method in [Method::Post, Method::Get] {
        let fetcher = fetcher().method(method);
        let answer = fetcher.ask(&listening.url, &request).await.unwrap();
        let verified = verifier().verify(&target, &answer, UnixTime::now());
        assert_eq!(
            verified.unwrap().status,
            CertificateStatus::Good,
            "{method:?}"
        );
    }
}

#[tokio::test]
async fn a_post_carries_the_request_and_a_get_has_it_in_its_path() {
    let server = HttpServer::start(|_| Reply::Body(b"answer".to_vec())).await;
    let request = request();
    let url = server.url() + "/ocsp/";
    for method in [Method::Post, Method::Get] {
        let answer = fetcher().method(method).ask(&url, &request).await.unwrap();
        assert_eq!(answer, b"answer"[..]);
    }
    let [post, get] = server.asked().try_into().unwrap();
    assert_eq!(post.line, "POST /ocsp/ HTTP/1.1");
    assert_eq!(post.body, request.as_der());
    assert!(get.line.starts_with("GET /ocsp/M"), "{}", get.line);
    assert!(!get.line.contains('+') && !get.line.contains('='));
    assert!(get.body.is_empty());
}

#[tokio::test]
async fn bad_servers_are_told_apart() {
    let huge = vec![0; 100_000];
    let rows = [
        (Reply::Status(404), "fetch_status"),
        (Reply::Status(503), "fetch_status"),
        (Reply::Body(huge.clone()), "fetch_too_large"),
        (Reply::Raw(b"SSH-2.0-x\r\n".to_vec()), "fetch_http"),
        (
            Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort".to_vec()),
            "fetch_http",
        ),
        (
            Reply::Moved("file:///etc/passwd".to_owned()),
            "fetch_status",
        ),
        (Reply::Moved("relative".to_owned()), "fetch_status"),
        (Reply::Raw(Vec::new()), "fetch_http"),
    ];
    for (reply, code) in rows {
        let server = HttpServer::start(move |_| reply.clone()).await;
        let error = fetcher().ask(&server.url(), &request()).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    // Without a length, endless.
    let endless = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), huge].concat();
    let server = HttpServer::start(move |_| Reply::Raw(endless.clone())).await;
    let error = fetcher().ask(&server.url(), &request()).await.unwrap_err();
    assert_eq!(error.code(), "fetch_too_large");
}

#[tokio::test]
async fn a_server_that_says_nothing_costs_the_time_limit() {
    let server = HttpServer::start(|_| Reply::Silence).await;
    let limit = Duration::from_millis(50);
    let asked = fetcher()
        .time_limit(limit)
        .ask(&server.url(), &request())
        .await;
    assert!(matches!(asked, Err(FetchError::Late(late)) if late == limit));
}

#[tokio::test]
async fn redirects_are_followed_three_times() {
    let last = HttpServer::start(|_| Reply::Body(b"there".to_vec())).await;
    let there = last.url();
    let server = HttpServer::start(move |asked| match asked.line.split(' ').nth(1) {
        Some("/1") => Reply::Moved("/2".to_owned()),
        Some("/2") => Reply::Moved(there.clone()),
        Some(_) => Reply::Moved("/round".to_owned()),
        None => Reply::Status(400),
    })
    .await;
    let first = server.url() + "/1";
    assert_eq!(
        fetcher().ask(&first, &request()).await.unwrap(),
        b"there"[..]
    );
    assert!(!last.asked()[0].body.is_empty(), "the request goes along");
    let round = fetcher().ask(&(server.url() + "/x"), &request()).await;
    assert!(matches!(round, Err(FetchError::TooManyRedirects)));
    assert_eq!(server.asked().len(), 2 + 4);
}

#[tokio::test]
async fn a_strangers_certificate_cannot_reach_inside() {
    let server = HttpServer::start(|_| Reply::Body(b"secret".to_vec())).await;
    let port = server.address.port();
    let rows = [
        (server.url(), "fetch_port"),
        ("http://127.0.0.1/".to_owned(), "fetch_private_address"),
        ("http://localhost/".to_owned(), "fetch_private_address"),
        ("http://[::1]/".to_owned(), "fetch_private_address"),
        (
            "http://[::ffff:127.0.0.1]/".to_owned(),
            "fetch_private_address",
        ),
        (
            "http://169.254.169.254/latest/meta-data/".to_owned(),
            "fetch_private_address",
        ),
        ("http://10.0.0.1/".to_owned(), "fetch_private_address"),
        ("http://2130706433/".to_owned(), "fetch_private_address"),
        ("http://0x7f000001/".to_owned(), "fetch_private_address"),
        (format!("http://user:pw@127.0.0.1:{port}/"), "fetch_port"),
        ("https://127.0.0.1/".to_owned(), "fetch_no_tls"),
        ("gopher://127.0.0.1/".to_owned(), "fetch_url"),
        ("http:///nowhere".to_owned(), "fetch_url"),
        ("http://".to_owned(), "fetch_url"),
    ];
    for (url, code) in rows {
        let error = Fetcher::new().ask(&url, &request()).await.unwrap_err();
        let code_of = error.code();
        // Odd spellings of 127.0.0.1 are that, or nothing, as the resolver likes.
        assert!(
            code_of == code
                || (url.contains("//0x") || url.contains("//2130")) && code_of == "fetch_resolve",
            "{url}: {error}"
        );
    }
    assert!(server.asked().is_empty());
}

/// A certificate's text gets into logs and onto terminals.
#[test]
fn what_is_no_address_is_left_out() {
    let odd = [
        "http://a.test/\u{1b}[31m",
        "http://a.test/\nerror: ",
        "http://a.test/ b",
        "ldap://a.test/",
        "http://good.test/",
    ];
    assert_eq!(target(&leaf(&odd)).responders(), ["http://good.test/"]);
}

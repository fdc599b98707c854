//! The JavaScript halves of `docs/from-node.md`, run by Node against our end: what they print and send
//! is what the Rust halves, which are examples of `tls`, print and assert.

use tls_certs::{Identity, Trust};
use tls_context::{ClientAuth, SecureContext};
use tls_net::{TlsAcceptor, TlsConnector};
use tls_testing::peer::{Node, Process};
use tls_tests::{PemFiles, Served, dial, in_time};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, split};

const PAGE: &str = include_str!("../../docs/from-node.md");

/// The blocks of the page in this language: the server's, then the client's.
fn blocks(language: &str) -> [&'static str; 2] {
    let opening = format!("```{language}\n");
    let blocks: Vec<_> = PAGE
        .split(opening.as_str())
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .collect();
    blocks.try_into().expect("a server and a client")
}

/// `from` must be in `block` once, so that the page can't change under the test.
fn replaced(block: &str, from: &str, to: &str) -> String {
    assert_eq!(block.matches(from).count(), 1, "{from} in {block}");
    block.replace(from, to)
}

/// Runs a block where the files it reads are, under the page's names.
fn run(node: &Node, files: &PemFiles, block: &str) -> Process {
    for (file, name) in [
        (&files.key, "server-key.pem"),
        (&files.cert, "server-cert.pem"),
        (&files.client_key, "client-key.pem"),
        (&files.client_cert, "client-cert.pem"),
        (&files.ca, "server-ca.pem"),
    ] {
        std::fs::copy(file, files.path(name)).unwrap();
    }
    let script = format!("process.chdir(process.argv[1]);\n{block}");
    node.script(&script, &[&files.path("")])
}

async fn line(process: &mut Process) -> String {
    in_time("a line of Node", process.next_line()).await
}

/// A line that Node printed, and that the Rust program prints too.
fn assert_printed_by_both(line: &str, rust: &str, expected: &str) {
    assert_eq!(line, expected);
    let literal = expected.replace("true", "{}");
    assert!(
        rust.contains(&format!("\"{literal}\"")),
        "{literal:?} is not printed by {rust}"
    );
}

#[tokio::test]
async fn the_first_server_of_the_page_does_in_node_what_it_does_in_rust() {
    let Some(node) = Node::require() else {
        return;
    };
    let files = PemFiles::new();
    let block = replaced(
        blocks("js")[0],
        "server.listen(8000, () =>",
        "server.listen(0, '127.0.0.1', () =>",
    );
    let block = format!(
        "{block}\nserver.once('listening', () => console.log(String(server.address().port)));"
    );
    let rust = blocks("rust")[0];
    let mut theirs = run(&node, &files, &block);
    assert_printed_by_both(&line(&mut theirs).await, rust, "server bound");
    let port: u16 = line(&mut theirs).await.parse().unwrap();

    // What `client` in the Rust program does.
    let trust = Trust::from_pem_file(&files.ca).unwrap();
    let identity = Identity::from_pem_files(&files.client_cert, &files.client_key).unwrap();
    let context = SecureContext::client(trust.clone())
        .client_identity(identity)
        .build()
        .unwrap();
    let address = ([127, 0, 0, 1], port).into();
    let connector = TlsConnector::from(context);
    let mut stream = dial(address, &connector, "localhost").await.unwrap();
    stream.write_all(b"hello\n").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut text = String::new();
    in_time("the echo", stream.read_to_string(&mut text))
        .await
        .unwrap();
    assert_eq!(text, "welcome!\nhello\n");
    assert!(rust.contains(&format!("{text:?}")), "and so it is in Rust");
    assert_printed_by_both(
        &line(&mut theirs).await,
        rust,
        "server connected, authorized: true",
    );

    // Who shows no certificate is refused by both: `ClientAuth::required` is Node's default.
    let connector = TlsConnector::from(SecureContext::client(trust).build().unwrap());
    if let Ok(mut stream) = dial(address, &connector, "localhost").await {
        let refused = in_time("the alert", stream.read_to_string(&mut text)).await;
        assert!(refused.is_err(), "{text}");
    }
    assert!(rust.contains("ClientAuth::required"));
}

#[tokio::test]
async fn the_first_client_of_the_page_does_in_node_what_it_does_in_rust() {
    let Some(node) = Node::require() else {
        return;
    };
    let files = PemFiles::new();
    // What `echo_server` in the Rust program does.
    let context = SecureContext::server(Identity::from_pem_files(&files.cert, &files.key).unwrap())
        .client_auth(ClientAuth::required(
            Trust::from_pem_file(&files.ca).unwrap(),
        ))
        .build()
        .unwrap();
    let mut served = Served::start(TlsAcceptor::builder(context), |stream| async move {
        let (mut read, mut write) = split(stream);
        let echoed = copy(&mut read, &mut write).await?;
        write.shutdown().await?;
        Ok(echoed)
    })
    .await;

    let block = replaced(
        blocks("js")[1],
        "connect(8000, ",
        &format!("connect({}, ", served.address.port()),
    );
    let rust = blocks("rust")[1];
    let mut theirs = run(&node, &files, &block);
    let first = line(&mut theirs).await;
    assert_printed_by_both(&first, rust, "client connected, authorized: true");
    let said = line(&mut theirs).await;
    assert_eq!(said, "Is anybody there?");
    assert_eq!(
        rust.matches(&format!("\"{said}\\n\"")).count(),
        2,
        "said and asserted in Rust"
    );
    let last = line(&mut theirs).await;
    assert_printed_by_both(&last, rust, "server ends connection");
    assert!(served.connection().await.authorized());
    assert_eq!(served.end().await.unwrap(), 18);
}

//! Records ClientHellos: starts the clients of this machine against a listener on a free port.

use std::error::Error;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tls_wire::{ClientHello, ClientHelloReader, Progress};

/// How long a client may take to say hello; Chromium starts slowly.
const PATIENCE: Duration = Duration::from_secs(60);

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Origin and message of one hello.
type Recorder<'a> = &'a dyn Fn() -> Result<(String, Vec<u8>)>;

/// Name, origin and message of every hello. A client that is not there is left out, loudly.
pub(crate) fn record_all() -> Vec<(&'static str, String, Vec<u8>)> {
    let folder = std::env::temp_dir().join(format!("tls-hellos-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let recorders: [(&str, Recorder<'_>); 11] = [
        ("openssl-tls12", &|| {
            openssl(&["-tls1_2", "-alpn", "h2,http/1.1"])
        }),
        ("openssl-tls13", &|| openssl(&["-tls1_3", "-status"])),
        ("openssl", &|| openssl(&[])),
        ("openssl-tls12-resumed", &|| {
            openssl_resumed(&folder, "-tls1_2")
        }),
        ("openssl-tls13-resumed", &|| {
            openssl_resumed(&folder, "-tls1_3")
        }),
        ("openssl-psk", &|| {
            openssl(&[
                "-tls1_3",
                "-psk_identity",
                "gate-7",
                "-psk",
                "00112233445566778899aabbccddeeff",
            ])
        }),
        ("node", &|| {
            node("servername: 'example.com', ALPNProtocols: ['h2', 'http/1.1']")
        }),
        ("node-no-name", &|| node("")),
        ("curl", &curl),
        ("chromium", &|| chromium(&folder)),
        ("rustls", &rustls_client),
    ];
    let mut recorded = Vec::new();
    for (name, recorder) in recorders {
        match recorder() {
            Ok((origin, message)) => recorded.push((name, origin, message)),
            Err(error) => eprintln!("SKIPPED: {name} was not recorded: {error}"),
        }
    }
    let _ = fs::remove_dir_all(folder);
    recorded
}

/// Starts a client that connects to the given port; the first hello that `wanted` likes.
fn record(
    start: impl FnOnce(u16) -> Result<Child>,
    wanted: fn(&ClientHello) -> bool,
) -> Result<Vec<u8>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Ok(message) = read_hello(stream)
                && sender.send(message).is_err()
            {
                return;
            }
        }
    });
    let mut client = start(port)?;
    let message = loop {
        let message = receiver.recv_timeout(PATIENCE)?;
        if wanted(&ClientHello::parse(message.clone().into())?) {
            break message;
        }
    };
    drop(receiver);
    let _ = client.kill();
    client.wait()?;
    // Ends the thread, which waits for one more connection.
    drop(TcpStream::connect(("127.0.0.1", port)));
    Ok(message)
}

fn read_hello(mut stream: TcpStream) -> Result<Vec<u8>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = ClientHelloReader::default();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Err("closed before the hello".into());
        }
        if let Progress::Whole(whole) = reader.read(&buffer[..count])? {
            return Ok(whole.message.to_vec());
        }
    }
}

fn spawn(command: &mut Command) -> Result<Child> {
    Ok(command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?)
}

/// The first line that the program prints about its version.
fn version(program: &str, argument: &str) -> Result<String> {
    let output = Command::new(program).arg(argument).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

fn openssl(arguments: &[&str]) -> Result<(String, Vec<u8>)> {
    let origin = format!(
        "{}, s_client {}",
        version("openssl", "version")?,
        arguments.join(" ")
    );
    let message = record(
        |port| {
            let address = format!("127.0.0.1:{port}");
            let mut command = Command::new("openssl");
            command.args([
                "s_client",
                "-connect",
                &address,
                "-servername",
                "example.com",
            ]);
            spawn(command.args(arguments))
        },
        |_| true,
    )?;
    Ok((origin.trim_end().to_owned(), message))
}

/// Makes a session with `openssl s_server` first, then offers it.
fn openssl_resumed(folder: &Path, protocol: &str) -> Result<(String, Vec<u8>)> {
    let [certificate, key, session] =
        ["cert.pem", "key.pem", "session.pem"].map(|name| folder.join(name));
    let mut request = Command::new("openssl");
    request.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ]);
    request
        .args(["-nodes", "-subj", "/CN=example.com", "-out"])
        .arg(&certificate);
    request.arg("-keyout").arg(&key).output()?;
    // Taken and given back at once: s_server can not tell which port it found by itself.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut server = Command::new("openssl");
    server.args([
        "s_server",
        "-accept",
        &format!("127.0.0.1:{port}"),
        "-www",
        "-cert",
    ]);
    let mut server = server
        .arg(&certificate)
        .arg("-key")
        .arg(&key)
        .stdout(Stdio::piped())
        .spawn()?;
    // It says ACCEPT when it listens.
    server
        .stdout
        .as_mut()
        .ok_or("no output")?
        .read_exact(&mut [0; 8])?;
    let mut client = Command::new("openssl");
    client.args([
        "s_client",
        "-connect",
        &format!("127.0.0.1:{port}"),
        protocol,
    ]);
    client
        .args(["-servername", "example.com", "-ign_eof", "-sess_out"])
        .arg(&session);
    let mut client = spawn(&mut client)?;
    client
        .stdin
        .take()
        .ok_or("no input")?
        .write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    client.wait()?;
    server.kill()?;
    server.wait()?;
    let session = session.to_str().ok_or("path")?.to_owned();
    let (origin, message) = openssl(&[protocol, "-sess_in", &session])?;
    Ok((origin.replace(&session, "SESSION"), message))
}

fn node(options: &str) -> Result<(String, Vec<u8>)> {
    let program = std::env::var("TLS_RECORD_NODE").unwrap_or_else(|_| "node".to_owned());
    let origin = format!(
        "Node {}, tls.connect({{{options}}})",
        version(&program, "--version")?
    );
    let message = record(
        |port| {
            let script = format!(
                "require('tls').connect({{host: '127.0.0.1', port: {port}, {options}}}).on('error', () => {{}})"
            );
            spawn(Command::new(&program).args(["-e", &script]))
        },
        |_| true,
    )?;
    Ok((origin, message))
}

fn curl() -> Result<(String, Vec<u8>)> {
    let message = record(
        |port| {
            let resolve = format!("example.com:{port}:127.0.0.1");
            let url = format!("https://example.com:{port}/");
            spawn(Command::new("curl").args([
                "--silent",
                "--insecure",
                "--resolve",
                &resolve,
                &url,
            ]))
        },
        |_| true,
    )?;
    Ok((version("curl", "--version")?, message))
}

fn chromium(folder: &Path) -> Result<(String, Vec<u8>)> {
    let program = std::env::var("TLS_RECORD_CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
    let profile: PathBuf = folder.join("chromium");
    let message = record(
        |port| {
            let mut command = Command::new(&program);
            command.args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
            ]);
            command.args(["--no-first-run", "--disable-background-networking"]);
            command.args([
                "--disable-component-update",
                "--disable-sync",
                "--no-proxy-server",
            ]);
            command.arg("--host-resolver-rules=MAP example.com 127.0.0.1");
            command.arg(format!("--user-data-dir={}", profile.display()));
            spawn(command.args(["--dump-dom", &format!("https://example.com:{port}/")]))
        },
        |hello| hello.server_name() == Some("example.com"),
    )?;
    Ok((version(&program, "--version")?, message))
}

/// What tokio-rustls sends too, since it adds nothing of its own.
fn rustls_client() -> Result<(String, Vec<u8>)> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let mut client = rustls::ClientConnection::new(Arc::new(config), "example.com".try_into()?)?;
    let mut wire = Vec::new();
    client.write_tls(&mut wire)?;
    match ClientHelloReader::default().read(&wire)? {
        Progress::Whole(whole) => Ok(("rustls 0.23, aws-lc-rs".to_owned(), whole.message.to_vec())),
        Progress::NeedMore(_) => Err("rustls sent no whole hello".into()),
    }
}

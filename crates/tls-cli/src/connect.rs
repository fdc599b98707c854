//! `tls connect`: connects, says what was negotiated, and joins stdin and stdout to the connection.

mod facts;
mod join;
mod new_session;

use std::time::{Duration, Instant};

use tls::net::{ClientSession, TlsStream};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use self::facts::Facts;
use crate::error::{Error, Result};
use crate::exit_codes::ExitCode;
use crate::flags::ConnectFlags;
use crate::message;
use crate::settings::ConnectSettings;

/// How long the goodbye to a peer may take that nobody listens to any more.
const GOODBYE: Duration = Duration::from_secs(1);

pub(crate) fn run(flags: &ConnectFlags) -> Result<ExitCode> {
    let settings = ConnectSettings::from_flags(flags)?;
    if settings.insecure {
        message::warn("--insecure: whoever answers is taken for the server");
    }
    if let Some(file) = &settings.keylog {
        let file = file.display();
        message::warn(&format!(
            "the secrets of the connection go to {file}: whoever has it can read it"
        ));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|source| Error::System {
        what: "can't start the runtime",
        source,
    })?;
    let outcome = runtime.block_on(connect(&settings));
    // A read of standard input may never end; the process does.
    runtime.shutdown_background();
    outcome
}

async fn connect(settings: &ConnectSettings) -> Result<ExitCode> {
    let mut facts = Facts::new(settings);
    let mut stream = dial(settings, &mut facts, None).await?;
    for _ in 0..settings.reconnect {
        let session = new_session::wait(&mut stream)
            .await
            .map_err(Error::broken)?;
        if session.is_none() {
            message::warn("the server gave no session, so the next handshake is a full one");
        }
        goodbye(stream).await;
        stream = dial(settings, &mut facts, session).await?;
    }
    if settings.info {
        goodbye(stream).await;
        return Ok(ExitCode::Done);
    }
    join::join(stream, settings.linger).await
}

async fn dial(
    settings: &ConnectSettings,
    facts: &mut Facts<'_>,
    session: Option<ClientSession>,
) -> Result<TlsStream<TcpStream>> {
    let connector = match session {
        Some(session) => settings.connector.resuming(session),
        None => settings.connector.clone(),
    };
    let begun = Instant::now();
    match connector.connect_to(&settings.address).await {
        Ok(stream) => {
            facts.connected(&stream.info(), begun.elapsed());
            Ok(stream)
        }
        Err(error) => {
            facts.failed(&error, begun.elapsed());
            Err(Error::Connect(error))
        }
    }
}

/// `close_notify`, for what it is worth.
async fn goodbye(mut stream: TlsStream<TcpStream>) {
    let _ = tokio::time::timeout(GOODBYE, stream.shutdown()).await;
}

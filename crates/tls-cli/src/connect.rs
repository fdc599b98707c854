//! `tls connect`: connects, says what was negotiated, and joins stdin and stdout to the connection.

mod facts;
mod join;
mod new_session;

use std::time::{Duration, Instant};

use tls::net::{ClientSession, ConnectionInfo, TlsStream};
use tls::ocsp::ListReport;
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
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|source| Error::System {
        what: "can't start the runtime",
        source,
    })?;
    let settings = ConnectSettings::from_flags(flags, runtime.handle())?;
    if settings.insecure {
        message::warn("--insecure: whoever answers is taken for the server");
    }
    if let Some(file) = &settings.keylog {
        let file = file.display();
        message::warn(&format!(
            "the secrets of the connection go to {file}: whoever has it can read it"
        ));
    }
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
            judge_by_lists(settings, &stream.info()).await?;
            Ok(stream)
        }
        Err(error) => {
            facts.failed(&error, begun.elapsed());
            Err(Error::Connect(error))
        }
    }
}

/// Has the lists fetched that the server's certificates name, and judges by them: nothing was said
/// to the server yet.
async fn judge_by_lists(settings: &ConnectSettings, info: &ConnectionInfo) -> Result<()> {
    let (Some(later), Some(verifier)) = (&settings.later, settings.context.server_verifier())
    else {
        return Ok(());
    };
    let keeper = &later.keeper;
    let chain = info.peer_certificates().unwrap_or_default();
    let mut changes = keeper.changes();
    keeper.watch_chain(chain, &verifier.trust().get());
    let is_known = |list: &ListReport| list.issuer.is_some() || list.last_error.is_some();
    let all_known = changes.wait_for(|_| keeper.report().iter().all(is_known));
    // Late or failed: what is missing is judged as the policy has it.
    let _ = tokio::time::timeout(settings.timeout, all_known).await;
    for list in keeper.report() {
        if let Some(error) = list.last_error {
            message::warn(&format!("no revocation list from {}: {error}", list.url));
        }
    }
    later.judge(&settings.context, chain, &settings.server_name)
}

/// `close_notify`, for what it is worth.
async fn goodbye(mut stream: TlsStream<TcpStream>) {
    let _ = tokio::time::timeout(GOODBYE, stream.shutdown()).await;
}

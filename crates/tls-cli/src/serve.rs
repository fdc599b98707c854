//! `tls serve`: HTTPS that shows the visitor's own connection, or a raw echo.

mod early;
mod echo;
mod event;
mod http;
mod page;
mod signals;
mod site;
mod sockets;
mod zeros;

use std::sync::Arc;

use tls::net::{AcceptorBuilder, TlsAcceptor};
use tokio::sync::watch;

use self::event::Reporter;
use self::signals::Signals;
use self::sockets::Sockets;
use crate::error::{Error, Result};
use crate::exit_codes::ExitCode;
use crate::flags::ServeFlags;
use crate::message;
use crate::output::Output;
use crate::settings::{Reloads, ServeSettings};

pub(crate) fn run(flags: &ServeFlags) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|source| Error::System {
        what: "can't start the runtime",
        source,
    })?;
    let settings = ServeSettings::from_flags(flags, runtime.handle())?;
    if let Some(file) = &settings.keylog {
        message::warn(&format!(
            "the secrets of every connection go to {}: whoever has it can read them all",
            file.display()
        ));
    }
    let (output, writer) = Output::start();
    let outcome = runtime.block_on(serve(settings, output));
    // Whatever still runs was cut; what it had to say is written.
    drop(runtime);
    let _ = writer.join();
    outcome
}

async fn serve(settings: ServeSettings, output: Output) -> Result<ExitCode> {
    let signals = Signals::new()?;
    let sockets = Sockets::bind(&settings.listen)?;
    let reporter = Arc::new(Reporter::new(output, &settings, &sockets));
    let acceptor = acceptor(settings.acceptor, &reporter)?;
    read_again(settings.reloads, &signals, &reporter)?;
    settings.sessions.prepare().await;
    let (stop, stopping) = watch::channel(false);
    let server = acceptor.listen(sockets);
    let handle = server.handle();
    reporter.listening();
    if let Some(store) = settings.sessions.shared_store() {
        tokio::spawn(event::watch_start(store.clone(), Arc::clone(&reporter)));
    }
    if let Some(stapler) = settings.stapler {
        tokio::spawn(event::watch_staples(stapler, Arc::clone(&reporter)));
    }
    let serving = if settings.echo {
        tokio::spawn(echo::serve(server, Arc::clone(&reporter)))
    } else {
        let contexts = Arc::new(settings.contexts);
        tokio::spawn(http::serve(
            server,
            Arc::clone(&reporter),
            contexts,
            stopping,
        ))
    };
    let (completed, cut) = tokio::select! {
        outcome = serving => {
            let outcome = outcome.map_err(|_| Error::Bug("the server panicked"))?;
            let drained = outcome.map_err(|source| Error::ListenerDead { source })?;
            (drained.completed, drained.cut)
        }
        cut = signals.drain(&handle, stop, settings.shutdown_timeout) => (0, cut),
    };
    reporter.drained(completed, cut);
    Ok(if cut == 0 {
        ExitCode::Done
    } else {
        ExitCode::DrainCut
    })
}

/// Has files read again when they change and at SIGHUP, and says what came of it.
fn read_again(reloads: Reloads, signals: &Signals, reporter: &Arc<Reporter>) -> Result<()> {
    let changes = Arc::downgrade(reporter);
    reloads.on_change(move |file, outcome| {
        if let Some(reporter) = changes.upgrade() {
            reporter.reloaded(file, &outcome);
        }
    });
    let hangups = Arc::downgrade(reporter);
    signals.on_hangup(move || {
        for (file, outcome) in reloads.reload() {
            if let Some(reporter) = hangups.upgrade() {
                reporter.reloaded(&file, &outcome);
            }
        }
    })
}

fn acceptor(builder: AcceptorBuilder, reporter: &Arc<Reporter>) -> Result<TlsAcceptor> {
    let reporter = Arc::clone(reporter);
    let of_store = Arc::clone(&reporter);
    Ok(builder
        .on_failure(move |error| reporter.failure(error))
        .on_store_state(move |state| of_store.store(state))
        .build()?)
}

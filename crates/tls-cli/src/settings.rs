//! What the flags mean: files read, contexts built. Everything that blocks is here, before any
//! runtime starts.

mod identities;
mod passphrases;
mod protocol;
mod psk;
mod reloads;
pub(crate) mod revocation;
mod sessions;
mod stapling;
pub(crate) mod store;
pub(crate) mod trust;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tls::certs::{Identity, Watched};
use tls::context::{ClientAuth, SecureContext};
use tls::net::{AcceptorBuilder, TlsAcceptor, TlsConnector};
use tls::ocsp::Stapler;
use tls::rustls::KeyLog;
use tls::rustls::pki_types::ServerName;
use tokio::runtime::Handle;

pub(crate) use self::identities::Certificate;
pub(crate) use self::reloads::Reloads;
use self::revocation::{LaterJudgement, Lists};
use self::sessions::Sessions;
pub(crate) use self::sessions::{Summary, Tickets};
use crate::error::{Error, Result};
use crate::flags::{ConnectFlags, ServeFlags};
use crate::key_log::FileKeyLog;
use crate::named_contexts::NamedContexts;

/// A client that has nothing to say in this time is a port scan, or gone.
const HELLO_TIMEOUT: Duration = Duration::from_secs(5);

/// Where `tls serve` listens unless told otherwise.
pub(crate) const DEFAULT_ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8443);

/// Where to listen.
#[derive(Clone, Debug)]
pub(crate) struct Listen {
    pub(crate) addresses: Vec<SocketAddr>,
    /// Whether a free port may stand in for a taken one.
    pub(crate) may_move: bool,
    pub(crate) reuse_port: bool,
}

/// What `tls serve` is to do.
pub(crate) struct ServeSettings {
    pub(crate) listen: Listen,
    pub(crate) acceptor: AcceptorBuilder,
    /// The default context, for showing.
    pub(crate) context: SecureContext,
    pub(crate) contexts: NamedContexts,
    pub(crate) certificate: Certificate,
    pub(crate) sessions: Sessions,
    pub(crate) reloads: Reloads,
    /// Keeps staples fresh.
    pub(crate) stapler: Option<Stapler>,
    pub(crate) echo: bool,
    pub(crate) shutdown_timeout: Duration,
    /// Secrets are written there; has to be said loudly.
    pub(crate) keylog: Option<PathBuf>,
    pub(crate) json: bool,
}

impl ServeSettings {
    /// What goes on in the background does so on `runtime`.
    pub(crate) fn from_flags(flags: &ServeFlags, runtime: &Handle) -> Result<Self> {
        let key_log = key_log(flags.protocol.keylog.as_ref())?;
        let mut reloads = Reloads::default();
        let client_auth = client_auth(flags, &mut reloads)?;
        let sessions = Sessions::of(&flags.sessions, &mut reloads)?;
        let store = sessions.shared_store();
        let lists = Lists::of_server(&flags.revocation, &mut reloads, store, runtime)?;
        let build = |identities: &[Watched<Identity>]| -> Result<SecureContext> {
            let mut builder = if flags.psk.psk_only {
                SecureContext::without_certificate()
            } else {
                SecureContext::server([]).client_auth(client_auth.clone())
            };
            for identity in identities {
                builder = builder.identity(identity);
            }
            builder = lists.apply(builder);
            let alpn: &[&str] = if flags.echo { &[] } else { &["h2", "http/1.1"] };
            let builder = protocol::apply(&flags.protocol, builder.alpn(alpn), key_log.clone())?;
            Ok(builder.build()?)
        };
        let (identities, certificate) = identities::of_server(flags, &mut reloads)?;
        let context = build(&identities)?;
        let mut acceptor = limits(TlsAcceptor::builder(context.clone()), flags);
        let mut contexts = NamedContexts::new(client_auth.asks());
        for flag in &flags.sni {
            let identities = identities::of_name(flag, flags, &mut reloads)?;
            let named = build(&identities)?;
            contexts.add(&flag.pattern, named.client_auth().asks())?;
            acceptor = acceptor.context(&flag.pattern, named);
        }
        acceptor = psk::serve(&flags.psk, acceptor, &mut reloads)?;
        let first = identities.first();
        let stapler = stapling::stapler(&flags.ocsp, &flags.revocation, first, store, runtime)?;
        if let Some(stapler) = &stapler {
            acceptor = acceptor.stapler(stapler.clone());
        }
        if let Some(keeper) = &lists.keeper {
            acceptor = acceptor.crl_keeper(keeper.clone());
        }
        acceptor = sessions.apply(acceptor).keep_hello(!flags.echo);
        Ok(Self {
            listen: listen(flags, &sessions),
            acceptor,
            context,
            contexts,
            certificate,
            sessions,
            reloads,
            stapler,
            echo: flags.echo,
            shutdown_timeout: flags.shutdown_timeout,
            keylog: flags.protocol.keylog.clone(),
            json: flags.json,
        })
    }
}

fn listen(flags: &ServeFlags, sessions: &Sessions) -> Listen {
    let reuse_port = flags.reuse_port || sessions.are_shared();
    if flags.listen.is_empty() {
        return Listen {
            addresses: vec![DEFAULT_ADDRESS],
            may_move: true,
            reuse_port,
        };
    }
    Listen {
        addresses: flags.listen.clone(),
        may_move: false,
        reuse_port,
    }
}

fn limits(acceptor: AcceptorBuilder, flags: &ServeFlags) -> AcceptorBuilder {
    let acceptor = acceptor
        .handshake_timeout(flags.handshake_timeout)
        .hello_timeout(flags.handshake_timeout.min(HELLO_TIMEOUT))
        .max_pending(flags.max_pending)
        .max_handshakes(flags.max_handshakes);
    match flags.max_connections {
        0 => acceptor,
        most => acceptor.max_connections(most),
    }
}

fn client_auth(flags: &ServeFlags, reloads: &mut Reloads) -> Result<ClientAuth> {
    if flags.client_ca.is_empty() {
        if !flags.revocation.list_files().is_empty() {
            return Err(Error::usage(
                "--crl is about client certificates, and nobody is asked for one",
                "add --client-ca FILE with --require-cert or --request-cert",
            ));
        }
        return Ok(ClientAuth::Off);
    }
    let trust = trust::watch_files(&flags.client_ca, reloads)?;
    match (flags.request_cert, flags.require_cert) {
        (_, true) => Ok(ClientAuth::required(trust)),
        (true, false) => Ok(ClientAuth::optional(trust)),
        (false, false) => Err(Error::usage(
            "--client-ca alone asks nobody for a certificate",
            "add --require-cert, or --request-cert to take clients without one too",
        )),
    }
}

fn key_log(file: Option<&PathBuf>) -> Result<Option<Arc<dyn KeyLog>>> {
    let Some(file) = file else { return Ok(None) };
    let log: Arc<dyn KeyLog> = Arc::new(FileKeyLog::open(file)?);
    Ok(Some(log))
}

/// What `tls connect` is to do.
pub(crate) struct ConnectSettings {
    pub(crate) address: String,
    pub(crate) connector: TlsConnector,
    pub(crate) context: SecureContext,
    /// The name asked for and checked.
    pub(crate) server_name: ServerName<'static>,
    /// Whose key is offered.
    pub(crate) psk_identity: Option<String>,
    pub(crate) info: bool,
    pub(crate) reconnect: u32,
    pub(crate) insecure: bool,
    pub(crate) request_ocsp: bool,
    /// Has the lists fetched that the server's certificates name.
    pub(crate) later: Option<LaterJudgement>,
    pub(crate) timeout: Duration,
    pub(crate) linger: Duration,
    pub(crate) keylog: Option<PathBuf>,
    pub(crate) json: bool,
}

impl ConnectSettings {
    /// What goes on in the background does so on `runtime`.
    pub(crate) fn from_flags(flags: &ConnectFlags, runtime: &Handle) -> Result<Self> {
        let host = host(&flags.address);
        let server_name = server_name(flags.servername.as_deref().unwrap_or(host))?;
        let mut builder = if has_certificates(flags)? {
            SecureContext::client(trust::of_client(&flags.ca, host, &flags.development)?)
        } else {
            SecureContext::without_certificate()
        };
        let (lists, later) = Lists::of_client(&flags.revocation, runtime)?;
        builder = lists.apply(builder);
        for identity in identities::of_client(flags)? {
            builder = builder.client_identity(identity);
        }
        if flags.insecure {
            builder = builder.dangerous().accept_any_certificate();
        }
        let key_log = key_log(flags.protocol.keylog.as_ref())?;
        let context = protocol::apply(&flags.protocol, builder, key_log)?.build()?;
        let connector = TlsConnector::from(context.clone())
            .server_name(server_name.clone())
            .connect_timeout(flags.timeout)
            .handshake_timeout(flags.timeout);
        let connector = psk::connect(&flags.psk, connector)?
            .staples(revocation::staple_policy(&flags.revocation))
            .request_ocsp(flags.request_ocsp);
        Ok(Self {
            address: flags.address.clone(),
            connector,
            context,
            server_name,
            psk_identity: flags.psk.psk_identity.clone(),
            info: flags.info,
            reconnect: flags.reconnect,
            insecure: flags.insecure,
            request_ocsp: flags.request_ocsp,
            later: later.filter(|_| !flags.insecure),
            timeout: flags.timeout,
            linger: flags.linger,
            keylog: flags.protocol.keylog.clone(),
            json: flags.json,
        })
    }
}

/// Whether certificates play a part, as they do unless there is a key instead.
fn has_certificates(flags: &ConnectFlags) -> Result<bool> {
    if flags.psk.psk_identity.is_none() || flags.psk.psk_or_certificate {
        return Ok(true);
    }
    let is_asked_for = !flags.ca.is_empty()
        || !flags.revocation.crl.is_empty()
        || flags.cert.is_some()
        || flags.pfx.is_some()
        || flags.insecure;
    if is_asked_for {
        return Err(Error::usage(
            "with a pre-shared key no certificate is shown or checked",
            "leave out --ca, --crl, --cert, --pfx and --insecure, or add --psk-or-certificate",
        ));
    }
    Ok(false)
}

/// The host of `HOST`, `HOST:PORT`, `[IPV6]:PORT` or a bare IPv6 address.
pub(crate) fn host(address: &str) -> &str {
    if let Some(rest) = address.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    match address.split_once(':') {
        Some((host, port)) if !port.contains(':') => host,
        _ => address,
    }
}

pub(crate) fn server_name(name: &str) -> Result<ServerName<'static>> {
    let parsed = ServerName::try_from(name.to_owned());
    parsed.map_err(|_| {
        Error::usage(
            format!(
                "\"{}\" is neither a host name nor an IP address",
                name.escape_debug()
            ),
            "write HOST:PORT, such as example.org:443 or [::1]:8443",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_found_in_every_form() {
        for (address, expected) in [
            ("example.org", "example.org"),
            ("example.org:8443", "example.org"),
            ("127.0.0.1:1", "127.0.0.1"),
            ("[::1]:8443", "::1"),
            ("[::1]", "::1"),
            ("::1", "::1"),
        ] {
            assert_eq!(host(address), expected, "{address}");
            assert!(server_name(host(address)).is_ok(), "{address}");
        }
        assert!(server_name("bad name").is_err());
        assert!(server_name("").is_err());
    }
}

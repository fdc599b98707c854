//! The server's flight: ServerHello to Finished (RFC 8446, Section 2.2).

use rustls::crypto::CompletedKeyExchange;
use tls_record::Role;
use tls_wire::extension::key_share::KeyShareEntry;
use tls_wire::{ClientHelloView, HandshakeType, NamedGroup};

use super::key_schedule::{self, EarlySecret};
use super::server::{Agreed, send_compatibility};
use super::server_finished::{ApplicationKeys, ClientFinished};
use super::server_negotiation::KeyExchange;
use super::traffic::{self, ApplicationTraffic, HandshakeTraffic, Log};
use super::{encrypted_extensions, server_hello};
use crate::psk_choice::Candidate;
use crate::records::Records;
use crate::transcript::Transcript;
use crate::{Error, handshake_message, key_exchange};

/// The hello that is answered, and what was chosen of it.
pub(crate) struct Taken<'a> {
    pub(crate) view: ClientHelloView<'a>,
    pub(crate) candidate: Candidate,
    pub(crate) early: EarlySecret,
    pub(crate) index: usize,
}

/// The whole flight of the server, Finished included.
pub(crate) fn respond(
    agreed: Agreed,
    taken: Taken<'_>,
    way: KeyExchange,
    mut transcript: Transcript,
    retried: bool,
    records: &mut Records,
) -> Result<ClientFinished, Error> {
    let Taken {
        view,
        candidate,
        early,
        index,
    } = taken;
    let (config, suite, hash) = (&agreed.config, agreed.suite, early.hash());
    let completed = complete(view, way)?;
    let group = completed.as_ref().map(|it| NamedGroup(it.group.into()));
    let message = server_hello(&agreed, view, completed.as_ref(), index)?;
    records.send_handshake(&message)?;
    transcript.add(&message);
    if !retried {
        send_compatibility(view, records);
    }
    let log = Log {
        key_log: config.key_log.as_deref(),
        client_random: view.random(),
    };
    let shared = completed.as_ref().map(|it| it.secret.secret_bytes());
    let handshake = early.handshake(shared)?;
    let traffic = HandshakeTraffic::derive(&handshake, &transcript.hash(), &log)?;
    traffic.protect(Role::Server, suite, records)?;
    let extensions = encrypted_extensions::write(agreed.alpn.as_deref())?;
    records.send_handshake(&extensions)?;
    transcript.add(&extensions);
    let verify = key_schedule::verify_data(hash, &traffic.server, &transcript.hash())?;
    let finished = handshake_message::write(HandshakeType::Finished, verify.as_bytes());
    records.send_handshake(&finished)?;
    transcript.add(&finished);
    let master = handshake.master()?;
    let application =
        ApplicationTraffic::derive(&master, &transcript.hash(), &log, config.exporter)?;
    // "K_send = application" behind the Finished (RFC 8446, Appendix A.2): a client that is through
    // can read an alert, too.
    let secrets = application.secrets(Role::Server, suite)?;
    let (tx, rx) = traffic::keys(&secrets)?;
    records.protect_tx(traffic::protection(&tx)?);
    Ok(ClientFinished {
        group,
        retried,
        candidate,
        transcript,
        client_handshake: traffic.client,
        application,
        keys: ApplicationKeys { secrets, tx, rx },
        master,
        agreed,
    })
}

/// The key exchange, if there is one.
fn complete(
    hello: ClientHelloView<'_>,
    way: KeyExchange,
) -> Result<Option<CompletedKeyExchange>, Error> {
    let KeyExchange::Share(group) = way else {
        return Ok(None);
    };
    let wanted = key_exchange::number(group);
    let mut shares = hello.key_shares();
    let share = shares.find(|share| share.group == wanted);
    let share = share.ok_or(Error::MissingExtension("key_share"))?;
    key_exchange::answer(group, share.key_exchange).map(Some)
}

fn server_hello(
    agreed: &Agreed,
    hello: ClientHelloView<'_>,
    completed: Option<&CompletedKeyExchange>,
    index: usize,
) -> Result<Vec<u8>, Error> {
    let share = completed.map(|it| KeyShareEntry {
        group: NamedGroup(it.group.into()),
        key_exchange: &it.pub_key,
    });
    let random = key_exchange::random(&agreed.config.provider)?;
    let selected = u16::try_from(index).map_err(|_| Error::IllegalParameter {
        what: "more pre-shared keys than can be counted",
    })?;
    let session_id = hello.session_id();
    server_hello::write(&random, session_id, agreed.suite.suite, share, selected)
}

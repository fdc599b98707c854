//! The server's flight: ServerHello to Finished (RFC 8446, Section 2.2).

use tls_record::KeyLogLabel;
use tls_wire::extension::key_share::KeyShareEntry;
use tls_wire::{ClientHelloView, HandshakeType, NamedGroup};

use super::key_schedule::{self, EarlySecret};
use super::server::{Agreed, send_compatibility};
use super::server_finished::ClientFinished;
use super::server_negotiation::KeyExchange;
use super::{encrypted_extensions, server_hello, traffic};
use crate::psk_choice::Candidate;
use crate::records::Records;
use crate::transcript::{HashOutput, Transcript};
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
    let completed = match way {
        KeyExchange::Share(group) => {
            let wanted = key_exchange::number(group);
            let share = view.key_shares().find(|share| share.group == wanted);
            let share = share.ok_or(Error::MissingExtension("key_share"))?;
            Some(key_exchange::answer(group, share.key_exchange)?)
        }
        _ => None,
    };
    let group = completed.as_ref().map(|it| NamedGroup(it.group.into()));
    let share = completed
        .as_ref()
        .zip(group)
        .map(|(it, group)| KeyShareEntry {
            group,
            key_exchange: &it.pub_key,
        });
    let random = key_exchange::random(&config.provider)?;
    let selected = u16::try_from(index).map_err(|_| Error::IllegalParameter {
        what: "more pre-shared keys than can be counted",
    })?;
    let message = server_hello::write(&random, view.session_id(), suite.suite, share, selected)?;
    records.send_handshake(&message)?;
    transcript.add(&message);
    if !retried {
        send_compatibility(view, records);
    }
    let shared = completed.as_ref().map(|it| it.secret.secret_bytes());
    let handshake = early.handshake(shared)?;
    let messages = transcript.hash();
    let client_handshake = handshake.client_traffic(&messages)?;
    let server_handshake = handshake.server_traffic(&messages)?;
    let key_log = config.key_log.as_deref();
    let log = |label, secret: &HashOutput| traffic::log(key_log, label, view.random(), secret);
    log(KeyLogLabel::ClientHandshakeTrafficSecret, &client_handshake);
    log(KeyLogLabel::ServerHandshakeTrafficSecret, &server_handshake);
    let secrets = traffic::secrets(suite, &server_handshake, &client_handshake)?;
    let (tx, rx) = traffic::keys(&secrets)?;
    records.protect_tx(traffic::protection(&tx)?);
    records.protect_rx(traffic::protection(&rx)?)?;
    let extensions = encrypted_extensions::write(agreed.alpn.as_deref())?;
    records.send_handshake(&extensions)?;
    transcript.add(&extensions);
    let verify = key_schedule::verify_data(hash, &server_handshake, &transcript.hash())?;
    let finished = handshake_message::write(HandshakeType::Finished, verify.as_bytes());
    records.send_handshake(&finished)?;
    transcript.add(&finished);
    let master = handshake.master()?;
    let messages = transcript.hash();
    let client_traffic = master.client_traffic(&messages)?;
    let server_traffic = master.server_traffic(&messages)?;
    log(KeyLogLabel::ClientTrafficSecret0, &client_traffic);
    log(KeyLogLabel::ServerTrafficSecret0, &server_traffic);
    let exporter = master.exporter(&messages)?;
    log(KeyLogLabel::ExporterSecret, &exporter);
    let exporter = config.exporter.then_some(exporter);
    Ok(ClientFinished {
        group,
        retried,
        candidate,
        transcript,
        client_handshake,
        client_traffic,
        server_traffic,
        exporter,
        master,
        agreed,
    })
}

//! HelloRetryRequest at a client (RFC 8446, Section 4.1.4).

use tls_wire::{HandshakeType, ServerHelloView};

use super::client_shares::ClientShares;
use super::traffic;
use crate::Error;
use crate::cipher_suites::PskSuite;
use crate::records::Records;
use crate::server_hello_awaited::{Retry, ServerHelloAwaited};
use crate::transcript::Transcript;

/// Answers it with a second hello, and waits again.
pub(crate) fn answer(
    mut awaited: ServerHelloAwaited,
    hello: &ServerHelloView<'_>,
    suite: PskSuite,
    message: &[u8],
    records: &mut Records,
) -> Result<ServerHelloAwaited, Error> {
    if awaited.retry.is_some() {
        return Err(Error::UnexpectedMessage {
            expected: "the ServerHello that follows a HelloRetryRequest",
            found: HandshakeType::ServerHello.into(),
        });
    }
    let group = hello.retry_group();
    let cookie = hello.cookie();
    let has_share = |group| awaited.shares.as_ref().is_some_and(|it| it.has(group));
    match group {
        // "clients MUST abort the handshake with an 'illegal_parameter' alert if the
        // HelloRetryRequest would not result in any change"; so would a share that is there.
        Some(group) if has_share(group) || !awaited.offer.groups.contains(&group) => {
            let what =
                "a HelloRetryRequest for a share that was sent, or a group that was not offered";
            return Err(Error::IllegalParameter { what });
        }
        None if cookie.is_none() => {
            let what = "a HelloRetryRequest that changes nothing";
            return Err(Error::IllegalParameter { what });
        }
        Some(group) => {
            awaited.shares = Some(ClientShares::asked_for(&awaited.offer.config, group)?);
        }
        None => {}
    }
    let hash = traffic::hash(suite.suite);
    let mut transcript = Transcript::new(hash);
    transcript.add(&awaited.hello);
    let mut transcript = transcript.replaced_by_message_hash(hash);
    transcript.add(message);
    awaited.offer.keep_hash(hash);
    if awaited.offer.psks.is_empty() {
        return Err(Error::PskNotAccepted { alert: None });
    }
    awaited.hello = {
        let shares = awaited.shares.as_ref().map(ClientShares::entries);
        let shares = shares.unwrap_or_default();
        awaited
            .offer
            .write(&shares, cookie, |_| transcript.clone())?
    };
    records.send_change_cipher_spec();
    records.send_handshake(&awaited.hello)?;
    awaited.retry = Some(Retry { suite, transcript });
    Ok(awaited)
}

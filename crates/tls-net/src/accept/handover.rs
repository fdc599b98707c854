//! The finished handshake becomes a stream.

use std::sync::OnceLock;

use tls_wire::ClientHello;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Incoming;
use super::handshake::Finished;
use crate::connection_info::{ConnectionInfo, Facts};
use crate::stream::{Parts, Rest, TlsStream};
use crate::wire::Wire;

pub(crate) fn stream<IO>(
    incoming: &Incoming<'_>,
    wire: Wire<IO>,
    hello: Option<ClientHello>,
    finished: Finished,
) -> TlsStream<IO>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let Finished {
        chosen,
        record,
        negotiated,
        secrets,
        ..
    } = finished;
    let of_rustls = || secrets.exporter(negotiated.suite, finished.server_random);
    let exporter = finished.exporter.or_else(of_rustls);
    let info = ConnectionInfo::new(Facts {
        version: negotiated.version,
        suite: negotiated.suite,
        rustls_suite: negotiated.rustls_suite,
        psk_identity: negotiated.psk_identity,
        group: negotiated.group,
        kind: negotiated.kind,
        alpn: negotiated.alpn.map(Vec::into_boxed_slice),
        server_name: hello
            .as_ref()
            .and_then(|hello| hello.server_name())
            .map(Box::from),
        peer_certificates: negotiated.peer_certificates.into_boxed_slice(),
        refusal: finished.refusal,
        authorized: finished.authorized,
        resumption: finished.resumption,
        maker: finished.maker.map(String::into_boxed_str),
        early_data: finished.early.outcome,
        rule: chosen.rule,
        generation: chosen.generation,
        peer_addr: incoming.peer,
        elapsed: incoming.begun.elapsed(),
        hello: hello.filter(|_| incoming.shared.keep_hello),
        ocsp_response: None,
        staple_verdict: None,
        parsed_peer: OnceLock::new(),
    });
    tracing::debug!(
        peer = ?incoming.peer,
        server_name = ?info.server_name(),
        version = ?info.protocol_version(),
        suite = ?info.cipher_suite(),
        psk = ?info.psk_identity(),
        resumption = %info.resumption(),
        elapsed = ?info.handshake_duration(),
        "handshake done"
    );
    crate::metrics::finished(&info);
    let (io, received) = wire.into_parts();
    let rest = Rest {
        exporter,
        sessions: None,
        early: finished.early.data.into(),
    };
    let unsent = finished.unsent;
    let mut stream = TlsStream::new(Parts {
        io,
        record,
        info,
        incoming: received,
        unsent,
        rest,
    });
    let limits = &incoming.shared.limits;
    if limits.idle_timeout.is_some() {
        stream.set_idle_timeout(limits.idle_timeout);
    }
    if limits.write_timeout.is_some() {
        stream.set_write_timeout(limits.write_timeout);
    }
    stream
}

//! tokio-openssl over the system's OpenSSL.

use std::pin::Pin;

use openssl::pkey::PKey;
use openssl::ssl::{
    AlpnError, Ssl, SslContext, SslContextBuilder, SslMethod, SslOptions, SslSessionCacheMode,
    select_next_proto,
};
use openssl::x509::X509;
use tokio::net::TcpListener;
use tokio_openssl::SslStream;

use super::work::Work;
use crate::Result;
use crate::identity::{Identity, PROTOCOL};
use crate::psk;

pub(super) async fn serve(listener: TcpListener, work: Work) -> Result<()> {
    let context = context(work)?;
    loop {
        let (io, _) = listener.accept().await?;
        io.set_nodelay(true)?;
        let mut stream = SslStream::new(Ssl::new(&context)?, io)?;
        tokio::spawn(async move {
            if Pin::new(&mut stream).accept().await.is_ok() {
                work.serve(stream).await;
            }
        });
    }
}

fn context(work: Work) -> Result<SslContext> {
    let identity = Identity::generate()?;
    let key = PKey::private_key_from_der(identity.key.secret_der())?;
    let certificate = X509::from_der(&identity.certificate)?;
    let mut builder = SslContext::builder(SslMethod::tls_server())?;
    builder.set_certificate(&certificate)?;
    builder.set_private_key(&key)?;
    let mut protocols = vec![u8::try_from(PROTOCOL.len())?];
    protocols.extend_from_slice(PROTOCOL);
    builder.set_alpn_select_callback(move |_, offered| {
        // The client's list lives as long as the answer must, ours does not.
        select_next_proto(&protocols, offered)
            .and_then(|chosen| offered.windows(chosen.len()).find(|part| *part == chosen))
            .ok_or(AlpnError::ALERT_FATAL)
    });
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    builder.set_session_id_context(PROTOCOL)?;
    if work.row.handshake().is_psk() {
        set_psk(&mut builder)?;
    }
    if work.row.handshake().is_resumed() {
        builder.set_num_tickets(1)?;
    } else {
        builder.set_num_tickets(0)?;
        builder.set_options(SslOptions::NO_TICKET);
    }
    Ok(builder.build())
}

/// One key, whoever asks. TLS 1.3 takes it, too: for SHA-256, as the suite is.
fn set_psk(builder: &mut SslContextBuilder) -> Result<()> {
    builder.set_psk_server_callback(|_, identity, out| {
        let known = identity == Some(psk::IDENTITY.as_bytes());
        let room = out.get_mut(..psk::KEY.len());
        Ok(match room.filter(|_| known) {
            Some(room) => {
                room.copy_from_slice(&psk::KEY);
                psk::KEY.len()
            }
            None => 0,
        })
    });
    builder.set_cipher_list("ECDHE-PSK-CHACHA20-POLY1305")?;
    Ok(builder.set_groups_list("X25519")?)
}

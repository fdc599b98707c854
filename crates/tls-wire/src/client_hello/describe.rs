//! A ClientHello in words, for a person: one fact a line, nothing that a peer could inject.

use std::fmt::{self, Display};

use super::ClientHelloView;

/// Shows all facts of a hello, one a line. Made by [`ClientHelloView::describe`].
///
/// Text of the peer is escaped; tickets, identities and key shares are shown by length only.
#[derive(Clone, Copy, Debug)]
pub struct Description<'a>(pub(super) ClientHelloView<'a>);

impl Display for Description<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hello = &self.0;
        line(f, "length", hello.as_bytes().len())?;
        line(f, "ja4", hello.ja4())?;
        line(
            f,
            "server name",
            hello.server_name().as_deref().unwrap_or("none"),
        )?;
        list(f, "alpn", hello.alpn_protocols().map(<[u8]>::escape_ascii))?;
        list(f, "versions", hello.supported_versions())?;
        line(f, "session id", hello.session_id().len())?;
        list(f, "suites", hello.cipher_suites())?;
        list(f, "groups", hello.named_groups())?;
        let shares = hello.key_shares();
        list(
            f,
            "shares",
            shares.map(|s| format!("{} ({})", s.group, s.key_exchange.len())),
        )?;
        list(f, "schemes", hello.signature_schemes())?;
        list(
            f,
            "psk modes",
            hello.psk_modes().map(|mode| format!("{mode:?}")),
        )?;
        list(
            f,
            "psk identities",
            hello.psk_identities().map(|psk| psk.identity.len()),
        )?;
        let ticket = hello.session_ticket().map_or(0, <[u8]>::len);
        line(f, "ticket", ticket)?;
        line(f, "status request", hello.status_request())?;
        line(f, "early data", hello.early_data())?;
        line(f, "extended master secret", hello.extended_master_secret())?;
        let extensions = hello.extensions();
        list(
            f,
            "extensions",
            extensions.map(|extension| extension.extension_type),
        )
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, value: impl Display) -> fmt::Result {
    writeln!(f, "{name}: {value}")
}

fn list(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    values: impl Iterator<Item = impl Display>,
) -> fmt::Result {
    write!(f, "{name}:")?;
    let mut count = 0;
    for value in values {
        write!(f, "{}{value}", if count == 0 { " " } else { ", " })?;
        count += 1;
    }
    writeln!(f, "{}", if count == 0 { " none" } else { "" })
}

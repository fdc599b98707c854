//! What a session is bound to: the context id of a server, the verification id of a client.
//!
//! Both are SHA-256 over length-prefixed fields, the first of which names the kind and version of
//! the id. Two contexts with equal data have equal ids, also on two machines, so a fleet shares its
//! sessions; nothing random and no address of this process goes in.

use sha2::{Digest, Sha256};
use tls_certs::Identity;

use crate::ClientAuth;

/// Counts up whenever the rules change by which a peer's identity is judged, so that no session
/// that was judged by the old rules resumes under the new ones.
const IDENTITY_RULE_VERSION: u8 = 1;

/// In it: session id context, the names that the context serves, client-certificate policy with its
/// authorities, whether any certificate is accepted, and the version of the identity rule.
///
/// The names, not the certificates: a renewed certificate keeps the sessions, and another tenant's
/// context never resumes them. Not in it: versions, ciphers, groups and ALPN, since a handshake
/// negotiates those anew and rustls holds the suite together; tickets and lifetime, which are
/// checked on their own.
pub(crate) fn server(
    session_id_context: &[u8],
    identities: &[Identity],
    client_auth: &ClientAuth,
    authorities: Option<[u8; 32]>,
    accept_any: bool,
) -> [u8; 32] {
    let mut id = Fields::new(b"tls-context server v1");
    id.field(session_id_context);
    id.list(&served_names(identities));
    id.field(match client_auth {
        ClientAuth::Off => b"off",
        ClientAuth::Optional(_) => b"optional",
        ClientAuth::Required(_) => b"required",
    });
    id.trust(authorities);
    id.field(&[u8::from(accept_any), IDENTITY_RULE_VERSION]);
    id.finish()
}

/// In it: trust, whether any certificate is accepted, the client's own certificates, and the
/// version of the identity rule. A session is used again only under an equal id, and only for the
/// server name that made it.
///
/// The own certificates whole: the server goes on seeing the one that made the session, so a new
/// one needs a new session.
pub(crate) fn verification(
    trust: Option<[u8; 32]>,
    identities: &[Identity],
    accept_any: bool,
) -> [u8; 32] {
    let mut id = Fields::new(b"tls-context verification v1");
    id.trust(trust);
    let leaves: Vec<&[u8]> = identities
        .iter()
        .filter_map(|identity| identity.chain().first())
        .map(AsRef::as_ref)
        .collect();
    id.list(&leaves);
    id.field(&[u8::from(accept_any), IDENTITY_RULE_VERSION]);
    id.finish()
}

/// Sorted, each once: the order of names and of identities does not matter. A certificate without
/// names counts with its subject.
fn served_names(identities: &[Identity]) -> Vec<String> {
    let mut names: Vec<String> = identities.iter().flat_map(names_of).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn names_of(identity: &Identity) -> Vec<String> {
    let summary = identity.summary();
    let dns = summary
        .dns_names
        .iter()
        .map(|name| format!("dns:{}", name.to_ascii_lowercase()));
    let ip = summary
        .ip_addresses
        .iter()
        .map(|address| format!("ip:{address}"));
    let uri = summary.uris.iter().map(|uri| format!("uri:{uri}"));
    let mut names: Vec<String> = dns.chain(ip).chain(uri).collect();
    if names.is_empty() {
        names.push(format!("subject:{}", summary.subject));
    }
    names
}

/// A hash over fields, each behind its length, so that no two lists of fields give the same bytes.
struct Fields(Sha256);

impl Fields {
    fn new(kind: &[u8]) -> Self {
        let mut fields = Self(Sha256::new());
        fields.field(kind);
        fields
    }

    fn field(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn list<T: AsRef<[u8]>>(&mut self, items: &[T]) {
        self.0.update((items.len() as u64).to_be_bytes());
        for item in items {
            self.field(item.as_ref());
        }
    }

    /// The fingerprint of a trust.
    fn trust(&mut self, trust: Option<[u8; 32]>) {
        match trust {
            None => self.field(b""),
            Some(fingerprint) => self.field(&fingerprint),
        }
    }

    fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(fill: impl FnOnce(&mut Fields)) -> [u8; 32] {
        let mut fields = Fields::new(b"test");
        fill(&mut fields);
        fields.finish()
    }

    #[test]
    fn no_two_lists_of_fields_give_the_same_bytes() {
        let ids = [
            hash(|_| {}),
            hash(|id| id.field(b"")),
            hash(|id| id.field(b"abc")),
            hash(|id| {
                id.field(b"ab");
                id.field(b"c");
            }),
            hash(|id| {
                id.field(b"a");
                id.field(b"bc");
            }),
            hash(|id| id.list(&["ab", "c"])),
            hash(|id| id.list(&["abc"])),
        ];
        for (index, id) in ids.iter().enumerate() {
            assert!(!ids[..index].contains(id), "{index}");
        }
    }

    /// The ids are a contract between the machines of a fleet, old and new releases included:
    /// whoever changes what goes in gives the first field a new version, and these values change.
    #[test]
    fn ids_are_the_same_on_every_machine() {
        let server = server(b"blue", &[], &ClientAuth::Off, None, false);
        let client = verification(None, &[], true);
        assert_eq!(
            hex::encode(server),
            "0dafb43e767a699d28c672aed2087e5e964084f99871b844aae21e71ad32152c"
        );
        assert_eq!(
            hex::encode(client),
            "e9cde2c4bedfe845d3e9e5e8233568903ac16c664078ff74b6368ed05ca841ed"
        );
    }
}

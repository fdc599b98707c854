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

/// The fingerprint of a trust, and of the rules by which a chain is judged apart from it (partial
/// chains, what revocation lists are asked; not the lists, which change every day: a session that
/// comes back is judged by those of its day).
pub(crate) type Judgement = (Option<[u8; 32]>, Option<[u8; 32]>);

/// In it: session id context, the names that the context serves, client-certificate policy with its
/// authorities and rules, whether any certificate is accepted, and the version of the identity rule.
///
/// The names, not the certificates: a renewed certificate keeps the sessions, and another tenant's
/// context never resumes them. Not in it: versions, ciphers, groups and ALPN, since a handshake
/// negotiates those anew and rustls holds the suite together; tickets and lifetime, which are
/// checked on their own.
pub(crate) fn server(
    session_id_context: &[u8],
    identities: &[Identity],
    client_auth: &ClientAuth,
    (authorities, policy): Judgement,
    accept_any: bool,
) -> [u8; 32] {
    let mut id = Fields::new(b"tls-context server v2");
    id.field(session_id_context);
    id.list(&served_names(identities));
    id.field(match client_auth {
        ClientAuth::Off => b"off",
        ClientAuth::Optional(_) => b"optional",
        ClientAuth::Required(_) => b"required",
    });
    id.fingerprint(authorities);
    id.fingerprint(policy);
    id.field(&[u8::from(accept_any), IDENTITY_RULE_VERSION]);
    id.finish()
}

/// In it: trust and rules, whether any certificate is accepted, the client's own certificates, and the
/// version of the identity rule. A session is used again only under an equal id, and only for the
/// server name that made it.
///
/// The own certificates whole: the server goes on seeing the one that made the session, so a new
/// one needs a new session.
pub(crate) fn verification(
    (trust, policy): Judgement,
    identities: &[Identity],
    accept_any: bool,
) -> [u8; 32] {
    let mut id = Fields::new(b"tls-context verification v2");
    id.fingerprint(trust);
    id.fingerprint(policy);
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

    /// Of a trust or of rules; none is told apart from each.
    fn fingerprint(&mut self, fingerprint: Option<[u8; 32]>) {
        match fingerprint {
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
        let server = server(b"blue", &[], &ClientAuth::Off, (None, None), false);
        let client = verification((None, None), &[], true);
        assert_eq!(
            hex::encode(server),
            "5552b4cef74996409fdbfdd7c76879fccf54598855ceaa4d44aca144362b68f1"
        );
        assert_eq!(
            hex::encode(client),
            "eda6aecf365999c97d83fe6091b7c1dd68ba54ca5ec93e81d800721e0885ba87"
        );
    }
}

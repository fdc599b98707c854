//! The one error type of this crate.

use std::path::{Path, PathBuf};

use crate::KeyKind;
use crate::certificate::rfc3339;

/// Why certificates or keys could not be loaded, used or made.
///
/// The refusal of a peer's certificate is not here: that is a [`Refusal`](crate::Refusal).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file or directory could not be written, renamed or removed.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The bytes are DER where PEM text was expected.
    #[error("{origin} is not PEM text but looks like DER")]
    NotPem {
        /// Where the bytes came from.
        origin: String,
    },
    /// A PEM block is damaged.
    #[error("{origin}: PEM block {block} (line {line}) cannot be read: {reason}")]
    Pem {
        /// Where the text came from.
        origin: String,
        /// Number of the block, from 1.
        block: usize,
        /// Line on which the block begins, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// There is no certificate.
    #[error("{origin} holds no certificate{}", found(labels))]
    NoCertificate {
        /// Where the text came from.
        origin: String,
        /// Labels of the PEM blocks that are there.
        labels: Vec<String>,
    },
    /// A certificate cannot be parsed.
    #[error("{origin}: not a certificate that can be read: {reason}")]
    Certificate {
        /// Where the certificate came from.
        origin: String,
        /// What is wrong.
        reason: String,
    },
    /// There is no private key.
    #[error("{origin} holds no private key{}", found(labels))]
    NoKey {
        /// Where the text came from.
        origin: String,
        /// Labels of the PEM blocks that are there.
        labels: Vec<String>,
    },
    /// There are several private keys where one belongs.
    #[error("{origin} holds {count} private keys, one is expected")]
    SeveralKeys {
        /// Where the text came from.
        origin: String,
        /// How many there are.
        count: usize,
    },
    /// The private key is protected by a passphrase.
    #[error("{origin}: the private key ({label}) is encrypted")]
    EncryptedKey {
        /// Where the key came from.
        origin: String,
        /// Label of its PEM block.
        label: String,
    },
    /// The private key is damaged, too short or of a kind that cannot be used.
    #[error("{origin}: the private key cannot be used: {reason}")]
    UnusableKey {
        /// Where the key came from.
        origin: String,
        /// What is wrong.
        reason: String,
    },
    /// Key and certificate do not belong together (Node: "key values mismatch").
    #[error(
        "the private key ({key_kind}) does not belong to the certificate of {subject} ({certificate_kind})"
    )]
    KeyMismatch {
        /// Kind of the private key.
        key_kind: KeyKind,
        /// Subject of the (first) certificate.
        subject: String,
        /// Kind of key in that certificate.
        certificate_kind: KeyKind,
    },
    /// The certificate is past its end.
    #[error("the certificate of {subject} expired at {}", rfc3339(*not_after))]
    Expired {
        /// Subject of the certificate.
        subject: String,
        /// End of validity, seconds since 1970.
        not_after: i64,
    },
    /// The certificate is before its start.
    #[error("the certificate of {subject} is not valid before {}", rfc3339(*not_before))]
    NotYetValid {
        /// Subject of the certificate.
        subject: String,
        /// Start of validity, seconds since 1970.
        not_before: i64,
    },
    /// The system's store gave no certificate.
    #[error("the system's certificate store holds nothing usable: {reason}")]
    SystemStore {
        /// What was tried or went wrong.
        reason: String,
    },
    /// Client certificates were to be verified against nothing.
    #[error("no certificate is trusted, so no client could ever be accepted")]
    NothingTrusted,
    /// rustls refused to build a verifier.
    #[error("the verifier cannot be built: {reason}")]
    Verifier {
        /// What rustls says.
        reason: String,
    },
    /// The development directory, or a key in it, is open to other users.
    #[error("{} is {problem}", path.display())]
    UnsafePermissions {
        /// The directory or file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A name for a certificate is neither a host name nor an IP address.
    #[error("`{name}` is neither a DNS name nor an IP address")]
    InvalidName {
        /// The name.
        name: String,
    },
    /// No names were given for a certificate.
    #[error("a certificate needs at least one name")]
    NoNames,
    /// The development CA is constrained to this machine's names.
    #[error("the development CA may not vouch for `{name}`")]
    NameNotPermitted {
        /// The name.
        name: String,
    },
    /// The files of the development CA do not make one CA.
    #[error("the development CA in {} is damaged: {reason}", directory.display())]
    DamagedCa {
        /// Its directory.
        directory: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A key or certificate could not be made.
    #[error("cannot make a certificate: {reason}")]
    Generate {
        /// What the generator says.
        reason: String,
    },
}

impl Error {
    /// Stable code in `snake_case`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "file_unreadable",
            Self::Write { .. } => "file_unwritable",
            Self::NotPem { .. } => "not_pem",
            Self::Pem { .. } => "pem_damaged",
            Self::NoCertificate { .. } => "no_certificate",
            Self::Certificate { .. } => "certificate_damaged",
            Self::NoKey { .. } => "no_private_key",
            Self::SeveralKeys { .. } => "several_private_keys",
            Self::EncryptedKey { .. } => "private_key_encrypted",
            Self::UnusableKey { .. } => "private_key_unusable",
            Self::KeyMismatch { .. } => "key_mismatch",
            Self::Expired { .. } => "certificate_expired",
            Self::NotYetValid { .. } => "certificate_not_yet_valid",
            Self::SystemStore { .. } => "system_store_unavailable",
            Self::NothingTrusted => "nothing_trusted",
            Self::Verifier { .. } => "verifier_unusable",
            Self::UnsafePermissions { .. } => "unsafe_permissions",
            Self::InvalidName { .. } => "invalid_name",
            Self::NoNames => "no_names",
            Self::NameNotPermitted { .. } => "name_not_permitted",
            Self::DamagedCa { .. } => "development_ca_damaged",
            Self::Generate { .. } => "generation_failed",
        }
    }

    /// The code that Node gives for the same mistake, where it has one.
    #[must_use]
    pub const fn node_code(&self) -> Option<&'static str> {
        match self {
            Self::KeyMismatch { .. } => Some("ERR_OSSL_X509_KEY_VALUES_MISMATCH"),
            Self::NoCertificate { .. } | Self::NoKey { .. } | Self::NotPem { .. } => {
                Some("ERR_OSSL_PEM_NO_START_LINE")
            }
            Self::Pem { .. } => Some("ERR_OSSL_PEM_BAD_BASE64_DECODE"),
            Self::EncryptedKey { .. } => Some("ERR_OSSL_BAD_DECRYPT"),
            Self::Expired { .. } => Some("CERT_HAS_EXPIRED"),
            Self::NotYetValid { .. } => Some("CERT_NOT_YET_VALID"),
            _ => None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Read { .. } => {
                "check that the path is right and that this user may read the file"
            }
            Self::Write { .. } => {
                "check that this user may write to the directory and that the disk is not full"
            }
            Self::NotPem { .. } => {
                "convert it (openssl x509 -inform der -in FILE; openssl pkey -inform der -in FILE), or load it as DER"
            }
            Self::Pem { .. } => "the file was cut or edited; export it again",
            Self::NoCertificate { .. } => {
                "a block that starts with -----BEGIN CERTIFICATE----- is needed; were key and certificate swapped?"
            }
            Self::Certificate { .. } => {
                "have a look with: openssl x509 -noout -text -in FILE; export or issue it again"
            }
            Self::NoKey { .. } => {
                "a block that starts with -----BEGIN PRIVATE KEY----- is needed; were key and certificate swapped?"
            }
            Self::SeveralKeys { .. } => {
                "keep each key in a file of its own and load one identity per key"
            }
            Self::EncryptedKey { .. } => {
                "decrypt it into a file that only this user may read: (umask 077; openssl pkey -in FILE -out PLAIN)"
            }
            Self::UnusableKey { .. } => {
                "use an RSA key of 2048 to 8192 bits, an ECDSA key on P-256, P-384 or P-521, or an Ed25519 key"
            }
            Self::KeyMismatch { .. } => {
                "take the key that the certificate was requested with; compare: openssl x509 -noout -pubkey -in CERT and openssl pkey -pubout -in KEY"
            }
            Self::Expired { .. } => {
                "renew the certificate; if it looks current, check the clock of this machine"
            }
            Self::NotYetValid { .. } => {
                "check the clock of this machine; if it is right, wait or have the certificate issued again"
            }
            Self::SystemStore { .. } => {
                "install the ca-certificates package, set SSL_CERT_FILE or SSL_CERT_DIR, or use the bundled Mozilla roots"
            }
            Self::NothingTrusted => "give the CA that issues the clients' certificates",
            Self::Verifier { .. } => "check the trusted certificates",
            Self::UnsafePermissions { .. } => {
                "let only its owner read it: chmod 700 DIRECTORY, chmod 600 FILE"
            }
            Self::InvalidName { .. } => {
                "give names like localhost or app.localhost, or addresses like 127.0.0.1"
            }
            Self::NoNames => "give the names under which clients will connect, such as localhost",
            Self::NameNotPermitted { .. } => {
                "it is limited to localhost, names below it, this machine's name, 127.0.0.0/8 and ::1; for other names use a real CA. If the machine was renamed, remove the development CA and make it anew"
            }
            Self::DamagedCa { .. } => "remove the development CA and make it anew",
            Self::Generate { .. } => "please report this: generating should not fail",
        }
    }

    pub(crate) fn read(path: &Path, source: std::io::Error) -> Self {
        Self::Read {
            path: path.to_path_buf(),
            source,
        }
    }

    pub(crate) fn certificate(origin: &str, reason: impl std::fmt::Display) -> Self {
        Self::Certificate {
            origin: origin.to_owned(),
            reason: reason.to_string(),
        }
    }

    pub(crate) fn unusable_key(origin: &str, reason: impl std::fmt::Display) -> Self {
        Self::UnusableKey {
            origin: origin.to_owned(),
            reason: reason.to_string(),
        }
    }
}

fn found(labels: &[String]) -> String {
    if labels.is_empty() {
        return String::from(" (no PEM block at all)");
    }
    format!(" (found: {})", labels.join(", "))
}

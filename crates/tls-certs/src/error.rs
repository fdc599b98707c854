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
    /// A key is encrypted, and the passphrase is missing or does not fit (Node: "bad decrypt").
    #[error("{origin}: bad decrypt: {reason}")]
    BadDecrypt {
        /// Where the key came from.
        origin: String,
        /// Whether the passphrase is missing or wrong.
        reason: String,
    },
    /// A passphrase is needed and not where it should be.
    #[error("{origin}: no passphrase: {reason}")]
    Passphrase {
        /// Where it should come from.
        origin: String,
        /// What is wrong.
        reason: String,
    },
    /// A key is encrypted with an algorithm that is not read here.
    #[error("{origin}: encrypted with {algorithm}, which is not supported")]
    UnsupportedEncryption {
        /// Where the key came from.
        origin: String,
        /// The algorithm, by name where it has one.
        algorithm: String,
    },
    /// The file asks for more work or memory than decrypting may take.
    #[error("{origin}: decrypting would cost too much: {reason}")]
    EncryptionTooCostly {
        /// Where the key came from.
        origin: String,
        /// What is asked for and what is allowed.
        reason: String,
    },
    /// A PFX stands where certificates or a key are expected.
    #[error("{origin} is a PFX (PKCS#12), which holds certificates and keys in one")]
    UnexpectedPkcs12 {
        /// Where the bytes came from.
        origin: String,
    },
    /// A PFX is not sealed with this passphrase (Node: "mac verify failure").
    #[error(
        "{origin}: mac verify failure: the passphrase is wrong or missing, or the PFX was changed"
    )]
    Pkcs12Mac {
        /// Where the PFX came from.
        origin: String,
    },
    /// The bytes are not a PFX (Node: "not enough data").
    #[error("{origin}: not a PFX that can be read: {reason}")]
    Pkcs12 {
        /// Where the bytes came from.
        origin: String,
        /// What is wrong.
        reason: String,
    },
    /// A PFX uses something outdated or unusual (Node: "Unsupported PKCS12 PFX data").
    #[error("{origin}: Unsupported PKCS12 PFX data: {what}")]
    UnsupportedPkcs12 {
        /// Where the PFX came from.
        origin: String,
        /// What is not supported, by name where it has one.
        what: String,
    },
    /// A PFX holds certificates only.
    #[error("{origin}: Unable to load private key from PFX data")]
    Pkcs12NoKey {
        /// Where the PFX came from.
        origin: String,
    },
    /// A key is below the security level (Node: "ee key too small").
    #[error(
        "{origin}: ee key too small: {kind} of {bits} bits, security level {level} asks for {minimum}"
    )]
    KeyTooSmall {
        /// Where the key came from.
        origin: String,
        /// Kind of the key.
        kind: KeyKind,
        /// Its size in bits.
        bits: u32,
        /// Smallest size that is allowed.
        minimum: u32,
        /// The level that asks for it.
        level: crate::SecurityLevel,
    },
    /// Among several keys and certificates, a key has no certificate.
    #[error("{origin}: key values mismatch: none of the certificates belongs to this private key ({key_kind}); there are: {}", certificates.join("; "))]
    KeyWithoutCertificate {
        /// Where the key came from.
        origin: String,
        /// Kind of the key.
        key_kind: KeyKind,
        /// Subjects of the certificates that were given, at most ten.
        certificates: Vec<String>,
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
    /// A new certificate lacks names of the one in use.
    #[error("the new certificate of {subject} lacks names that the one in use has: {}", names.join(", "))]
    NamesLost {
        /// Subject of the new certificate.
        subject: String,
        /// The names that it lacks.
        names: Vec<String>,
    },
    /// A new certificate comes without its issuer's, which the one in use has with it.
    #[error("the new certificate of {subject} comes without that of its issuer {issuer}")]
    ChainIncomplete {
        /// Subject of the new certificate.
        subject: String,
        /// Its issuer.
        issuer: String,
    },
    /// A new revocation list is older than the one in use.
    #[error(
        "the new revocation list of {issuer} is of {}, older than the one in use of {}",
        date(*this_update),
        date(*in_use)
    )]
    CrlOlder {
        /// Who issued both.
        issuer: String,
        /// When the new one was issued, seconds since 1970.
        this_update: Option<i64>,
        /// When the one in use was issued, seconds since 1970.
        in_use: Option<i64>,
    },
    /// Among new revocation lists there is none of an issuer that the ones in use have.
    #[error("among the new revocation lists there is none of {issuer}, and those in use have one")]
    CrlLost {
        /// The issuer.
        issuer: String,
    },
    /// Files that are watched changed, and what they hold now is not taken.
    #[error("{files}: not reloaded, the old stays in use: {source}")]
    NotReloaded {
        /// The files.
        files: String,
        /// Why.
        source: std::sync::Arc<Self>,
    },
    /// The thread that watches files cannot be started.
    #[error("the thread that watches files cannot be started: {source}")]
    Watch {
        /// Why.
        source: std::io::Error,
    },
    /// The system's store gave no certificate.
    #[error("the system's certificate store holds nothing usable: {reason}")]
    SystemStore {
        /// What was tried or went wrong.
        reason: String,
    },
    /// A certificate revocation list cannot be used (Node: "Failed to parse CRL").
    #[error("{origin}: failed to parse CRL: {reason}")]
    Crl {
        /// Where the list came from.
        origin: String,
        /// What is wrong.
        reason: String,
    },
    /// The list that was to become the default CA certificates holds no certificate.
    #[error("no valid certificates found in the provided array")]
    NoCaCertificates,
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
    /// A name for a certificate is neither a host name nor an IP address, or a wildcard
    /// right under a top level (`*.localhost`), for which webpki refuses the certificate.
    #[error("`{name}` is neither a DNS name that peers accept nor an IP address")]
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
            Self::BadDecrypt { .. } => "bad_decrypt",
            Self::Passphrase { .. } => "passphrase_unavailable",
            Self::UnsupportedEncryption { .. } => "encryption_unsupported",
            Self::EncryptionTooCostly { .. } => "encryption_too_costly",
            Self::UnexpectedPkcs12 { .. } => "pkcs12_unexpected",
            Self::Pkcs12Mac { .. } => "pkcs12_mac_failure",
            Self::Pkcs12 { .. } => "pkcs12_damaged",
            Self::UnsupportedPkcs12 { .. } => "unsupported_pkcs12",
            Self::Pkcs12NoKey { .. } => "pkcs12_without_key",
            Self::KeyTooSmall { .. } => "key_too_small",
            Self::KeyWithoutCertificate { .. } => "key_without_certificate",
            Self::UnusableKey { .. } => "private_key_unusable",
            Self::KeyMismatch { .. } => "key_mismatch",
            Self::Expired { .. } => "certificate_expired",
            Self::NotYetValid { .. } => "certificate_not_yet_valid",
            Self::NamesLost { .. } => "names_lost",
            Self::ChainIncomplete { .. } => "chain_incomplete",
            Self::CrlOlder { .. } => "crl_older",
            Self::CrlLost { .. } => "crl_lost",
            Self::NotReloaded { .. } => "not_reloaded",
            Self::Watch { .. } => "watch_unavailable",
            Self::SystemStore { .. } => "system_store_unavailable",
            Self::Crl { .. } => "crl_damaged",
            Self::NoCaCertificates => "no_ca_certificates",
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
            Self::KeyMismatch { .. } | Self::KeyWithoutCertificate { .. } => {
                Some("ERR_OSSL_X509_KEY_VALUES_MISMATCH")
            }
            Self::KeyTooSmall { .. } => Some("ERR_SSL_EE_KEY_TOO_SMALL"),
            Self::UnsupportedPkcs12 { .. } => Some("ERR_CRYPTO_UNSUPPORTED_OPERATION"),
            Self::Pkcs12NoKey { .. } => Some("ERR_CRYPTO_OPERATION_FAILED"),
            Self::UnusableKey { .. } | Self::UnsupportedEncryption { .. } => {
                Some("ERR_OSSL_UNSUPPORTED")
            }
            Self::NoCertificate { .. } | Self::NoKey { .. } | Self::NotPem { .. } => {
                Some("ERR_OSSL_PEM_NO_START_LINE")
            }
            Self::Pem { .. } => Some("ERR_OSSL_PEM_BAD_BASE64_DECODE"),
            Self::BadDecrypt { .. } => Some("ERR_OSSL_BAD_DECRYPT"),
            Self::Crl { .. } | Self::NoCaCertificates => Some("ERR_CRYPTO_OPERATION_FAILED"),
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
                "a block that starts with -----BEGIN CERTIFICATE----- is needed; were key and certificate swapped? A PKCS7 block is taken apart by: openssl pkcs7 -print_certs -in FILE"
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
            Self::BadDecrypt { .. } => {
                "give the right passphrase, or decrypt it into a file that only this user may read: (umask 077; openssl pkey -in FILE -out PLAIN)"
            }
            Self::Passphrase { .. } => "set the variable, or give the passphrase in another way",
            Self::UnsupportedEncryption { .. } => {
                "encrypt it anew: openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE -out NEW (add -provider legacy -provider default if openssl refuses it too)"
            }
            Self::EncryptionTooCostly { .. } => {
                "did it come from a stranger? Else encrypt it anew with fewer iterations: openssl pkcs8 -topk8 -v2 aes-256-cbc -iter 600000"
            }
            Self::UnexpectedPkcs12 { .. } => {
                "load it as a PFX (--pfx FILE; IdentityLoader::pfx), or take the certificates out: openssl pkcs12 -nokeys -in FILE -out CERTIFICATES.pem"
            }
            Self::Pkcs12Mac { .. } => "give the passphrase of this PFX",
            Self::Pkcs12 { .. } => {
                "a PFX is binary (DER), mostly named .pfx or .p12; have a look with: openssl pkcs12 -info -noout -in FILE"
            }
            Self::UnsupportedPkcs12 { .. } => {
                "write it anew: openssl pkcs12 -legacy -in OLD -nodes -out ALL.pem, then openssl pkcs12 -export -in ALL.pem -out NEW"
            }
            Self::Pkcs12NoKey { .. } => {
                "export it again with the private key; if only certificates are meant, load them as PEM"
            }
            Self::KeyTooSmall { .. } => {
                "make a larger key and have a certificate issued for it; rustls does not sign with RSA keys below 2048 bits at any level"
            }
            Self::KeyWithoutCertificate { .. } => {
                "add its certificate, or leave the key out; compare: openssl x509 -noout -pubkey -in CERT and openssl pkey -pubout -in KEY"
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
            Self::NamesLost { .. } => {
                "have it issued for all names, or allow lost names where they are watched"
            }
            Self::ChainIncomplete { .. } => {
                "put the intermediate certificates into the file, after the certificate itself"
            }
            Self::CrlOlder { .. } => "fetch the current revocation list from the CA",
            Self::CrlLost { .. } => {
                "put that CA's list beside the others, or allow lost names where they are watched"
            }
            Self::NotReloaded { .. } => {
                "put the files right; they are looked at again, no restart is needed"
            }
            Self::Watch { .. } => "raise the limit of threads, or watch without a thread",
            Self::SystemStore { .. } => {
                "install the ca-certificates package, set SSL_CERT_FILE or SSL_CERT_DIR, or use the bundled Mozilla roots"
            }
            Self::Crl { .. } => {
                "have a look with: openssl crl -noout -text -in FILE; a complete version 2 list with a next update is needed (openssl ca -gencrl -crlexts)"
            }
            Self::NoCaCertificates => {
                "give PEM text with blocks that start with -----BEGIN CERTIFICATE-----"
            }
            Self::NothingTrusted => "give the CA that issues the clients' certificates",
            Self::Verifier { .. } => "check the trusted certificates",
            Self::UnsafePermissions { .. } => {
                "let only its owner read it: chmod 700 DIRECTORY, chmod 600 FILE"
            }
            Self::InvalidName { .. } => {
                "give names like localhost, app.localhost or *.app.localhost, or addresses like 127.0.0.1"
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

fn date(unix_seconds: Option<i64>) -> String {
    unix_seconds.map_or_else(|| String::from("no readable date"), rfc3339)
}

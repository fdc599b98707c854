//! The X.509 verification codes that Node and OpenSSL users search for.

use std::fmt;

/// Declares the codes once: variant, name, OpenSSL's wording, hint.
macro_rules! verify_codes {
    ($($(#[$attribute:meta])* $variant:ident, $name:literal, $message:literal, $hint:literal;)*) => {
        /// Why a certificate chain was refused, under the names of OpenSSL and `node:tls`.
        ///
        /// The set is the list of the `node:tls` page plus the code that Node gives for a
        /// name which the certificate does not carry. Five cannot arise here and are named
        /// so that programs can match on them: `UNABLE_TO_DECRYPT_CERT_SIGNATURE`,
        /// `UNABLE_TO_DECRYPT_CRL_SIGNATURE`, `OUT_OF_MEM`, `CERT_UNTRUSTED` and
        /// `HOSTNAME_MISMATCH` (`docs/verification.md` says why).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum VerifyCode {
            $($(#[$attribute])* #[doc = concat!("`", $name, "`: ", $message, ".")] $variant,)*
        }

        impl VerifyCode {
            /// Every code, in the order of the `node:tls` page.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable name, such as `CERT_HAS_EXPIRED`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// OpenSSL's wording (Node's for the name check), without a full stop.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)* }
            }

            /// What to do about it.
            #[must_use]
            pub const fn hint(self) -> &'static str {
                match self { $(Self::$variant => $hint,)* }
            }
        }
    };
}

verify_codes! {
    UnableToGetIssuerCert, "UNABLE_TO_GET_ISSUER_CERT", "unable to get issuer certificate",
        "the peer sent no certificate, or trust ends below the root; give the peer a certificate, or trust its CA";
    UnableToGetCrl, "UNABLE_TO_GET_CRL", "unable to get certificate CRL",
        "load the revocation list of the CA that issued this certificate";
    UnableToDecryptCertSignature, "UNABLE_TO_DECRYPT_CERT_SIGNATURE", "unable to decrypt certificate's signature",
        "the certificate is damaged; fetch it again or have it issued again";
    UnableToDecryptCrlSignature, "UNABLE_TO_DECRYPT_CRL_SIGNATURE", "unable to decrypt CRL's signature",
        "the revocation list is damaged; fetch it again";
    UnableToDecodeIssuerPublicKey, "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY", "unable to decode issuer public key",
        "the issuer's key is damaged or of an unknown kind; have the CA's certificate issued again";
    CertSignatureFailure, "CERT_SIGNATURE_FAILURE", "certificate signature failure",
        "the certificate was not signed by the CA it names, or with an algorithm that is refused; compare the CA's certificate with the one that was trusted, by fingerprint";
    CrlSignatureFailure, "CRL_SIGNATURE_FAILURE", "CRL signature failure",
        "the revocation list was not signed by this CA; fetch it again from the CA";
    CertNotYetValid, "CERT_NOT_YET_VALID", "certificate is not yet valid",
        "check the clock of this machine; if it is right, wait or have the certificate issued again";
    CertHasExpired, "CERT_HAS_EXPIRED", "certificate has expired",
        "renew the certificate and reload it on the peer; if it looks current, check the clock of this machine";
    CrlNotYetValid, "CRL_NOT_YET_VALID", "CRL is not yet valid",
        "check the clock of this machine";
    CrlHasExpired, "CRL_HAS_EXPIRED", "CRL has expired",
        "fetch the current revocation list from the CA";
    ErrorInCertNotBeforeField, "ERROR_IN_CERT_NOT_BEFORE_FIELD", "format error in certificate's notBefore field",
        "have the certificate issued again with a valid date";
    ErrorInCertNotAfterField, "ERROR_IN_CERT_NOT_AFTER_FIELD", "format error in certificate's notAfter field",
        "have the certificate issued again with a valid date";
    ErrorInCrlLastUpdateField, "ERROR_IN_CRL_LAST_UPDATE_FIELD", "format error in CRL's lastUpdate field",
        "fetch the revocation list again from the CA";
    ErrorInCrlNextUpdateField, "ERROR_IN_CRL_NEXT_UPDATE_FIELD", "format error in CRL's nextUpdate field",
        "fetch the revocation list again from the CA";
    OutOfMem, "OUT_OF_MEM", "out of memory",
        "give the process more memory";
    DepthZeroSelfSignedCert, "DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate",
        "nobody vouches for this certificate; if it is the one you expect, compare its fingerprint and list the certificate itself as trusted";
    SelfSignedCertInChain, "SELF_SIGNED_CERT_IN_CHAIN", "self-signed certificate in certificate chain",
        "the chain ends in a root that is not trusted here; if it is your own CA, add its certificate to the trusted ones";
    UnableToGetIssuerCertLocally, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "unable to get local issuer certificate",
        "the chain ends with a certificate whose issuer is not trusted here; add the root CA of this chain to the trusted certificates";
    UnableToVerifyLeafSignature, "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable to verify the first certificate",
        "the issuer is neither trusted here nor sent along; add the CA to the trusted certificates, or configure the peer to send its intermediate certificates";
    CertChainTooLong, "CERT_CHAIN_TOO_LONG", "certificate chain too long",
        "configure the peer to send only its own certificate and the intermediates";
    CertRevoked, "CERT_REVOKED", "certificate revoked",
        "the CA has withdrawn this certificate; have a new one issued, with a new key";
    InvalidCa, "INVALID_CA", "invalid CA certificate",
        "a certificate that is not a CA was used as one, or a CA certificate as a server's or client's own; have it issued again with fitting basic constraints";
    PathLengthExceeded, "PATH_LENGTH_EXCEEDED", "path length constraint exceeded",
        "a CA in the chain may not have this many CAs below it; have the certificate issued by a CA higher up";
    InvalidPurpose, "INVALID_PURPOSE", "unsuitable certificate purpose",
        "the extended key usage does not allow this use; a server needs serverAuth, a client needs clientAuth";
    CertUntrusted, "CERT_UNTRUSTED", "certificate not trusted",
        "have the certificate issued again by a CA that is trusted here";
    CertRejected, "CERT_REJECTED", "certificate rejected",
        "the certificate uses something that is refused here, or cannot be read; have it issued again as X.509 version 3 with the usual extensions";
    HostnameMismatch, "HOSTNAME_MISMATCH", "hostname mismatch",
        "connect under a name that the certificate carries, or have it issued for this one";
    AltnameInvalid, "ERR_TLS_CERT_ALTNAME_INVALID", "Hostname/IP does not match certificate's altnames",
        "connect under one of the names that the certificate carries, or have it issued with this name as a subject alternative name";
}

impl fmt::Display for VerifyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_name_a_message_and_a_hint() {
        for code in VerifyCode::ALL {
            assert!(
                code.as_str()
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b == b'_')
            );
            assert!(!code.message().is_empty());
            assert!(code.hint().len() > 20, "{code}");
        }
    }

    #[test]
    fn the_list_is_the_pages_28_and_the_name_check() {
        let lines: Vec<_> = VerifyCode::ALL
            .iter()
            .map(|code| format!("{code}: {}\n  {}", code.message(), code.hint()))
            .collect();
        insta::assert_snapshot!("verify_codes", lines.join("\n"));
        assert_eq!(lines.len(), 29);
    }
}

//! PEM text as a list of blocks (RFC 7468), each with its number and line for messages.

use std::path::Path;

use pem::Pem;
use pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use crate::displayed_text::displayed;
use crate::{Error, Passphrase, Result, pkcs12, private_key};

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

/// Labels under which certificates occur; the last carries OpenSSL's trust settings after
/// the certificate (Spec T-VER-20).
const CERTIFICATE_LABELS: [&str; 3] = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];

/// A file as large as this is no PEM bundle; all of Mozilla's roots are 200 KiB.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// Reads a whole file; zeroized when dropped, for it may hold a key.
pub(crate) fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let length = std::fs::metadata(path)
        .map_err(|e| Error::read(path, e))?
        .len();
    if length > MAX_FILE {
        let too_large = std::io::Error::new(std::io::ErrorKind::FileTooLarge, "larger than 16 MiB");
        return Err(Error::read(path, too_large));
    }
    std::fs::read(path)
        .map(Zeroizing::new)
        .map_err(|e| Error::read(path, e))
}

/// All certificates of PEM text in its order, or the one of DER. `origin` is the name under
/// which messages speak of the bytes.
///
/// Nothing is verified, and none is decoded further than its PEM block.
///
/// # Errors
///
/// [`Error::NoCertificate`], [`Error::Pem`].
pub fn certificates_of(bytes: &[u8], origin: &str) -> Result<Vec<CertificateDer<'static>>> {
    let bundle = PemBundle::find(bytes, origin);
    if bundle.is_empty() && looks_like_der(bytes) {
        return Ok(vec![certificate_of_der(bytes, origin)?]);
    }
    bundle.certificates()
}

/// The certificate that DER is, unless it is something else that people take for one.
pub(crate) fn certificate_of_der(der: &[u8], origin: &str) -> Result<CertificateDer<'static>> {
    refuse_pfx(der, origin)?;
    Ok(CertificateDer::from(der.to_vec()))
}

/// A PFX is opened as one: it has a passphrase, and several things in it.
pub(crate) fn refuse_pfx(der: &[u8], origin: &str) -> Result<()> {
    match pkcs12::is_pfx(der) {
        true => Err(Error::UnexpectedPkcs12 {
            origin: origin.to_owned(),
        }),
        false => Ok(()),
    }
}

/// One block as it stands in the text.
struct Block<'a> {
    number: usize,
    line: usize,
    label: String,
    text: &'a [u8],
    ended: bool,
}

/// The blocks of one PEM text.
pub(crate) struct PemBundle<'a> {
    origin: &'a str,
    blocks: Vec<Block<'a>>,
}

impl<'a> PemBundle<'a> {
    /// Finds the blocks. Text around them, CRLF and a missing final newline do no harm
    /// (Spec T-CRD-08).
    pub(crate) fn parse(text: &'a [u8], origin: &'a str) -> Result<Self> {
        let bundle = Self::find(text, origin);
        if bundle.is_empty() && looks_like_der(text) {
            refuse_pfx(text, origin)?;
            return Err(Error::NotPem {
                origin: origin.to_owned(),
            });
        }
        Ok(bundle)
    }

    /// As [`PemBundle::parse`], with no block at all where the bytes are DER.
    pub(crate) fn find(text: &'a [u8], origin: &'a str) -> Self {
        let blocks = find_blocks(text);
        Self { origin, blocks }
    }

    /// All certificates, in the order of the text.
    pub(crate) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>> {
        let certificates = self.trusted_certificates()?.into_iter();
        Ok(certificates.map(|(certificate, _)| certificate).collect())
    }

    /// All certificates, each with the trust settings that OpenSSL wrote behind it; mostly none.
    pub(crate) fn trusted_certificates(&self) -> Result<Vec<(CertificateDer<'static>, Vec<u8>)>> {
        let mut certificates = Vec::new();
        for block in self
            .blocks
            .iter()
            .filter(|block| CERTIFICATE_LABELS.contains(&block.label.as_str()))
        {
            let mut der = self.decode(block)?.into_contents();
            let settings = match block.label.as_str() {
                "TRUSTED CERTIFICATE" => {
                    der.split_off(first_value_length(&der).unwrap_or(der.len()))
                }
                _ => Vec::new(),
            };
            certificates.push((CertificateDer::from(der), settings));
        }
        if certificates.is_empty() {
            return Err(Error::NoCertificate {
                origin: self.origin.to_owned(),
                labels: self.labels(),
            });
        }
        Ok(certificates)
    }

    /// The one private key: PKCS#8, PKCS#1 or SEC1, decrypted if need be.
    pub(crate) fn private_key(
        &self,
        passphrase: Option<&Passphrase>,
    ) -> Result<PrivateKeyDer<'static>> {
        match self.key_blocks().count() {
            0 | 1 => {}
            count => {
                return Err(Error::SeveralKeys {
                    origin: self.origin.to_owned(),
                    count,
                });
            }
        }
        let mut keys = self.private_keys(passphrase)?;
        keys.pop().ok_or_else(|| self.no_key())
    }

    /// All private keys, in the order of the text.
    pub(crate) fn private_keys(
        &self,
        passphrase: Option<&Passphrase>,
    ) -> Result<Vec<PrivateKeyDer<'static>>> {
        let keys = self
            .key_blocks()
            .map(|block| {
                let pem = self.decode(block)?;
                let dek_info = pem.headers().get("DEK-Info").map(str::to_owned);
                let encryption = match block.is_encrypted() {
                    true => private_key::Encryption::Traditional(dek_info),
                    false => private_key::Encryption::AsLabelled,
                };
                let content = Zeroizing::new(pem.into_contents());
                private_key::from_block(&block.label, content, encryption, self.origin, passphrase)
            })
            .collect::<Result<Vec<_>>>()?;
        match keys.is_empty() {
            true => Err(self.no_key()),
            false => Ok(keys),
        }
    }

    fn key_blocks(&self) -> impl Iterator<Item = &Block<'a>> {
        self.blocks
            .iter()
            .filter(|block| block.label.ends_with("PRIVATE KEY"))
    }

    /// Whether there is no block at all, so that the bytes may be DER.
    pub(crate) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Whether there is a block with a private key.
    pub(crate) fn has_keys(&self) -> bool {
        self.key_blocks().next().is_some()
    }

    /// Whether there is a block with a certificate.
    pub(crate) fn has_certificates(&self) -> bool {
        self.blocks
            .iter()
            .any(|block| CERTIFICATE_LABELS.contains(&block.label.as_str()))
    }

    fn no_key(&self) -> Error {
        Error::NoKey {
            origin: self.origin.to_owned(),
            labels: self.labels(),
        }
    }

    fn decode(&self, block: &Block<'_>) -> Result<Pem> {
        let damaged = |reason: String| Error::Pem {
            origin: self.origin.to_owned(),
            block: block.number,
            line: block.line,
            reason,
        };
        if !block.ended {
            return Err(damaged(format!("no line -----END {}-----", block.label)));
        }
        pem::parse(block.text).map_err(|e| damaged(displayed(&e.to_string())))
    }

    fn labels(&self) -> Vec<String> {
        self.blocks
            .iter()
            .take(10)
            .map(|block| block.label.clone())
            .collect()
    }
}

impl Block<'_> {
    /// The older forms say so in a header (RFC 1421, Section 4.6.1.1), PKCS#8 in its label.
    fn is_encrypted(&self) -> bool {
        self.text
            .split(|&b| b == b'\n')
            .take(4)
            .any(|line| line.starts_with(b"Proc-Type:") && contains(line, b"ENCRYPTED"))
    }
}

/// Whether bytes begin as a SEQUENCE of a length that certificates and keys have.
pub(crate) fn looks_like_der(bytes: &[u8]) -> bool {
    matches!(bytes, [0x30, 0x81..=0x83, ..])
        || matches!(bytes, [0x30, length, rest @ ..] if *length < 0x80 && rest.len() == usize::from(*length))
}

fn find_blocks(text: &[u8]) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut position = 0;
    for (index, line) in text.split(|&b| b == b'\n').enumerate() {
        let end = position + line.len();
        if let Some(begin) = find(line, BEGIN) {
            let label = line[begin + BEGIN.len()..]
                .split(|&b| b == b'-')
                .next()
                .unwrap_or_default();
            blocks.push(Block {
                number: blocks.len() + 1,
                line: index + 1,
                label: displayed(String::from_utf8_lossy(label).trim()),
                text: &text[position + begin..],
                ended: false,
            });
        } else if let (Some(block), true) = (
            blocks.last_mut().filter(|b| !b.ended),
            line.trim_ascii_start().starts_with(END),
        ) {
            let start = text.len() - block.text.len();
            block.text = &text[start..end];
            block.ended = true;
        }
        position = end + 1;
    }
    blocks
}

/// Length of the first DER value, header included.
fn first_value_length(der: &[u8]) -> Option<usize> {
    use der::{Decode, Encode, Header, Reader, SliceReader};
    let mut reader = SliceReader::new(der).ok()?;
    let header = Header::decode(&mut reader).ok()?;
    _ = reader.position();
    let length = usize::try_from(header.encoded_len().ok()?).ok()?
        + usize::try_from(header.length()).ok()?;
    (length <= der.len()).then_some(length)
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    find(haystack, needle).is_some()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BLOCK: &str = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----";

    fn certificates(text: &str) -> Result<Vec<CertificateDer<'static>>> {
        PemBundle::parse(text.as_bytes(), "test")?.certificates()
    }

    // Spec: T-CRD-08, T-VER-20
    #[test]
    fn text_around_crlf_labels_and_a_missing_newline_do_no_harm() {
        let texts = [
            BLOCK.to_owned(),
            format!("\u{feff}{BLOCK}"),
            format!("subject=CN = x\n\n{BLOCK}\nBag Attributes\n"),
            BLOCK.replace('\n', "\r\n"),
            BLOCK.replace("CERTIFICATE", "X509 CERTIFICATE"),
            BLOCK
                .replace("CERTIFICATE", "TRUSTED CERTIFICATE")
                .replace("MAMCAQE=", "MAMCAQEwAA=="),
            format!(
                "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{BLOCK}"
            ),
        ];
        for text in texts {
            let found = certificates(&text).unwrap();
            assert_eq!(found[0].as_ref(), [0x30, 3, 2, 1, 1], "{text}");
        }
    }

    #[test]
    fn damage_is_reported_with_block_and_line() {
        let second =
            format!("{BLOCK}\n\n-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
        let cut = format!("{BLOCK}\n-----BEGIN CERTIFICATE-----\nMAMC");
        for (text, block, line) in [(second, 2, 5), (cut, 2, 4)] {
            match certificates(&text).unwrap_err() {
                Error::Pem {
                    block: b, line: l, ..
                } => assert_eq!((b, l), (block, line)),
                other => panic!("{other}"),
            }
        }
    }

    #[test]
    fn what_is_missing_is_named_with_what_is_there() {
        let key = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----";
        assert_eq!(
            certificates(key).unwrap_err().to_string(),
            "test holds no certificate (found: PRIVATE KEY)"
        );
        let no_key = PemBundle::parse(BLOCK.as_bytes(), "test")
            .unwrap()
            .private_key(None)
            .unwrap_err();
        assert_eq!(
            no_key.to_string(),
            "test holds no private key (found: CERTIFICATE)"
        );
        assert_eq!(
            certificates("").unwrap_err().to_string(),
            "test holds no certificate (no PEM block at all)"
        );
        let two = format!("{key}\n{key}");
        assert_eq!(
            PemBundle::parse(two.as_bytes(), "test")
                .unwrap()
                .private_key(None)
                .unwrap_err()
                .code(),
            "several_private_keys"
        );
    }

    #[test]
    fn certificates_are_found_in_pem_and_in_der() {
        let damaged = BLOCK.replace("MAM", "!");
        for (bytes, expected) in [
            (BLOCK.as_bytes(), Ok(1)),
            (&[0x30, 3, 2, 1, 1], Ok(1)),
            (&[0x30, 3, 2, 1], Err("no_certificate")),
            (b"", Err("no_certificate")),
            (damaged.as_bytes(), Err("pem_damaged")),
        ] {
            let found = certificates_of(bytes, "test");
            assert_eq!(
                found
                    .map(|certificates| certificates.len())
                    .map_err(|e| e.code()),
                expected
            );
        }
    }

    #[test]
    fn encrypted_keys_are_named() {
        let legacy = "-----BEGIN RSA PRIVATE KEY-----\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: AES-256-CBC,00\r\n\r\nMAA=\r\n-----END RSA PRIVATE KEY-----";
        let pkcs8 =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----";
        for text in [legacy, pkcs8] {
            let error = PemBundle::parse(text.as_bytes(), "test")
                .unwrap()
                .private_key(None)
                .unwrap_err();
            assert_eq!(error.code(), "bad_decrypt");
            assert!(error.hint().contains("openssl pkey"));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn any_text_is_an_answer_not_a_panic(text in "(-----BEGIN |CERTIFICATE|-----|END |\n|[A-Za-z0-9+/=]{0,8}|\\PC){0,40}") {
            if let Ok(bundle) = PemBundle::parse(text.as_bytes(), "test") {
                _ = bundle.certificates();
                _ = bundle.private_key(None);
            }
        }
    }
}

//! PEM text as a list of blocks (RFC 7468), each with its number and line for messages.

use std::path::Path;

use pem::Pem;
use pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
};
use zeroize::Zeroizing;

use crate::displayed_text::displayed;
use crate::{Error, Result};

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
        let blocks = find_blocks(text);
        if blocks.is_empty() && text.starts_with(&[0x30, 0x82]) {
            return Err(Error::NotPem {
                origin: origin.to_owned(),
            });
        }
        Ok(Self { origin, blocks })
    }

    /// All certificates, in the order of the text.
    pub(crate) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>> {
        let mut certificates = Vec::new();
        for block in self
            .blocks
            .iter()
            .filter(|block| CERTIFICATE_LABELS.contains(&block.label.as_str()))
        {
            let mut der = self.decode(block)?.into_contents();
            if block.label == "TRUSTED CERTIFICATE" {
                der.truncate(first_value_length(&der).unwrap_or(der.len()));
            }
            certificates.push(CertificateDer::from(der));
        }
        if certificates.is_empty() {
            return Err(Error::NoCertificate {
                origin: self.origin.to_owned(),
                labels: self.labels(),
            });
        }
        Ok(certificates)
    }

    /// The one private key: PKCS#8, PKCS#1 or SEC1, not encrypted.
    pub(crate) fn private_key(&self) -> Result<PrivateKeyDer<'static>> {
        let keys: Vec<_> = self
            .blocks
            .iter()
            .filter(|block| block.label.ends_with("PRIVATE KEY"))
            .collect();
        let [block] = keys.as_slice() else {
            let origin = self.origin.to_owned();
            return Err(match keys.len() {
                0 => Error::NoKey {
                    origin,
                    labels: self.labels(),
                },
                count => Error::SeveralKeys { origin, count },
            });
        };
        if block.is_encrypted() {
            return Err(Error::EncryptedKey {
                origin: self.origin.to_owned(),
                label: block.label.clone(),
            });
        }
        let der = |block| Ok(self.decode(block)?.into_contents());
        match block.label.as_str() {
            "PRIVATE KEY" => Ok(PrivatePkcs8KeyDer::from(der(block)?).into()),
            "RSA PRIVATE KEY" => Ok(PrivatePkcs1KeyDer::from(der(block)?).into()),
            "EC PRIVATE KEY" => Ok(PrivateSec1KeyDer::from(der(block)?).into()),
            other => Err(Error::unusable_key(
                self.origin,
                format!("`{other}` is not a kind that TLS can use here"),
            )),
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
    /// PKCS#8 says so in its label, the older forms in a header (RFC 1421, Section 4.6.1.1).
    fn is_encrypted(&self) -> bool {
        self.label == "ENCRYPTED PRIVATE KEY"
            || self
                .text
                .split(|&b| b == b'\n')
                .take(4)
                .any(|line| line.starts_with(b"Proc-Type:") && contains(line, b"ENCRYPTED"))
    }
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
            .private_key()
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
                .private_key()
                .unwrap_err()
                .code(),
            "several_private_keys"
        );
    }

    #[test]
    fn encrypted_keys_are_named() {
        let legacy = "-----BEGIN RSA PRIVATE KEY-----\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: AES-256-CBC,00\r\n\r\nMAA=\r\n-----END RSA PRIVATE KEY-----";
        let pkcs8 =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----";
        for text in [legacy, pkcs8] {
            let error = PemBundle::parse(text.as_bytes(), "test")
                .unwrap()
                .private_key()
                .unwrap_err();
            assert_eq!(error.code(), "private_key_encrypted");
            assert!(error.hint().contains("openssl pkey"));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn any_text_is_an_answer_not_a_panic(text in "(-----BEGIN |CERTIFICATE|-----|END |\n|[A-Za-z0-9+/=]{0,8}|\\PC){0,40}") {
            if let Ok(bundle) = PemBundle::parse(text.as_bytes(), "test") {
                _ = bundle.certificates();
                _ = bundle.private_key();
            }
        }
    }
}

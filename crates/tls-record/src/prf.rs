//! The PRF of TLS 1.2 (RFC 5246, Section 5).

use hkdf::hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384};
use tls_wire::HashAlgorithm;
use zeroize::Zeroize;

use crate::Error;

/// `PRF(secret, label, seed) = P_<hash>(secret, label + seed)`, cut to the length of `out`: with
/// label and seed as the parts of `label_and_seed`. For handshake engines; applications want an
/// [`Exporter`](crate::Exporter).
///
/// # Errors
///
/// [`Error::ExportSecret`] never, in practice: HMAC takes secrets of every length.
pub fn prf(
    hash: HashAlgorithm,
    secret: &[u8],
    label_and_seed: &[&[u8]],
    out: &mut [u8],
) -> Result<(), Error> {
    match hash {
        HashAlgorithm::Sha384 => p_hash::<Hmac<Sha384>>(secret, label_and_seed, out),
        _ => p_hash::<Hmac<Sha256>>(secret, label_and_seed, out),
    }
}

/// `P_hash(secret, seed) = HMAC(secret, A(1) + seed) + HMAC(secret, A(2) + seed) + …` with
/// `A(0) = seed` and `A(i) = HMAC(secret, A(i-1))`.
fn p_hash<M: Mac + KeyInit + Clone>(
    secret: &[u8],
    seed: &[&[u8]],
    out: &mut [u8],
) -> Result<(), Error> {
    // The key is hashed once for all blocks.
    let keyed = <M as KeyInit>::new_from_slice(secret).map_err(|_| Error::ExportSecret {
        expected: secret.len(),
        actual: secret.len(),
    })?;
    let mac = |parts: &[&[u8]]| {
        let mut mac = keyed.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes()
    };
    let mut a = mac(seed);
    let mut chunks = out.chunks_mut(M::output_size()).peekable();
    while let Some(chunk) = chunks.next() {
        let mut block = keyed.clone();
        block.update(&a);
        seed.iter().for_each(|part| block.update(part));
        let mut block = block.finalize().into_bytes();
        chunk.copy_from_slice(&block[..chunk.len()]);
        block.as_mut_slice().zeroize();
        if chunks.peek().is_some() {
            a = mac(&[&a]);
        }
    }
    a.as_mut_slice().zeroize();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector that is passed around for P_SHA256.
    #[test]
    fn p_sha256_gives_the_known_vector() {
        let secret = hex::decode("9bbe436ba940f017b17652849a71db35").unwrap();
        let seed = hex::decode("a0ba9f936cda311827a6f796ffd5198c").unwrap();
        let mut out = [0; 100];
        prf(
            HashAlgorithm::Sha256,
            &secret,
            &[b"test label", &seed],
            &mut out,
        )
        .unwrap();
        let expected = "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a\
                        6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab\
                        4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701\
                        87347b66";
        assert_eq!(hex::encode(out), expected);
    }

    /// Both hashes against OpenSSL's own PRF, for every length around the edges of blocks.
    #[test]
    fn both_hashes_agree_with_openssl() {
        let Some(openssl) = tls_testing::peer::Program::OpenSsl.require() else {
            return;
        };
        for (hash, name) in [
            (HashAlgorithm::Sha256, "SHA2-256"),
            (HashAlgorithm::Sha384, "SHA2-384"),
        ] {
            for length in [1, 12, 32, 48, 49, 104, 136] {
                let mut out = vec![0; length];
                prf(hash, &[7; 130], &[b"key ", b"expansion"], &mut out).unwrap();
                let output = std::process::Command::new(&openssl)
                    .args(["kdf", "-keylen", &length.to_string(), "-binary"])
                    .args(["-kdfopt", &format!("digest:{name}")])
                    .args(["-kdfopt", &format!("hexsecret:{}", "07".repeat(130))])
                    .args(["-kdfopt", "seed:key expansion", "TLS1-PRF"])
                    .output()
                    .unwrap();
                assert_eq!(out, output.stdout, "{name} {length}");
            }
        }
    }
}

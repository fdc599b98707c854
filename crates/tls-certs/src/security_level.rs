//! OpenSSL's security levels: how small a key may be.

use std::fmt;

use crate::{Error, KeyKind, Result};

/// How small a key may be, as OpenSSL's `SECLEVEL`.
///
/// | level | bits of security | RSA at least | elliptic curve at least |
/// |---|---|---|---|
/// | 0 | any | any | any |
/// | 1 | 80 | 1,024 | 160 |
/// | 2 (default) | 112 | 2,048 | 224 |
/// | 3 | 128 | 3,072 | 256 |
/// | 4 | 192 | 7,680 | 384 |
/// | 5 | 256 | 15,360 | 512 |
///
/// The level is about the keys of identities. Ed25519 counts as a curve of 256 bits. Whether
/// a peer's or CA's key is strong enough is webpki's decision, not this one's.
///
/// A level below 2 does not bring small RSA keys back: aws-lc, under rustls, signs with
/// 2,048 to 8,192 bits only, and refuses others as [`Error::UnusableKey`].
#[doc(alias = "SECLEVEL")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum SecurityLevel {
    /// Every key.
    Zero,
    /// 80 bits.
    One,
    /// 112 bits.
    #[default]
    Two,
    /// 128 bits.
    Three,
    /// 192 bits.
    Four,
    /// 256 bits.
    Five,
}

impl SecurityLevel {
    /// The level of a number from 0 to 5; `None` for others.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Zero,
            1 => Self::One,
            2 => Self::Two,
            3 => Self::Three,
            4 => Self::Four,
            5 => Self::Five,
            _ => return None,
        })
    }

    /// The number, 0 to 5.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Bits of security that are asked for.
    #[must_use]
    pub const fn bits(self) -> u32 {
        [0, 80, 112, 128, 192, 256][self as usize]
    }

    /// Smallest size in bits of a key of this kind; 0 where every size will do.
    #[must_use]
    pub const fn minimum_bits(self, kind: KeyKind) -> u32 {
        match kind {
            KeyKind::Rsa => [0, 1024, 2048, 3072, 7680, 15360][self as usize],
            KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521 | KeyKind::Ed25519 => {
                [0, 160, 224, 256, 384, 512][self as usize]
            }
            KeyKind::Other => 0,
        }
    }

    /// Checks the size of a key.
    ///
    /// # Errors
    ///
    /// [`Error::KeyTooSmall`] with `origin`, kind and size.
    pub fn check(self, origin: &str, kind: KeyKind, bits: u32) -> Result<()> {
        let minimum = self.minimum_bits(kind);
        if bits < minimum {
            return Err(Error::KeyTooSmall {
                origin: origin.to_owned(),
                kind,
                bits,
                minimum,
                level: self,
            });
        }
        Ok(())
    }
}

impl fmt::Display for SecurityLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Spec: CIP-11
    #[test]
    fn each_level_admits_what_openssl_admits() {
        let table = [
            (KeyKind::Rsa, 1023, 0),
            (KeyKind::Rsa, 1024, 1),
            (KeyKind::Rsa, 2047, 1),
            (KeyKind::Rsa, 2048, 2),
            (KeyKind::Rsa, 3072, 3),
            (KeyKind::Rsa, 4096, 3),
            (KeyKind::Rsa, 8192, 4),
            (KeyKind::EcdsaP256, 256, 3),
            (KeyKind::EcdsaP384, 384, 4),
            (KeyKind::EcdsaP521, 521, 5),
            (KeyKind::Ed25519, 256, 3),
        ];
        for (kind, bits, highest) in table {
            for number in 0..=5 {
                let level = SecurityLevel::from_number(number).unwrap();
                assert_eq!(level.number(), number);
                assert_eq!(
                    level.check("key", kind, bits).is_ok(),
                    number <= highest,
                    "{kind} {bits} at {level}"
                );
            }
        }
        assert_eq!(SecurityLevel::from_number(6), None);
        assert_eq!(SecurityLevel::default().bits(), 112);
    }
}

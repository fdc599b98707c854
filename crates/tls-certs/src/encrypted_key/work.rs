//! What the derivation of keys may cost. The counts come from the file.

use super::DecryptError;

/// Iterations for one key or one PFX, all derivations together. OpenSSL writes 2,048,
/// careful people a million; ten million take some seconds.
const MAX_ITERATIONS: u64 = 10_000_000;

/// Memory of scrypt (RFC 7914: 128 · r · (N + p) bytes).
const MAX_SCRYPT_MEMORY: u64 = 256 * 1024 * 1024;

/// The work that is left for one file.
pub(crate) struct Work {
    iterations: u64,
}

impl Work {
    pub(crate) const fn for_one_file() -> Self {
        Self {
            iterations: MAX_ITERATIONS,
        }
    }

    /// Takes iterations off; gives them back as the number that the derivations want.
    pub(crate) fn iterations(&mut self, count: u64) -> Result<u32, DecryptError> {
        let refused = || {
            DecryptError::TooCostly(format!(
                "{count} iterations are asked for, {} of {MAX_ITERATIONS} are left",
                self.iterations
            ))
        };
        if count == 0 {
            return Err(DecryptError::Damaged(String::from("0 iterations")));
        }
        let left = self.iterations.checked_sub(count).ok_or_else(refused)?;
        let count = u32::try_from(count).map_err(|_| refused())?;
        self.iterations = left;
        Ok(count)
    }

    /// Checks memory and time of scrypt; a block of memory counts as four iterations.
    pub(crate) fn scrypt(&mut self, n: u64, r: u64, p: u64) -> Result<(), DecryptError> {
        let memory = n.saturating_add(p).saturating_mul(r).saturating_mul(128);
        if memory > MAX_SCRYPT_MEMORY {
            return Err(DecryptError::TooCostly(format!(
                "scrypt with N = {n}, r = {r}, p = {p} takes {memory} bytes, {MAX_SCRYPT_MEMORY} are allowed"
            )));
        }
        self.iterations(n.saturating_mul(r).saturating_mul(p).saturating_mul(4))
            .map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_a_stranger_are_bounded_together() {
        let mut work = Work::for_one_file();
        assert_eq!(work.iterations(MAX_ITERATIONS - 1).unwrap(), 9_999_999);
        assert!(matches!(
            work.iterations(2),
            Err(DecryptError::TooCostly(_))
        ));
        assert_eq!(work.iterations(1).unwrap(), 1);
        assert!(matches!(work.iterations(0), Err(DecryptError::Damaged(_))));
        for count in [MAX_ITERATIONS + 1, u64::from(u32::MAX) + 1, u64::MAX] {
            assert!(Work::for_one_file().iterations(count).is_err());
        }
    }

    #[test]
    fn scrypt_takes_at_most_256_mib_and_some_seconds() {
        let allowed = |n, r, p| Work::for_one_file().scrypt(n, r, p).is_ok();
        assert!(allowed(1 << 14, 8, 1));
        assert!(allowed(1 << 17, 8, 2));
        assert!(allowed(1 << 17, 15, 1));
        assert!(!allowed(1 << 18, 8, 1));
        assert!(!allowed(2, 1, 1 << 40));
        assert!(!allowed(1 << 19, 8, 1));
        assert!(!allowed(1 << 17, 8, 200));
        assert!(!allowed(u64::MAX, u64::MAX, u64::MAX));
    }
}

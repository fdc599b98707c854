//! PSK binders (RFC 8446, Section 4.2.11.2).

use super::key_schedule::{EarlySecret, PskKind};
use crate::Error;
use crate::psk_choice::Candidate;
use crate::transcript::Transcript;

/// Finds the place among `candidates` of the key that the client's binder was made with, and the
/// secret that grows from it. `before` gives the messages in front of this hello.
///
/// A binder is compared in constant time, and every candidate is tried, so that the time does not
/// tell which one it is.
///
/// # Errors
///
/// [`Error::BinderLength`]; [`Error::BinderMismatch`] if none fits.
pub(crate) fn verify(
    candidates: &[Candidate],
    binder: &[u8],
    without_binders: &[u8],
    before: impl Fn(&Candidate) -> Transcript,
) -> Result<(usize, EarlySecret), Error> {
    let mut found = None;
    for (place, candidate) in candidates.iter().enumerate() {
        let expected = candidate.hash.output_len();
        // "the server MUST validate the corresponding binder value"; one of another length is not
        // a value of this hash at all.
        if binder.len() != expected {
            return Err(Error::BinderLength {
                length: binder.len(),
                expected,
            });
        }
        let early = EarlySecret::new(candidate.hash, candidate.secret());
        let messages = before(candidate).hash_with(without_binders);
        if early.binder(candidate.kind, &messages)?.equals(binder) {
            found = Some((place, early));
        }
    }
    found.ok_or(Error::BinderMismatch)
}

/// One key that a client offers, as far as its binder is concerned.
pub(crate) struct Binding {
    pub(crate) kind: PskKind,
    pub(crate) early: EarlySecret,
}

/// Fills in the binders at the end of `hello`, whose last `binders_len` bytes are their list with
/// zeros for values. `before` holds the messages in front of this hello.
pub(crate) fn fill<'a>(
    hello: &mut [u8],
    binders_len: usize,
    bindings: impl Iterator<Item = &'a Binding>,
    before: impl Fn(&Binding) -> Transcript,
) -> Result<(), Error> {
    const MISFIT: Error = Error::Provider {
        what: "writing binders",
    };
    let kept = hello.len().checked_sub(binders_len).ok_or(MISFIT)?;
    let (without_binders, list) = hello.split_at_mut(kept);
    // Behind the two bytes of length: each binder behind its own byte of length.
    let mut rest = list.get_mut(2..).ok_or(MISFIT)?;
    for binding in bindings {
        let messages = before(binding).hash_with(without_binders);
        let binder = binding.early.binder(binding.kind, &messages)?;
        let length = binder.as_bytes().len();
        let (one, behind) = rest.split_at_mut_checked(1 + length).ok_or(MISFIT)?;
        one[1..].copy_from_slice(binder.as_bytes());
        rest = behind;
    }
    Ok(())
}

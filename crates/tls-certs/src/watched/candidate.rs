//! What the files hold now, and how far its judgement has come.

use super::files::{Look, Stamps};
use crate::Error;

/// A failure is reported if it lasts for so many looks: until then it may be the middle of a
/// replacement.
const LASTS: u32 = 3;

/// The contents that the last look saw.
#[derive(Default)]
pub(super) struct Candidate {
    stamps: Stamps,
    in_use: [u8; 32],
    digest: [u8; 32],
    /// How many looks in a row saw it.
    seen: u32,
    failure: Option<Failure>,
}

#[derive(Clone, Copy)]
struct Failure {
    code: &'static str,
    reported: bool,
}

/// What to do with what a look saw.
#[derive(Debug, PartialEq)]
pub(super) enum Judgement {
    /// It is what is in use.
    InUse,
    /// It was seen for the first time and may be half-written.
    Wait,
    Judge,
}

impl Candidate {
    pub(super) fn in_use(look: &Look) -> Self {
        let mut candidate = Self::default();
        candidate.taken(look);
        candidate
    }

    /// Whether files with these stamps need not be read.
    pub(super) fn is_settled(&self, stamps: &Stamps) -> bool {
        let judged = match self.failure {
            None => self.digest == self.in_use,
            // Time alone may make it good.
            Some(failure) => failure.reported && failure.code != NOT_YET_VALID,
        };
        judged && self.stamps == *stamps && stamps.are_telling()
    }

    pub(super) fn see(&mut self, look: &Look, at_once: bool) -> Judgement {
        let digest = look.digest();
        self.stamps.clone_from(look.stamps());
        if digest != self.digest {
            self.digest = digest;
            self.seen = 0;
            self.failure = None;
        }
        self.seen = self.seen.saturating_add(1);
        if digest == self.in_use {
            Judgement::InUse
        } else if at_once || self.seen > 1 {
            Judgement::Judge
        } else {
            Judgement::Wait
        }
    }

    pub(super) fn taken(&mut self, look: &Look) {
        self.stamps.clone_from(look.stamps());
        self.in_use = look.digest();
        self.digest = self.in_use;
        self.failure = None;
    }

    /// Whether this failure is to be reported now: once for the same contents and reason.
    pub(super) fn failed(&mut self, error: &Error, at_once: bool) -> bool {
        let code = error.code();
        let reported = self.failure.is_some_and(|f| f.reported && f.code == code);
        let report = !reported && (at_once || self.seen >= LASTS);
        self.failure = Some(Failure {
            code,
            reported: reported || report,
        });
        report
    }
}

const NOT_YET_VALID: &str = "certificate_not_yet_valid";

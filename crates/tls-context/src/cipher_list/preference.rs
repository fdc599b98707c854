//! Suites in an order that rules change.

use rustls::SupportedCipherSuite;

use super::{group::strength, rule::Operator};

/// All suites of one kind, on or off. The rules are those of OpenSSL, on the same kind of list: what
/// is off has its place in the order too, and comes on in that order.
pub(super) struct Preference(Vec<Entry>);

#[derive(Clone, Copy)]
struct Entry {
    suite: SupportedCipherSuite,
    is_on: bool,
}

impl Preference {
    /// All off, in this order.
    pub(super) fn new(suites: Vec<SupportedCipherSuite>) -> Self {
        let off = |suite| Entry {
            suite,
            is_on: false,
        };
        Self(suites.into_iter().map(off).collect())
    }

    pub(super) fn apply(&mut self, operator: Operator, suites: &[SupportedCipherSuite]) {
        if operator == Operator::Kill {
            self.0.retain(|entry| !suites.contains(&entry.suite));
            return;
        }
        let set_on = operator != Operator::Remove;
        let changes = |entry: &Entry| {
            suites.contains(&entry.suite) && entry.is_on != (operator == Operator::Add)
        };
        let entries = std::mem::take(&mut self.0);
        let (mut changed, mut rest): (Vec<_>, Vec<_>) = entries.into_iter().partition(changes);
        for entry in &mut changed {
            entry.is_on = set_on;
        }
        // What is taken off goes to the front, so that it comes back first.
        if set_on {
            rest.append(&mut changed);
            self.0 = rest;
        } else {
            changed.append(&mut rest);
            self.0 = changed;
        }
    }

    /// Strongest first; equal ones stay in their order.
    pub(super) fn sort_by_strength(&mut self) {
        let entries = std::mem::take(&mut self.0);
        let (mut on, mut off): (Vec<_>, Vec<_>) = entries.into_iter().partition(|e| e.is_on);
        on.sort_by_key(|entry| std::cmp::Reverse(strength(entry.suite)));
        off.append(&mut on);
        self.0 = off;
    }

    /// Those that are on.
    pub(super) fn suites(&self) -> Vec<SupportedCipherSuite> {
        let on = self.0.iter().filter(|entry| entry.is_on);
        on.map(|entry| entry.suite).collect()
    }
}

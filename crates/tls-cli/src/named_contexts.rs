//! Which context belongs to a host name, and whether its clients are asked for certificates.

use tls::context::{Error, SniMap};
use tls::net::ContextRule;

/// The contexts of `--sni`, and the default one, as far as HTTP has to know them.
#[derive(Debug, Default)]
pub(crate) struct NamedContexts {
    default_asks: bool,
    /// Places in `patterns`.
    by_name: SniMap<usize>,
    /// Each pattern as it was typed, and whether its clients are asked for certificates.
    patterns: Vec<(String, bool)>,
}

impl NamedContexts {
    pub(crate) fn new(default_asks: bool) -> Self {
        Self {
            default_asks,
            ..Self::default()
        }
    }

    pub(crate) fn add(&mut self, pattern: &str, asks: bool) -> Result<(), Error> {
        self.by_name.insert(pattern, self.patterns.len())?;
        self.patterns.push((pattern.to_owned(), asks));
        Ok(())
    }

    /// Whether a request for `host` does not belong on a connection whose context `rule` chose.
    /// Where client certificates play a part, a client could otherwise connect under one policy
    /// and ask for what is under another (RFC 9110, Section 15.5.20).
    pub(crate) fn is_misdirected(&self, host: Option<&str>, rule: &ContextRule) -> bool {
        let wanted = host.and_then(|host| self.by_name.get(Some(host))).copied();
        let chosen = match rule {
            // The newest of equal patterns is the one in force.
            ContextRule::Name(name) => self
                .patterns
                .iter()
                .rposition(|(pattern, _)| **pattern == **name),
            _ => None,
        };
        wanted != chosen && (self.asks(wanted) || self.asks(chosen))
    }

    fn asks(&self, place: Option<usize>) -> bool {
        place.map_or(self.default_asks, |place| {
            self.patterns.get(place).is_none_or(|(_, asks)| *asks)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contexts(default_asks: bool, a_asks: bool) -> NamedContexts {
        let mut contexts = NamedContexts::new(default_asks);
        contexts.add("a.test", a_asks).unwrap();
        contexts.add("*.b.test", false).unwrap();
        contexts
    }

    #[test]
    fn a_request_for_another_policy_is_misdirected() {
        let a = ContextRule::Name("a.test".into());
        let b = ContextRule::Name("*.b.test".into());
        let table = [
            // Nobody is asked for certificates: any host may be asked for.
            (
                contexts(false, false),
                Some("a.test"),
                ContextRule::Default,
                false,
            ),
            (contexts(false, false), Some("x.b.test"), a.clone(), false),
            (
                contexts(false, true),
                Some("a.test"),
                ContextRule::Default,
                true,
            ),
            (
                contexts(false, true),
                Some("other.test"),
                ContextRule::Default,
                false,
            ),
            (contexts(false, true), None, ContextRule::Default, false),
            (contexts(false, true), Some("A.test"), a.clone(), false),
            (contexts(false, true), Some("x.b.test"), a.clone(), true),
            (contexts(false, true), Some("x.b.test"), b.clone(), false),
            (contexts(false, true), Some("y.b.test"), b.clone(), false),
            (contexts(false, true), Some("other.test"), b.clone(), false),
            (contexts(false, true), Some("a.test"), b, true),
            (
                contexts(true, false),
                Some("a.test"),
                ContextRule::Default,
                true,
            ),
            (
                contexts(true, false),
                Some("127.0.0.1"),
                ContextRule::Default,
                false,
            ),
            (contexts(true, false), None, a, true),
        ];
        for (contexts, host, rule, expected) in table {
            assert_eq!(
                contexts.is_misdirected(host, &rule),
                expected,
                "{host:?} on {rule}"
            );
        }
    }
}

//! The text of a cipher list, cut into rules.

use tls_certs::SecurityLevel;

use crate::Error;

/// What a rule does with the ciphers that its words have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// Puts those that are off at the end.
    Add,
    /// `-`: takes them off; a later rule may add them again.
    Remove,
    /// `!`: takes them off for good.
    Kill,
    /// `+`: moves those that are on to the end.
    MoveToEnd,
}

#[derive(Debug, PartialEq)]
pub(super) enum Rule<'a> {
    /// Words with `+` between them; at least one, none of them empty.
    Ciphers(Operator, Vec<&'a str>),
    /// `@STRENGTH`
    Strength,
    /// `@SECLEVEL=n`
    SecurityLevel(SecurityLevel),
}

/// Rules stand between colons, commas, semicolons or spaces; one that begins with `!` or `@` needs
/// nothing in front of it (`DEFAULT@SECLEVEL=1`).
pub(super) fn rules(list: &str) -> Result<Vec<Rule<'_>>, Error> {
    let mut rules = Vec::new();
    for text in list.split([':', ',', ';', ' ']) {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let after_first = first.len_utf8();
            let end = rest[after_first..].find(['!', '@']);
            let (rule, next) = rest.split_at(end.map_or(rest.len(), |end| after_first + end));
            rules.push(match first {
                '@' => command(rule)?,
                '!' => ciphers(Operator::Kill, rule, 1)?,
                '-' => ciphers(Operator::Remove, rule, 1)?,
                '+' => ciphers(Operator::MoveToEnd, rule, 1)?,
                _ => ciphers(Operator::Add, rule, 0)?,
            });
            rest = next;
        }
    }
    Ok(rules)
}

fn command(rule: &str) -> Result<Rule<'_>, Error> {
    let level = rule
        .strip_prefix("@SECLEVEL=")
        .and_then(|n| match n.as_bytes() {
            [digit @ b'0'..=b'5'] => SecurityLevel::from_number(digit - b'0'),
            _ => None,
        });
    match (rule, level) {
        ("@STRENGTH", _) => Ok(Rule::Strength),
        (_, Some(level)) => Ok(Rule::SecurityLevel(level)),
        _ => Err(Error::CipherWordNotSupported {
            word: rule.to_owned(),
            reason: "the commands are @STRENGTH and @SECLEVEL=0 to @SECLEVEL=5",
        }),
    }
}

fn ciphers(operator: Operator, rule: &str, prefix: usize) -> Result<Rule<'_>, Error> {
    let words: Vec<&str> = rule[prefix..].split('+').collect();
    if words.contains(&"") {
        return Err(Error::CipherWordNotSupported {
            word: rule.to_owned(),
            reason: "an operator stands before a word, and + between two",
        });
    }
    Ok(Rule::Ciphers(operator, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Spec: CIP-08
    #[test]
    fn a_list_is_cut_into_rules() {
        use Operator::{Add, Kill, MoveToEnd, Remove};
        let one = |operator, word| Rule::Ciphers(operator, vec![word]);
        let cases = [
            ("", vec![]),
            (" :,; ", vec![]),
            (
                "A:B,C;D E",
                ["A", "B", "C", "D", "E"].map(|w| one(Add, w)).into(),
            ),
            (
                "!A:-B:+C",
                vec![one(Kill, "A"), one(Remove, "B"), one(MoveToEnd, "C")],
            ),
            (
                "A+B:!C+D-E",
                vec![
                    Rule::Ciphers(Add, vec!["A", "B"]),
                    Rule::Ciphers(Kill, vec!["C", "D-E"]),
                ],
            ),
            (
                "ALL!A@STRENGTH",
                vec![one(Add, "ALL"), one(Kill, "A"), Rule::Strength],
            ),
            (
                "DEFAULT@SECLEVEL=0",
                vec![
                    one(Add, "DEFAULT"),
                    Rule::SecurityLevel(SecurityLevel::Zero),
                ],
            ),
            (
                "\u{e4}\u{f6}!\u{e4}",
                vec![one(Add, "\u{e4}\u{f6}"), one(Kill, "\u{e4}")],
            ),
        ];
        for (list, expected) in cases {
            assert_eq!(rules(list).unwrap(), expected, "{list}");
        }
        for bad in [
            "!",
            "A:+",
            "A+",
            "A++B",
            "@",
            "@SECLEVEL=6",
            "@SECLEVEL=",
            "@SECLEVEL=10",
            "@strength",
        ] {
            let error = rules(bad).unwrap_err();
            assert_eq!(error.code(), "cipher_word_not_supported", "{bad}");
        }
    }
}

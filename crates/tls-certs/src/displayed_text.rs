//! Text from certificates, made safe to show: a peer chooses every byte of it.

/// Characters of certificate text that a message shows before it is cut.
pub(crate) const MAX_DISPLAYED: usize = 256;
/// Names of one certificate that a message or refusal lists.
pub(crate) const MAX_NAMES: usize = 20;

/// Escapes control and direction-changing characters and cuts at [`MAX_DISPLAYED`].
pub(crate) fn displayed(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(MAX_DISPLAYED));
    for (written, c) in text.chars().enumerate() {
        if written == MAX_DISPLAYED {
            shown.push('…');
            break;
        }
        if is_deceptive(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Whether a terminal, log or page could be misled by the character.
pub(crate) fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    // Text from a peer is bounded and escaped wherever it is shown.
    #[test]
    fn control_and_direction_characters_are_escaped() {
        assert_eq!(displayed("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\u{a}");
        assert_eq!(displayed("\u{202e}moc.knab"), "\\u{202e}moc.knab");
        assert_eq!(displayed("Zürich"), "Zürich");
    }

    #[test]
    fn long_text_is_cut() {
        let shown = displayed(&"x".repeat(10_000));
        assert_eq!(shown.chars().count(), MAX_DISPLAYED + 1);
        assert!(shown.ends_with('…'));
    }
}

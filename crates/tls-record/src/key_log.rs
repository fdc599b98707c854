//! Lines of an NSS key log, as Wireshark reads them and Node's `keylog` event gives them.

use std::fmt::Write as _;

use zeroize::Zeroizing;

/// Which secret a line holds (the labels of the NSS Key Log Format, RFC 9850).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyLogLabel {
    /// TLS 1.2: the master secret.
    ClientRandom,
    /// TLS 1.3: protects early data.
    ClientEarlyTrafficSecret,
    /// TLS 1.3: protects the client's handshake messages.
    ClientHandshakeTrafficSecret,
    /// TLS 1.3: protects the server's handshake messages.
    ServerHandshakeTrafficSecret,
    /// TLS 1.3: protects the client's data until its first key update.
    ClientTrafficSecret0,
    /// TLS 1.3: protects the server's data until its first key update.
    ServerTrafficSecret0,
    /// TLS 1.3: what exporters start from.
    ExporterSecret,
}

impl KeyLogLabel {
    const ALL: [Self; 7] = [
        Self::ClientRandom,
        Self::ClientEarlyTrafficSecret,
        Self::ClientHandshakeTrafficSecret,
        Self::ServerHandshakeTrafficSecret,
        Self::ClientTrafficSecret0,
        Self::ServerTrafficSecret0,
        Self::ExporterSecret,
    ];

    /// The label as it stands in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientRandom => "CLIENT_RANDOM",
            Self::ClientEarlyTrafficSecret => "CLIENT_EARLY_TRAFFIC_SECRET",
            Self::ClientHandshakeTrafficSecret => "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            Self::ServerHandshakeTrafficSecret => "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            Self::ClientTrafficSecret0 => "CLIENT_TRAFFIC_SECRET_0",
            Self::ServerTrafficSecret0 => "SERVER_TRAFFIC_SECRET_0",
            Self::ExporterSecret => "EXPORTER_SECRET",
        }
    }

    /// The label of this name, as handshake engines give it to their key log.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|label| label.as_str() == name)
    }
}

/// One line, newline included: label, client random and secret, the latter two in lower-case hex
/// (`SOE-04`). Whoever has it can read the connection; it is overwritten with zeros when dropped.
#[must_use]
pub fn key_log_line(
    label: KeyLogLabel,
    client_random: &[u8; 32],
    secret: &[u8],
) -> Zeroizing<String> {
    let label = label.as_str();
    // All room at once: growing would leave copies of the secret behind.
    let length = label.len() + 2 * (client_random.len() + secret.len()) + 3;
    let mut line = Zeroizing::new(String::with_capacity(length));
    line.push_str(label);
    for part in [&client_random[..], secret] {
        line.push(' ');
        for byte in part {
            // Writing to a String does not fail.
            let _ = write!(line, "{byte:02x}");
        }
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    // Spec: SOE-04
    #[test]
    fn soe_04_a_line_is_label_random_secret_newline() {
        let line = key_log_line(KeyLogLabel::ExporterSecret, &[0xa5; 32], &[0x0f; 48]);
        assert_eq!(
            *line,
            format!("EXPORTER_SECRET {} {}\n", "a5".repeat(32), "0f".repeat(48))
        );
        assert_eq!(line.capacity(), line.len());
    }

    #[test]
    fn every_label_is_found_by_its_name() {
        for label in KeyLogLabel::ALL {
            assert_eq!(KeyLogLabel::from_name(label.as_str()), Some(label));
        }
        assert_eq!(KeyLogLabel::from_name("client_random"), None);
    }
}

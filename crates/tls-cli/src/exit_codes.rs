//! The exit codes of every command, in one table.

use std::process;

/// How a command ended. `1` is always the bad answer, so that `tls … || alarm` works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitCode {
    Done,
    No,
    Usage,
    Local,
    Network,
    Handshake,
    CertificateRefused,
    DrainCut,
    Bug,
}

impl ExitCode {
    pub(crate) const ALL: [Self; 9] = [
        Self::Done,
        Self::No,
        Self::Usage,
        Self::Local,
        Self::Network,
        Self::Handshake,
        Self::CertificateRefused,
        Self::DrainCut,
        Self::Bug,
    ];

    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::Local => 3,
            Self::Network => 4,
            Self::Handshake => 5,
            Self::CertificateRefused => 6,
            Self::DrainCut => 7,
            Self::Bug => 70,
        }
    }

    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or yes",
            Self::No => "the answer is no",
            Self::Usage => "usage or configuration: an option, a cipher list, a version",
            Self::Local => "local: a file, a key, a permission, a port",
            Self::Network => "network: the name, refused, reset, a deadline",
            Self::Handshake => "the handshake failed: an alert, or the protocol",
            Self::CertificateRefused => "the peer's certificate was refused",
            Self::DrainCut => "the drain's deadline passed and cut connections",
            Self::Bug => "a bug of ours",
        }
    }
}

impl From<ExitCode> for process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

/// The table, as `tls help exit-codes` prints it.
pub(crate) fn table() -> String {
    let line = |code: ExitCode| format!("{:>4}  {}\n", code.number(), code.meaning());
    ExitCode::ALL.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_contract() {
        let numbers: Vec<_> = ExitCode::ALL.iter().map(|code| code.number()).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 70]);
        assert_eq!(table().lines().count(), numbers.len());
        assert!(table().contains("   6  the peer's certificate was refused\n"));
    }
}

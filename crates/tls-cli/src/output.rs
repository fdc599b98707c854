//! Standard output of a server: lines go through a thread of their own, so that a terminal that
//! was stopped, or a slow pipe, holds up no connection.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::error::{Error, Result};
use crate::exit_codes::ExitCode;

/// Lines that may wait; beyond it they are dropped and counted.
const WAITING: usize = 4096;

/// Takes lines. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    lines: SyncSender<String>,
    dropped: Arc<AtomicU64>,
}

impl Output {
    /// Starts the thread. Join it after the last `Output` is gone, so that everything is written.
    pub(crate) fn start() -> (Self, JoinHandle<()>) {
        let (lines, waiting) = sync_channel(WAITING);
        let dropped = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&dropped);
        let writer = std::thread::spawn(move || write(&waiting, &counted));
        (Self { lines, dropped }, writer)
    }

    /// Writes a line, or counts it as dropped. Never blocks.
    pub(crate) fn line(&self, line: String) {
        if self.lines.try_send(line).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn write(waiting: &Receiver<String>, dropped: &AtomicU64) {
    while let Ok(line) = waiting.recv() {
        // A reader that has gone is no reason to stop serving.
        let _ = print(&line);
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let _ = writeln!(
                std::io::stderr(),
                "tls: {lost} lines were dropped, as the output is too slow"
            );
        }
    }
}

/// Writes a line to standard output at once.
fn print(line: &str) -> std::io::Result<()> {
    let mut stdout = anstream::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// Prints the result of a command. A reader that has gone is no failure.
pub(crate) fn result(text: &str) -> Result<ExitCode> {
    match print(text) {
        Ok(()) => Ok(ExitCode::Done),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(ExitCode::Done),
        Err(source) => Err(Error::System {
            what: "can't write to standard output",
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_drops_and_counts() {
        let (lines, _waiting) = sync_channel(1);
        let output = Output {
            lines,
            dropped: Arc::default(),
        };
        for _ in 0..3 {
            output.line("x".to_owned());
        }
        assert_eq!(output.dropped.load(Ordering::Relaxed), 2);
    }
}

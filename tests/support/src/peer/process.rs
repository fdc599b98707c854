//! A running program: its output as it comes, and its end. Killed and reaped on drop.

use std::{
    io::{Read, Write},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// How long one program may live before whatever waits for it panics.
pub(super) const LIFETIME: Duration = Duration::from_secs(60);

/// How long the output of a program may go on after its exit: processes that it started itself
/// may still hold the pipes.
const AFTERMATH: Duration = Duration::from_secs(2);

/// A program that was started and that ends with this value.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    said: Arc<Said>,
    /// How much of the standard output [`next_line`](Self::next_line) has given.
    lines_read: usize,
    deadline: Instant,
}

/// What a program said so far.
#[derive(Debug, Default)]
struct Said {
    streams: Mutex<[Stream; 2]>,
    more: Notify,
}

#[derive(Debug, Default)]
struct Stream {
    bytes: Vec<u8>,
    ended: bool,
}

/// What a program said until its end, and how it ended.
#[derive(Debug, Clone)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Output {
    /// Whether `text` is in either output.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        self.stdout.contains(text) || self.stderr.contains(text)
    }

    /// Panics, showing both outputs, unless the program ended well.
    pub fn expect_success(self) -> Self {
        assert!(
            self.status.success(),
            "{}\n{}\n{}",
            self.status,
            self.stdout,
            self.stderr
        );
        self
    }
}

impl Process {
    /// Starts `command` with all three standard streams as pipes. Must be called within a tokio
    /// runtime. Any program will do, for example our own binary.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let spawned = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = spawned.unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let said = Arc::new(Said::default());
        said.keep(0, child.stdout.take().unwrap());
        said.keep(1, child.stderr.take().unwrap());
        let stdin = child.stdin.take();
        Self {
            name,
            child,
            stdin,
            said,
            lines_read: 0,
            deadline: Instant::now() + LIFETIME,
        }
    }

    /// Allows `lifetime` from now on, rather than a minute from the start.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.deadline = Instant::now() + lifetime;
        self
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Writes to its standard input. A program that has ended takes nothing; that is no error,
    /// since its output tells more.
    pub fn send(&mut self, bytes: &[u8]) {
        if let Some(stdin) = &mut self.stdin {
            let _ = stdin.write_all(bytes).and_then(|()| stdin.flush());
        }
    }

    /// Ends its standard input.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Waits until `text` is in its standard output or error. Panics, showing both, when the
    /// program ends before, or the deadline passes.
    pub async fn wait_for(&mut self, text: &str) {
        let said = Arc::clone(&self.said);
        self.until(&format!("{text:?}"), || said.contains(text))
            .await;
    }

    /// Waits as [`wait_for`](Self::wait_for) does until one of `texts` is there, and gives its place
    /// among them.
    pub async fn wait_for_one_of(&mut self, texts: &[&str]) -> usize {
        let said = Arc::clone(&self.said);
        let found = || texts.iter().position(|text| said.contains(text));
        self.until(&format!("one of {texts:?}"), || found().is_some())
            .await;
        found().unwrap_or(texts.len())
    }

    /// The next whole line of its standard output, without the line end. Panics as
    /// [`wait_for`](Self::wait_for) does.
    pub async fn next_line(&mut self) -> String {
        let said = Arc::clone(&self.said);
        let from = self.lines_read;
        self.until("a line", || said.line(from).is_some()).await;
        let line = self.said.line(from).unwrap();
        self.lines_read += line.len() + 1;
        line.trim_end_matches('\r').to_owned()
    }

    /// Lines until one begins with `start`; gives the rest of that line.
    pub async fn line_after(&mut self, start: &str) -> String {
        loop {
            if let Some(rest) = self.next_line().await.strip_prefix(start) {
                return rest.to_owned();
            }
        }
    }

    /// What it wrote to its standard output so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.said.text(0)
    }

    /// What it wrote to its standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.said.text(1)
    }

    /// Ends its standard input and waits for its end. Panics, showing its output, at the deadline.
    pub async fn finish(mut self) -> Output {
        self.close_stdin();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > self.deadline {
                self.fail("its end");
            }
            // Another process ends when it ends: there is nothing to await but time.
            let soon = Duration::from_millis(5);
            let _ = tokio::time::timeout(soon, self.said.more.notified()).await;
        };
        let said = Arc::clone(&self.said);
        let _ = tokio::time::timeout(AFTERMATH, said.wait(|| said.ended())).await;
        Output {
            status,
            stdout: self.stdout(),
            stderr: self.stderr(),
        }
    }

    /// Stops it in its tracks, until [`resume`](Self::resume).
    pub fn pause(&self) {
        self.signal(rustix::process::Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal(rustix::process::Signal::CONT);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Kills it and waits for its end.
    pub fn stop(mut self) -> Output {
        let status = self.kill();
        Output {
            status,
            stdout: self.stdout(),
            stderr: self.stderr(),
        }
    }

    async fn until(&self, what: &str, is_there: impl Fn() -> bool) {
        let found = self.said.wait(|| is_there() || self.said.ended());
        let in_time = tokio::time::timeout_at(self.deadline, found).await.is_ok();
        if !in_time || !is_there() {
            self.fail(what);
        }
    }

    fn fail(&self, what: &str) -> ! {
        panic!(
            "{}: waited in vain for {what}\n--- stdout\n{}\n--- stderr\n{}",
            self.name,
            self.stdout(),
            self.stderr()
        )
    }

    pub(super) fn kill(&mut self) -> ExitStatus {
        let _ = self.child.kill();
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Said {
    /// Reads `pipe` to its end on a thread of its own.
    fn keep(self: &Arc<Self>, which: usize, mut pipe: impl Read + Send + 'static) {
        let said = Arc::clone(self);
        std::thread::spawn(move || {
            let mut part = [0; 8192];
            while let Ok(count @ 1..) = pipe.read(&mut part) {
                said.streams.lock().unwrap()[which]
                    .bytes
                    .extend_from_slice(&part[..count]);
                said.more.notify_waiters();
            }
            said.streams.lock().unwrap()[which].ended = true;
            said.more.notify_waiters();
        });
    }

    async fn wait(&self, done: impl Fn() -> bool) {
        loop {
            let more = self.more.notified();
            tokio::pin!(more);
            more.as_mut().enable(); // Before the look, so that nothing is missed between.
            if done() {
                return;
            }
            more.await;
        }
    }

    fn text(&self, which: usize) -> String {
        String::from_utf8_lossy(&self.streams.lock().unwrap()[which].bytes).into_owned()
    }

    fn contains(&self, text: &str) -> bool {
        self.text(0).contains(text) || self.text(1).contains(text)
    }

    fn line(&self, from: usize) -> Option<String> {
        let streams = self.streams.lock().unwrap();
        let rest = streams[0].bytes.get(from..)?;
        let end = rest.iter().position(|&byte| byte == b'\n')?;
        Some(String::from_utf8_lossy(&rest[..end]).into_owned())
    }

    fn ended(&self) -> bool {
        self.streams
            .lock()
            .unwrap()
            .iter()
            .all(|stream| stream.ended)
    }
}

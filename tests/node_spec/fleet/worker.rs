//! A worker: this very program, started again to be a server.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tls_certs::Identity;
use tls_context::SecureContext;
use tls_net::TlsAcceptor;
use tls_session_store::{Clock, RedisStore, SharedSecret, TicketKeys};
use tls_testing::peer::Process;
use tls_tests::{PemFiles, in_time};
use tokio::sync::mpsc;

const HOUR: Duration = Duration::from_secs(3_600);

/// What a worker finds in its environment.
const CERT: &str = "FLEET_CERT";
const KEY: &str = "FLEET_KEY";
const WAY: &str = "FLEET_WAY";
const AHEAD: &str = "FLEET_CLOCK_AHEAD";

/// How a fleet's keys follow one another.
#[derive(Clone, Copy)]
pub(super) enum Way<'a> {
    /// Through the Redis at this URL.
    Published(&'a str),
    ByClock,
}

/// Workers with one certificate, and one secret.
pub(super) struct Fleet {
    pub(super) workers: Vec<Worker>,
    files: PemFiles,
    way: String,
    /// Seconds that their clocks were moved.
    ahead: u64,
}

impl Fleet {
    pub(super) async fn start(way: Way<'_>, count: usize) -> Self {
        let way = match way {
            Way::Published(url) => url.to_owned(),
            Way::ByClock => "clock".to_owned(),
        };
        let mut fleet = Self {
            workers: Vec::new(),
            files: PemFiles::new(),
            way,
            ahead: 0,
        };
        for _ in 0..count {
            let worker = fleet.worker(&fleet.way).await;
            fleet.workers.push(worker);
        }
        fleet
    }

    /// One more, which reaches the same Redis by another URL.
    pub(super) async fn join(&mut self, url: &str) {
        let worker = self.worker(url).await;
        self.workers.push(worker);
    }

    async fn worker(&self, way: &str) -> Worker {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["fleet::worker::process", "--exact", "--nocapture"])
            .env(CERT, &self.files.cert)
            .env(KEY, &self.files.key)
            .env(WAY, way)
            .env(AHEAD, self.ahead.to_string());
        let mut process = Process::start(command);
        let address = process.line_after("listening ").await.parse().unwrap();
        Worker { process, address }
    }

    /// Ends one as a crash would, and starts another.
    pub(super) async fn restart(&mut self, index: usize) {
        let worker = self.worker(&self.way).await;
        std::mem::replace(&mut self.workers[index], worker)
            .process
            .stop();
    }

    /// Moves all clocks on.
    pub(super) async fn advance(&mut self, seconds: u64) {
        self.ahead += seconds;
        for worker in &mut self.workers {
            worker.ask(&format!("advance {seconds}")).await;
        }
    }

    /// Everybody looks for keys, twice, since the second look shows what the others put. The name of
    /// the one key that issues.
    pub(super) async fn sync(&mut self) -> String {
        self.sync_first(self.workers.len()).await
    }

    /// The same of so many of them.
    pub(super) async fn sync_first(&mut self, count: usize) -> String {
        let mut issuing = HashSet::new();
        for round in 0..2 {
            for worker in self.workers.iter_mut().take(count) {
                let name = worker.ask("sync").await;
                if round == 1 {
                    issuing.insert(name);
                }
            }
        }
        assert_eq!(issuing.len(), 1, "workers disagree: {issuing:?}");
        issuing.into_iter().next().unwrap()
    }
}

pub(super) struct Worker {
    process: Process,
    pub(super) address: SocketAddr,
}

impl Worker {
    /// Tells it something, and gives its answer.
    pub(super) async fn ask(&mut self, command: &str) -> String {
        self.process.send(format!("{command}\n").as_bytes());
        in_time(command, self.process.line_after("done ")).await
    }
}

/// Nothing, unless a fleet started it.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn process() {
    let Ok(way) = std::env::var(WAY) else {
        return;
    };
    let variable = |name: &str| std::env::var(name).unwrap();
    let ahead = Arc::new(AtomicU64::new(variable(AHEAD).parse().unwrap()));
    let keys = keys(&way, &ahead);
    let identity = Identity::from_pem_files(variable(CERT), variable(KEY)).unwrap();
    let context = SecureContext::server(identity).build().unwrap();
    let acceptor = TlsAcceptor::builder(context).ticket_keys(keys.clone());
    let server = acceptor.build().unwrap().bind("127.0.0.1:0").await.unwrap();
    println!("\nlistening {}", server.local_addr().unwrap());
    let serving = tokio::spawn(server.serve(|stream| async move {
        let _ = tls_tests::served::echo(stream).await;
    }));

    let (sender, mut commands) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    while let Some(command) = commands.recv().await {
        let answer = obey(&command, &keys, &ahead).await;
        println!("done {answer}");
    }
    serving.abort();
}

fn keys(way: &str, ahead: &Arc<AtomicU64>) -> TicketKeys {
    let secret = SharedSecret::from_bytes(&[7; 32]).unwrap();
    let ahead = ahead.clone();
    let clock = Clock::from_fn(move || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        now + Duration::from_secs(ahead.load(Ordering::Relaxed))
    });
    if way == "clock" {
        let keys = TicketKeys::by_clock(secret, HOUR).unwrap();
        return keys.with_clock(clock).allow_tls12_tickets();
    }
    let store = RedisStore::open(way).unwrap();
    let keys = TicketKeys::published(store, secret).unwrap();
    let keys = keys.with_clock(clock).rotate_every(HOUR);
    keys.spawn().unwrap()
}

async fn obey(command: &str, keys: &TicketKeys, ahead: &AtomicU64) -> String {
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    match command.split_once(' ').unwrap_or((command, "")) {
        ("advance", seconds) => {
            ahead.fetch_add(seconds.parse().unwrap(), Ordering::Relaxed);
            String::new()
        }
        ("sync", _) => {
            // A store that has just come back is found within a moment.
            let mut again = tokio::time::interval(Duration::from_millis(20));
            while keys.sync().await.is_err() {
                again.tick().await;
            }
            hex(&keys.names()[0])
        }
        ("look", _) => match keys.sync().await {
            Ok(()) => "there".to_owned(),
            Err(error) => error.code().to_owned(),
        },
        ("rotate", _) => keys.rotate_fleet().await.unwrap().as_secs().to_string(),
        ("key", _) => hex(&keys.to_bytes()),
        _ => panic!("{command}"),
    }
}

//! What a call to Redis costs through `RedisStore`, against the Redis client alone: latency one by one,
//! processor time per call one by one and 64 at a time.
//!
//! ```text
//! redis-server --port 7777 --save "" &
//! cargo run --release -p tls-session-store --features redis --example redis_round_trip -- 127.0.0.1:7777
//! ```

// Printing is what an example is for.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use tls_session_store::{RedisStore, SessionStore};
use tokio::net::TcpStream;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const CALLS: usize = 40_000;
const AT_A_TIME: usize = 64;
const VALUE_LEN: usize = 1_000;
const TTL: Duration = Duration::from_secs(300);

/// What is measured: a value put and got.
trait Calls: Clone + Send + 'static {
    fn set(&mut self, id: [u8; 32], value: Vec<u8>) -> impl Future<Output = Result<()>> + Send;
    fn get(&mut self, id: [u8; 32]) -> impl Future<Output = Result<Option<Vec<u8>>>> + Send;
}

impl Calls for RedisStore {
    async fn set(&mut self, id: [u8; 32], value: Vec<u8>) -> Result<()> {
        Ok(SessionStore::put(self, &id, value, TTL).await?)
    }

    async fn get(&mut self, id: [u8; 32]) -> Result<Option<Vec<u8>>> {
        Ok(SessionStore::get(self, &id).await?)
    }
}

#[derive(Clone)]
struct Bare(MultiplexedConnection);

impl Calls for Bare {
    async fn set(&mut self, id: [u8; 32], value: Vec<u8>) -> Result<()> {
        let mut set = redis::cmd("SET");
        set.arg(&id).arg(value).arg("PX").arg(300_000);
        Ok(set.query_async(&mut self.0).await?)
    }

    async fn get(&mut self, id: [u8; 32]) -> Result<Option<Vec<u8>>> {
        Ok(redis::cmd("GET").arg(&id).query_async(&mut self.0).await?)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let address = std::env::args()
        .nth(1)
        .ok_or("give the HOST:PORT of a Redis that may be written to")?;
    let store = RedisStore::open(&format!("redis://{address}"))?;
    let tcp = TcpStream::connect(&address).await?;
    tcp.set_nodelay(true)?;
    let login = redis::RedisConnectionInfo::default();
    let config = redis::AsyncConnectionConfig::new();
    let (connection, driver) = MultiplexedConnection::new_with_config(&login, tcp, config).await?;
    tokio::spawn(driver);
    for round in 1..=3 {
        println!("round {round}");
        measure("  RedisStore", store.clone()).await?;
        measure("  client alone", Bare(connection.clone())).await?;
    }
    Ok(())
}

async fn measure(name: &str, mut calls: impl Calls) -> Result<()> {
    let cpu = cpu_time()?;
    let mut latencies = Vec::with_capacity(CALLS);
    for call in 0..CALLS / 2 {
        let start = Instant::now();
        calls.set(id(call), vec![7; VALUE_LEN]).await?;
        latencies.push(start.elapsed());
        let start = Instant::now();
        calls.get(id(call)).await?;
        latencies.push(start.elapsed());
    }
    let alone = per_call(cpu_time()?.saturating_sub(cpu));
    latencies.sort_unstable();
    let at = |part: usize| {
        latencies
            .get(CALLS * part / 100)
            .copied()
            .unwrap_or_default()
    };

    let cpu = cpu_time()?;
    let start = Instant::now();
    let tasks = (0..AT_A_TIME).map(|task| tokio::spawn(many(calls.clone(), task)));
    for task in tasks.collect::<Vec<_>>() {
        task.await??;
    }
    let wall = start.elapsed();
    let together = per_call(cpu_time()?.saturating_sub(cpu));
    println!(
        "{name:<16} one by one: median {:?}, 99 % {:?}, {alone:?} of processor a call; \
         {AT_A_TIME} at a time: {together:?} a call, {:.0} calls/s",
        at(50),
        at(99),
        CALLS as f64 / wall.as_secs_f64()
    );
    Ok(())
}

async fn many(mut calls: impl Calls, task: usize) -> Result<()> {
    for call in 0..CALLS / AT_A_TIME / 2 {
        let id = id(task * CALLS + call);
        calls.set(id, vec![7; VALUE_LEN]).await?;
        calls.get(id).await?;
    }
    Ok(())
}

fn id(number: usize) -> [u8; 32] {
    let mut id = [0; 32];
    if let Some(place) = id.first_chunk_mut() {
        *place = number.to_be_bytes();
    }
    id
}

fn per_call(time: Duration) -> Duration {
    time / u32::try_from(CALLS).unwrap_or(u32::MAX)
}

/// Of all threads of this process, in the kernel and outside (Linux).
fn cpu_time() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let behind_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = behind_name.split(' ').skip(11).take(2);
    let ticks = ticks
        .map(str::parse::<u64>)
        .sum::<std::result::Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}

//! TCP to the first of a host's addresses that answers (happy eyeballs, RFC 8305): one that swallows
//! what is sent to it must not keep those behind it from being tried.

use std::future::{Future, pending};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How long an address is tried alone (RFC 8305, Section 5).
const HEAD_START: Duration = Duration::from_millis(250);

pub(super) async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let addresses = lookup_host((host, port)).await?.collect();
    first_of(by_turns(addresses), TcpStream::connect).await
}

/// One of each family by turns, that of the first address first.
fn by_turns(mut addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let starts_with_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let mut seen = [0_usize; 2];
    addresses.sort_by_cached_key(|address| {
        let other = usize::from(address.is_ipv6() != starts_with_v6);
        let turn = seen.get(other).copied().unwrap_or_default();
        if let Some(seen) = seen.get_mut(other) {
            *seen += 1;
        }
        (turn, other)
    });
    addresses
}

/// The first that can be had; else the first failure, since the first address is the preferred one.
async fn first_of<S, F>(addresses: Vec<SocketAddr>, dial: impl Fn(SocketAddr) -> F) -> io::Result<S>
where
    S: Send + 'static,
    F: Future<Output = io::Result<S>> + Send + 'static,
{
    let mut waiting = addresses.into_iter();
    let mut attempts = JoinSet::new();
    let mut failure = None;
    loop {
        if let Some(address) = waiting.next() {
            attempts.spawn(dial(address));
        } else if attempts.is_empty() {
            let none = || io::Error::new(io::ErrorKind::AddrNotAvailable, "it has no address");
            return Err(failure.unwrap_or_else(none));
        }
        let head_start = async {
            match waiting.len() {
                0 => pending().await,
                _ => sleep(HEAD_START).await,
            }
        };
        tokio::select! {
            Some(ended) = attempts.join_next() => match ended {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => failure = failure.or(Some(error)),
                Err(_) => {}
            },
            () = head_start => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    fn addresses(list: &[&str]) -> Vec<SocketAddr> {
        list.iter().map(|one| one.parse().unwrap()).collect()
    }

    #[test]
    fn families_take_turns() {
        let given = addresses(&["[::1]:1", "[::2]:1", "10.0.0.1:1", "[::3]:1", "10.0.0.2:1"]);
        let turns = addresses(&["[::1]:1", "10.0.0.1:1", "[::2]:1", "10.0.0.2:1", "[::3]:1"]);
        assert_eq!(by_turns(given), turns);
        assert_eq!(by_turns(Vec::new()), []);
    }

    /// What the address at each port does: 1 never answers, 2 refuses, 3 is reset, others answer.
    async fn dial(address: SocketAddr) -> io::Result<u16> {
        match address.port() {
            1 => pending().await,
            2 => Err(io::ErrorKind::ConnectionRefused.into()),
            3 => Err(io::ErrorKind::ConnectionReset.into()),
            port => Ok(port),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_never_answers_keeps_the_next_one_waiting_for_a_moment() {
        for (given, answers, waited) in [
            (&["[::1]:1", "10.0.0.1:9"][..], 9, HEAD_START),
            (&["[::1]:1", "10.0.0.1:1", "[::2]:9"], 9, HEAD_START * 2),
            // A refusal is an answer: nobody waits for the next.
            (&["[::1]:2", "10.0.0.1:9"], 9, Duration::ZERO),
            (&["[::1]:9", "10.0.0.1:8"], 9, Duration::ZERO),
        ] {
            let begun = Instant::now();
            assert_eq!(first_of(addresses(given), dial).await.unwrap(), answers);
            assert_eq!(begun.elapsed(), waited, "{given:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_failure_is_that_of_the_first_address() {
        let kind =
            async |given: &[&str]| first_of(addresses(given), dial).await.unwrap_err().kind();
        let both = kind(&["[::1]:2", "10.0.0.1:3"]).await;
        assert_eq!(both, io::ErrorKind::ConnectionRefused);
        assert_eq!(kind(&[]).await, io::ErrorKind::AddrNotAvailable);
    }
}

//! The first of several addresses that answers (RFC 8305, in small): a name often has one of IPv6 that
//! leads nowhere.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 6;

/// How long one has until the next is tried beside it (RFC 8305, Section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to one of `addresses`; the error is that of the last one. Dropping it ends all attempts.
pub(super) async fn first(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut attempts = JoinSet::new();
    let mut left = in_turn(addresses).into_iter();
    let mut outcome = Err(io::ErrorKind::AddrNotAvailable.into());
    loop {
        if let Some(address) = left.next() {
            attempts.spawn(TcpStream::connect(address));
        }
        tokio::select! {
            ended = attempts.join_next() => match ended {
                Some(Ok(Ok(stream))) => return Ok(stream),
                Some(Ok(Err(error))) => outcome = Err(error),
                Some(Err(_)) => {}
                None => return outcome,
            },
            () = tokio::time::sleep(HEAD_START), if left.len() > 0 => {}
        }
    }
}

/// Both families in turn, as the resolver put them within each.
fn in_turn(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut one, mut other): (Vec<_>, Vec<_>) = addresses
        .iter()
        .copied()
        .partition(|address| address.is_ipv6() == v6);
    one.truncate(MAX_ADDRESSES);
    other.truncate(MAX_ADDRESSES);
    let mut turns: Vec<_> = one.into_iter().enumerate().collect();
    turns.extend(other.into_iter().enumerate());
    turns.sort_by_key(|(place, address)| (*place, address.is_ipv6() != v6));
    let turns = turns.into_iter().map(|(_, address)| address);
    turns.take(MAX_ADDRESSES).collect()
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    fn at(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_families_take_turns() {
        let all = at(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "1.1.1.2:1"]);
        let turns = at(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "1.1.1.2:1", "[::3]:1"]);
        assert_eq!(in_turn(&all), turns);
        let many = vec![all[0]; 40];
        assert_eq!(in_turn(&many).len(), MAX_ADDRESSES);
        assert!(in_turn(&[]).is_empty());
    }

    #[tokio::test]
    async fn an_address_that_is_dead_is_not_the_end() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let living = listener.local_addr().unwrap();
        let dead = at(&["127.0.0.1:1", "[::1]:1"]);
        let both = [&dead[..], &[living]].concat();
        assert_eq!(first(&both).await.unwrap().peer_addr().unwrap(), living);
        let refused = first(&dead).await.unwrap_err();
        assert_ne!(refused.kind(), io::ErrorKind::AddrNotAvailable);
        let none = first(&[]).await.unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::AddrNotAvailable);
    }
}

//! Fills a store of sessions when it is told to: a million of them.

use std::time::Duration;

use rustls::server::{ServerSessionMemoryCache, StoresServerSessions};
use tls_session_store::{MemoryStore, SessionStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Stack;
use crate::Result;

const SESSIONS: u64 = 1_000_000;

/// No limit that is reached.
const MOST_BYTES: usize = 1 << 40;

/// A sealed session of TLS 1.3 without a client certificate has some 250 bytes.
const VALUE: usize = 250;

/// The first connection asks for them, and hears how many there are.
pub(super) async fn serve(listener: TcpListener, stack: Stack) -> Result<()> {
    let (mut io, _) = listener.accept().await?;
    io.read_exact(&mut [0]).await?;
    match stack {
        Stack::Rustls => {
            let cache = ServerSessionMemoryCache::new(SESSIONS as usize);
            for number in 0..SESSIONS {
                cache.put(id(number).to_vec(), vec![0x5a; VALUE]);
            }
            io.write_all(&SESSIONS.to_be_bytes()).await?;
            until_closed(&mut io).await;
            drop(cache);
        }
        _ => {
            let store = MemoryStore::with_limits(SESSIONS as usize, MOST_BYTES);
            for number in 0..SESSIONS {
                let lifetime = Duration::from_secs(7200);
                store.put(&id(number), vec![0x5a; VALUE], lifetime).await?;
            }
            io.write_all(&(store.len() as u64).to_be_bytes()).await?;
            until_closed(&mut io).await;
        }
    }
    Ok(())
}

/// Keeps the sessions until the client has looked.
async fn until_closed(io: &mut TcpStream) {
    // A reset is an end as well.
    let _ = io.read_u8().await;
}

/// Ids as rustls makes them: 32 bytes, none like another.
fn id(number: u64) -> [u8; 32] {
    let mut id = [0; 32];
    for (place, byte) in id.iter_mut().zip(number.to_be_bytes().into_iter().cycle()) {
        *place = byte;
    }
    id
}

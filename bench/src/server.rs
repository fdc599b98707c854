//! The servers: one file per stack, the same work on all.

#[cfg(feature = "openssl")]
mod openssl;
mod ours;
mod plain;
mod psk;
mod sessions;
mod stapled;
mod tokio_rustls;
mod work;

use std::io::Read;
use std::str::FromStr;

use tokio::net::TcpListener;

pub(crate) use work::{BATCH, MESSAGE, REQUEST, Work};

use crate::{Error, Result, options::Options, row::Row};

/// What serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stack {
    /// No TLS: the floor.
    Plain,
    /// tokio-rustls as it comes.
    Rustls,
    /// tokio-rustls with a 64 KiB read buffer and 256 KiB of writes.
    RustlsTuned,
    /// tokio-openssl.
    #[cfg(feature = "openssl")]
    OpenSsl,
    /// The crate `tls-psk` alone.
    PskAlone,
    /// This workspace.
    Ours(ours::Setting),
}

impl FromStr for Stack {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Ok(match name {
            "tcp" => Self::Plain,
            "tokio-rustls" => Self::Rustls,
            "tokio-rustls-tuned" => Self::RustlsTuned,
            #[cfg(feature = "openssl")]
            "tokio-openssl" => Self::OpenSsl,
            "tls-psk" => Self::PskAlone,
            "tls" => Self::Ours(ours::Setting::Default),
            "tls-corked" => Self::Ours(ours::Setting::Corked),
            "tls-full" => Self::Ours(ours::Setting::Full),
            "tls-stapled" => Self::Ours(ours::Setting::Stapled),
            "tls-redis" => Self::Ours(ours::Setting::Redis),
            _ => return Err(format!("there is no stack {name:?}").into()),
        })
    }
}

/// Prints the versions of what the lock file does not name.
pub(crate) fn print_peers() {
    #[cfg(feature = "openssl")]
    println!("{}", ::openssl::version::version());
}

/// Serves on a free port of the loopback until standard input ends.
pub(crate) fn run(stack: Stack, row: Row, options: &Options) -> Result<()> {
    std::thread::Builder::new()
        .stack_size(64 * 1024)
        .spawn(|| {
            // Ends with whoever started this process, also when that one was killed.
            let _ = std::io::stdin().read(&mut [0]);
            std::process::exit(0);
        })?;
    let work = Work {
        row,
        writes: options.units,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        if row == Row::Sessions {
            println!("port {port}");
            return sessions::serve(listener, stack).await;
        }
        if let Stack::Ours(setting) = stack {
            // It may have to connect to its store.
            let acceptor = ours::acceptor(work, setting, options).await?;
            println!("port {port}");
            return ours::serve(listener, work, setting, acceptor).await;
        }
        println!("port {port}");
        match stack {
            Stack::Plain => plain::serve(listener, work).await,
            Stack::Rustls => tokio_rustls::serve(listener, work).await,
            Stack::RustlsTuned => tokio_rustls::serve_tuned(listener, work).await,
            #[cfg(feature = "openssl")]
            Stack::OpenSsl => openssl::serve(listener, work).await,
            Stack::PskAlone => psk::serve(listener).await,
            Stack::Ours(_) => Ok(()),
        }
    })
}

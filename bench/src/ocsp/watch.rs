//! A thousand certificates under one stapler: what each costs in memory, and the time until all have
//! their staple.

use std::time::{Duration, Instant};

use rcgen::KeyPair;
use rustls::pki_types::CertificateDer;
use tls_ocsp::{Fetcher, ResponseVerifier, Stapler};

use super::{Authority, provider, responder};
use crate::Result;
use crate::alone::thread_time;
use crate::cpu_clock::Watched;

const CERTIFICATES: usize = 1000;

/// What no responder on the same machine needs.
const LONGEST: Duration = Duration::from_secs(60);

type Chain = [CertificateDer<'static>; 2];

/// Prints memory of each, milliseconds until all have a staple, and the time of this thread for it.
pub(super) fn run() -> Result<()> {
    let authority = Authority::generate()?;
    let key = KeyPair::generate()?;
    let chain = |_| authority.chain(&key);
    let first = [chain(0)?];
    let rest: Vec<Chain> = (0..CERTIFICATES).map(chain).collect::<Result<_>>()?;
    let url = responder::start(authority.issuer.key().serialize_der().try_into()?)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let stapler = Stapler::builder(ResponseVerifier::new(provider()))
            .fetcher(Fetcher::new().allow_private(true))
            .responder(&url)
            .start();
        // What the first fetch of all brings with it belongs to the process.
        until_stapled(&stapler, &first).await?;
        let this = Watched(std::process::id());
        let (before, start, clock) = (this.resident()?, Instant::now(), thread_time());
        until_stapled(&stapler, &rest).await?;
        let (elapsed, cpu) = (start.elapsed(), thread_time() - clock);
        let grown = this.resident()?.saturating_sub(before);
        println!("each {}", grown as f64 / CERTIFICATES as f64);
        println!("time {}", elapsed.as_secs_f64() * 1000.0);
        println!("cpu {}", cpu.as_secs_f64() * 1000.0);
        Ok(())
    })
}

async fn until_stapled(stapler: &Stapler, chains: &[Chain]) -> Result<()> {
    let mut changes = stapler.changes();
    for chain in chains {
        stapler.watch(chain);
    }
    // Each is looked for once it was seen: a report of all at each change would be most of the work.
    let all = async {
        for [leaf, _] in chains {
            while stapler.staple(leaf).is_none() {
                changes.changed().await?;
            }
        }
        Ok(())
    };
    tokio::time::timeout(LONGEST, all).await?
}

//! The rows of the table, who is in them, and what is aimed at.

/// The one that ratios refer to, where a row does not say otherwise.
pub(super) const BASE: &str = "tokio-rustls";
/// The one that needs a library of the system.
pub(super) const OPENSSL: &str = "tokio-openssl";
/// The one without TLS.
pub(super) const PLAIN: &str = "tcp";

/// This workspace with its sessions in Redis.
pub(super) const REDIS: &str = "tls-redis";
/// The load for which Redis hangs.
pub(super) const AWAY: &str = "away13";

/// rustls with its own verifier: the one that rows on certificates refer to.
const WEBPKI: &str = "rustls-webpki";
/// The crate of this workspace in those rows.
const CERTS: &str = "tls-certs";

/// This workspace with a staple.
const STAPLED: &str = "tls-stapled";
/// One signature, verified by the provider: what an OCSP response costs at least.
const P256: &str = "aws-lc-rs";
/// The crate of this workspace in the rows on OCSP.
const OCSP: &str = "tls-ocsp";

/// What is measured with one pair of processes, or one process.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) name: &'static str,
    pub(super) stacks: Vec<&'static str>,
}

/// A row of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) unit: &'static str,
    /// The load that gives it, and under which name that prints it.
    pub(super) load: &'static str,
    pub(super) printed: &'static str,
    /// The one that ratios refer to.
    pub(super) base: &'static str,
    pub(super) stacks: &'static [&'static str],
    pub(super) aims: &'static [Aim],
    pub(super) is_less_better: bool,
}

/// The ratio to the base that a stack of ours should reach, and the one it must.
#[derive(Debug)]
pub(super) struct Aim {
    pub(super) stack: &'static str,
    pub(super) ratio: f64,
    pub(super) floor: Option<f64>,
}

const fn aim(stack: &'static str, ratio: f64) -> Aim {
    Aim {
        stack,
        ratio,
        floor: None,
    }
}

const fn aim_and_floor(stack: &'static str, ratio: f64, floor: f64) -> Aim {
    Aim {
        stack,
        ratio,
        floor: Some(floor),
    }
}

const HANDSHAKES: &[&str] = &[BASE, OPENSSL, "tls", "tls-full"];
const STORES: &[&str] = &[BASE, "tls", REDIS];
const BULK: &[&str] = &[PLAIN, BASE, "tokio-rustls-tuned", OPENSSL, "tls"];
const MEMORY: &[&str] = &[
    PLAIN,
    BASE,
    "tokio-rustls-tuned",
    OPENSSL,
    "tls",
    "tls-full",
];
const HANDSHAKE_AIMS: &[Aim] = &[aim_and_floor("tls", 1.0, 0.9), aim("tls-full", 0.95)];
const PSK_AIMS: &[Aim] = &[aim("tls", 1.2), aim("tls-psk", 1.2)];
const STAPLED_AIMS: &[Aim] = &[aim(STAPLED, 0.98)];
const MEMORY_AIMS: &[Aim] = &[aim_and_floor("tls", 0.38, 0.40), aim("tls-full", 0.38)];

const fn handshake(
    name: &'static str,
    title: &'static str,
    stacks: &'static [&'static str],
) -> Row {
    Row {
        name,
        title,
        unit: "/s",
        load: name,
        printed: "rate",
        base: BASE,
        stacks,
        aims: HANDSHAKE_AIMS,
        is_less_better: false,
    }
}

/// From the connect to the first byte, with nobody else there.
const fn latency(name: &'static str, title: &'static str, printed: &'static str) -> Row {
    Row {
        name,
        title,
        unit: "µs",
        load: "lat13",
        printed,
        base: "tls",
        stacks: &["tls", REDIS],
        aims: &[],
        is_less_better: true,
    }
}

const fn bulk(name: &'static str, title: &'static str, aims: &'static [Aim]) -> Row {
    Row {
        name,
        title,
        unit: "MB/s",
        load: name,
        printed: "rate",
        base: BASE,
        stacks: BULK,
        aims,
        is_less_better: false,
    }
}

const fn memory(name: &'static str, title: &'static str, printed: &'static str) -> Row {
    Row {
        name,
        title,
        unit: "B",
        load: "mem",
        printed,
        base: BASE,
        stacks: MEMORY,
        aims: MEMORY_AIMS,
        is_less_better: true,
    }
}

/// Work of one process, without a peer.
const fn alone(name: &'static str, title: &'static str, aims: &'static [Aim]) -> Row {
    Row {
        name,
        title,
        unit: "/s",
        load: name,
        printed: "rate",
        base: WEBPKI,
        stacks: &[WEBPKI, CERTS],
        aims,
        is_less_better: false,
    }
}

/// Beside the same handshake of ours without a staple.
const fn stapled(name: &'static str, title: &'static str) -> Row {
    Row {
        base: "tls",
        aims: STAPLED_AIMS,
        ..handshake(name, title, &["tls", STAPLED])
    }
}

/// A thousand certificates that one stapler watches.
const fn watched(
    name: &'static str,
    title: &'static str,
    printed: &'static str,
    unit: &'static str,
) -> Row {
    Row {
        unit,
        load: "ocsp-watch",
        printed,
        base: OCSP,
        stacks: &[OCSP],
        is_less_better: true,
        ..alone(name, title, &[])
    }
}

pub(super) const ROWS: &[Row] = &[
    handshake(
        "hs13",
        "full handshake, TLS 1.3, X25519",
        &[PLAIN, BASE, OPENSSL, "tls", "tls-full"],
    ),
    handshake(
        "hs13-mlkem",
        "full handshake, TLS 1.3, X25519MLKEM768",
        &[BASE, "tls", "tls-full"],
    ),
    handshake("hs12", "full handshake, TLS 1.2, X25519", HANDSHAKES),
    handshake("res13", "resumed handshake, TLS 1.3", HANDSHAKES),
    handshake("res12", "resumed handshake, TLS 1.2", HANDSHAKES),
    Row {
        aims: &[aim("tls", 1.0)],
        ..handshake(
            "res13-store",
            "resumed from the server's store, TLS 1.3",
            STORES,
        )
    },
    Row {
        aims: &[aim("tls", 1.0)],
        ..handshake(
            "res12-store",
            "resumed from the server's store, TLS 1.2",
            STORES,
        )
    },
    Row {
        base: "tls",
        aims: &[aim(REDIS, 0.95)],
        ..handshake(
            AWAY,
            "full handshake while Redis hangs, beside no store",
            &["tls", REDIS],
        )
    },
    latency(
        "lat13-median",
        "a connection that resumes from the store, median",
        "median",
    ),
    latency("lat13-p99", "the same, 99th percentile", "p99"),
    Row {
        load: "sessions",
        stacks: &[BASE, "tls"],
        aims: &[],
        ..memory(
            "mem-sessions",
            "a session of 250 bytes in a store of a million",
            "each",
        )
    },
    Row {
        base: OPENSSL,
        aims: PSK_AIMS,
        ..handshake(
            "psk13",
            "pre-shared key, TLS 1.3, X25519",
            &[OPENSSL, "tls", "tls-psk"],
        )
    },
    Row {
        load: "psk13",
        aims: &[aim("tls", 1.0), aim("tls-psk", 1.0)],
        ..handshake(
            "psk13-resumed",
            "pre-shared key beside rustls resuming, TLS 1.3",
            &[BASE, "tls", "tls-psk"],
        )
    },
    Row {
        base: OPENSSL,
        aims: PSK_AIMS,
        ..handshake(
            "psk12",
            "pre-shared key, TLS 1.2, X25519",
            &[OPENSSL, "tls", "tls-psk"],
        )
    },
    Row {
        stacks: &[
            PLAIN,
            BASE,
            "tokio-rustls-tuned",
            OPENSSL,
            "tls",
            "tls-corked",
        ],
        ..bulk(
            "send16k",
            "send, writes of 16 KiB",
            &[aim("tls", 1.0), aim("tls-corked", 1.5)],
        )
    },
    bulk("send1m", "send, writes of 1 MiB", &[aim("tls", 1.3)]),
    bulk("recv16k", "receive, writes of 16 KiB", &[aim("tls", 1.15)]),
    bulk(
        "recv1m",
        "receive, writes of 1 MiB",
        &[aim_and_floor("tls", 1.5, 1.3)],
    ),
    Row {
        unit: "/s",
        ..bulk("echo", "echo of 64 bytes", &[aim("tls", 1.0)])
    },
    memory(
        "mem-handshake",
        "memory at rest, after a handshake",
        "after-handshake",
    ),
    memory("mem-echo", "memory at rest, after an echo", "after-echo"),
    Row {
        load: "mem-psk",
        base: OPENSSL,
        stacks: &[OPENSSL, "tls"],
        aims: &[],
        ..memory(
            "mem-psk",
            "memory at rest with a pre-shared key, after an echo",
            "after-echo",
        )
    },
    alone("cert-load", "Mozilla's roots from PEM to a verifier", &[]),
    alone(
        "cert-verify",
        "a chain of three certificates is accepted",
        // At most 1.15 of the time.
        &[aim_and_floor(CERTS, 0.87, 0.80)],
    ),
    alone("cert-refuse", "a chain of an unknown root is refused", &[]),
    Row {
        unit: "B",
        load: "cert-mem",
        printed: "first",
        is_less_better: true,
        ..alone(
            "cert-mem-first",
            "memory of a context with Mozilla's roots",
            &[],
        )
    },
    Row {
        unit: "B",
        load: "cert-mem",
        printed: "each",
        is_less_better: true,
        ..alone(
            "cert-mem-each",
            "memory of each of 1,000 more that share them",
            &[aim(CERTS, 1.0)],
        )
    },
    stapled("staple13", "full handshake with a staple, TLS 1.3"),
    stapled("staple12", "full handshake with a staple, TLS 1.2"),
    Row {
        base: P256,
        stacks: &[P256, OCSP],
        ..alone(
            "ocsp-verify",
            "a response is verified, beside its signature alone",
            &[],
        )
    },
    watched(
        "ocsp-watch-each",
        "memory of each of 1,000 certificates with staples",
        "each",
        "B",
    ),
    watched(
        "ocsp-watch-time",
        "until all 1,000 have one, from a responder on this host",
        "time",
        "ms",
    ),
    watched(
        "ocsp-watch-cpu",
        "the stapler's CPU time for that",
        "cpu",
        "ms",
    ),
];

impl Row {
    pub(super) fn aim(&self, stack: &str) -> Option<&'static Aim> {
        self.aims.iter().find(|aim| aim.stack == stack)
    }

    /// Whether `ratio` is at least as good as `wanted`.
    pub(super) fn reaches(&self, ratio: f64, wanted: f64) -> bool {
        if self.is_less_better {
            ratio <= wanted
        } else {
            ratio >= wanted
        }
    }
}

/// What a stack does in place of a load that it can't do. For the pre-shared key: rustls has no external keys, and a
/// resumption is the same handshake with a key that came in a ticket.
pub(super) fn nearest(load: &'static str, stack: &str) -> &'static str {
    match (load, stack) {
        ("psk13", BASE) => "res13",
        // Without a store there is nothing that could be away, nor a staple without a stapler.
        (AWAY | "staple13", "tls") => "hs13",
        ("staple12", "tls") => "hs12",
        _ => load,
    }
}

/// Whether a load is the work of one process, without a peer.
pub(super) fn is_alone(load: &str) -> bool {
    load.starts_with("cert-") || load.starts_with("ocsp-")
}

/// Whether a stack is this workspace in one setting or another.
pub(super) fn is_ours(stack: &str) -> bool {
    stack == "tls" || stack.starts_with("tls-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_the_base_and_ours_and_aims_for_stacks_that_are_in_it() {
        for row in ROWS {
            assert!(
                row.stacks.contains(&row.base) && row.stacks.iter().any(|stack| is_ours(stack)),
                "{}",
                row.name
            );
            for aim in row.aims {
                assert!(
                    row.stacks.contains(&aim.stack),
                    "{} {}",
                    row.name,
                    aim.stack
                );
            }
        }
    }

    #[test]
    fn less_memory_is_better_and_more_work_is() {
        let row = |name| ROWS.iter().find(|row| row.name == name).expect("a row");
        assert!(row("mem-echo").reaches(0.3, 0.4) && !row("mem-echo").reaches(0.5, 0.4));
        assert!(row("recv1m").reaches(1.5, 1.3) && !row("recv1m").reaches(1.2, 1.3));
    }
}

//! `tls cert verify`: whether a chain can be trusted, and if not, why and what to do.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tls::certs::{
    CertificateSummary, ClientVerifier, Crls, Refusal, ServerVerifier, Trust, VerifierBuilder,
    VerifyCode,
};
use tls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use crate::connection_report::CertificateReport;
use crate::error::{Error, Result};
use crate::exit_codes::ExitCode;
use crate::flags::{Purpose, VerifyFlags};
use crate::presented::{Presented, summary};
use crate::settings::{self, trust};
use crate::{message, names, output};

pub(super) fn run(flags: &VerifyFlags) -> Result<ExitCode> {
    let question = Question::of(flags)?;
    let presented = Presented::of(&flags.chain);
    let chain = presented.certificates(question.name.as_ref(), flags.timeout)?;
    let verdict = question.ask(&chain);
    if let Err(refusal) = &verdict {
        readable(&flags.chain, &chain, refusal)?;
    }
    let answer = Answer {
        question: &question,
        chain: &chain,
        verdict,
    };
    output::result(&if flags.json {
        answer.to_json().to_string()
    } else {
        answer.to_text()
    })?;
    Ok(match answer.verdict {
        Ok(()) => ExitCode::Done,
        Err(_) => ExitCode::No,
    })
}

/// A certificate that was refused since nobody can read it is a damaged file, not an answer.
fn readable(what: &str, chain: &[CertificateDer<'_>], refusal: &Refusal) -> Result<()> {
    if refusal.code == VerifyCode::CertRejected {
        for der in chain {
            summary(der, what)?;
        }
    }
    Ok(())
}

/// What is asked about a chain.
struct Question {
    verifier: Verifier,
    /// The name to check; `None` if any will do.
    name: Option<ServerName<'static>>,
    lists: usize,
    now: UnixTime,
}

enum Verifier {
    Server(ServerVerifier),
    Client(ClientVerifier),
}

impl Question {
    fn of(flags: &VerifyFlags) -> Result<Self> {
        let host = host(flags)?;
        let trust = trust::of_client(&flags.ca, host.unwrap_or_default(), &flags.development)?;
        let crls = settings::revocation::read(&flags.crl)?;
        let lists = crls.as_ref().map_or(0, |crls| crls.lists().len());
        Ok(Self {
            verifier: verifier(flags, trust, crls)?,
            name: host.map(settings::server_name).transpose()?,
            lists,
            now: time(flags)?,
        })
    }

    fn ask(&self, chain: &[CertificateDer<'_>]) -> Result<(), Refusal> {
        match (&self.verifier, &self.name) {
            (Verifier::Server(verifier), Some(name)) => verifier.verify(chain, name, self.now),
            (Verifier::Server(verifier), None) => verifier.verify_any_name(chain, self.now),
            (Verifier::Client(verifier), _) => verifier.verify(chain, self.now),
        }
    }

    fn purpose(&self) -> &'static str {
        match self.verifier {
            Verifier::Server(_) => "server",
            Verifier::Client(_) => "client",
        }
    }

    /// What was looked at, and what was not since nobody said by what.
    fn scope(&self) -> (String, String) {
        let mut checked = vec!["signatures".to_owned(), "dates".to_owned()];
        let mut not = Vec::new();
        checked.push(format!("purpose {}", self.purpose()));
        match (&self.name, &self.verifier) {
            (Some(name), _) => checked.push(format!("name {}", name.to_str())),
            (None, Verifier::Server(_)) => not.push("the name (--host NAME)"),
            (None, Verifier::Client(_)) => {}
        }
        match self.lists {
            0 => not.push("revocation (--crl FILE)"),
            1 => checked.push("1 revocation list".to_owned()),
            lists => checked.push(format!("{lists} revocation lists")),
        }
        (checked.join(", "), not.join(", "))
    }
}

/// The host to check: of `--host`, or of a server's address.
fn host(flags: &VerifyFlags) -> Result<Option<&str>> {
    if flags.purpose == Purpose::Client {
        return match flags.host {
            Some(_) => Err(Error::usage(
                "a client certificate is not checked for a host",
                "leave --host out; the names are shown with --json or `tls cert show`",
            )),
            None => Ok(None),
        };
    }
    let of_address = match Presented::of(&flags.chain) {
        Presented::Server(address) => Some(settings::host(address)),
        _ => None,
    };
    Ok(flags.host.as_deref().or(of_address))
}

fn verifier(flags: &VerifyFlags, trust: Trust, crls: Option<Crls>) -> Result<Verifier> {
    let provider = Arc::new(tls::rustls::crypto::aws_lc_rs::default_provider());
    Ok(match flags.purpose {
        Purpose::Server => {
            let builder = ServerVerifier::builder(trust, provider);
            Verifier::Server(complete(builder, flags, crls)?)
        }
        Purpose::Client => {
            if trust.is_empty() {
                return Err(Error::usage(
                    "no client is trusted by nobody",
                    "give the CA of the clients: --ca FILE",
                ));
            }
            let builder = ClientVerifier::builder(trust, provider);
            Verifier::Client(complete(builder, flags, crls)?)
        }
    })
}

fn complete<V>(builder: VerifierBuilder<V>, flags: &VerifyFlags, crls: Option<Crls>) -> Result<V> {
    let builder = builder.partial_chain(flags.partial_chain);
    Ok(match crls {
        Some(crls) => builder.crls(crls).build()?,
        None => builder.build()?,
    })
}

fn time(flags: &VerifyFlags) -> Result<UnixTime> {
    let Some(time) = flags.time else {
        return Ok(UnixTime::now());
    };
    let seconds = u64::try_from(time.as_second());
    let seconds = seconds.map_err(|_| {
        Error::usage(
            format!("{time} is before 1970"),
            "give a later --time; there were no certificates then",
        )
    })?;
    Ok(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
}

struct Answer<'a> {
    question: &'a Question,
    chain: &'a [CertificateDer<'static>],
    verdict: Result<(), Refusal>,
}

impl Answer<'_> {
    fn summaries(&self) -> Vec<CertificateSummary> {
        let summaries = self
            .chain
            .iter()
            .map(|der| CertificateSummary::from_der(der));
        summaries.flatten().collect()
    }

    fn to_text(&self) -> String {
        if let Err(refusal) = &self.verdict {
            return message::refused(refusal, "the first", "")
                .trim_end()
                .to_owned();
        }
        let bold = anstyle::Style::new().bold();
        let green = anstyle::AnsiColor::Green.on_default();
        let mut text = format!("{bold}verified{bold:#}     {green}OK{green:#}");
        if let Some(first) = self.summaries().first() {
            text.push_str(&format!(
                "  {}, issued by {}, {}",
                first.subject,
                first.issuer,
                names::validity(first.not_after)
            ));
        }
        let (checked, not) = self.question.scope();
        text.push_str(&format!("\n  checked    {checked}"));
        if !not.is_empty() {
            text.push_str(&format!("\n  not        {not}"));
        }
        text
    }

    fn to_json(&self) -> Value {
        let mut event = match &self.verdict {
            Ok(()) => self.accepted(),
            Err(refusal) => message::refused_json(refusal),
        };
        let chain: Vec<_> = self.summaries().iter().map(CertificateReport::of).collect();
        if let Some(fields) = event.as_object_mut() {
            for (name, value) in [
                ("v", json!(1)),
                ("event", json!("verdict")),
                ("ok", json!(self.verdict.is_ok())),
                ("purpose", json!(self.question.purpose())),
                ("time", json!(names::time(self.question.now))),
                ("chain", json!(chain)),
            ] {
                fields.insert(name.to_owned(), value);
            }
        }
        event
    }

    /// The same fields as of a refusal, about the first certificate.
    fn accepted(&self) -> Value {
        let summaries = self.summaries();
        let first = summaries.first();
        json!({
            "code": "OK",
            "depth": null,
            "subject": first.map(|summary| &summary.subject),
            "issuer": first.map(|summary| &summary.issuer),
            "serial": first.map(|summary| &summary.serial),
            "not_before": first.map(CertificateSummary::not_before_text),
            "not_after": first.map(CertificateSummary::not_after_text),
            "names": first.map(CertificateSummary::display_names),
            "revoked_at": null,
            "revocation_reason": null,
            "crl_this_update": null,
            "crl_next_update": null,
            "expected_name": self.question.name.as_ref().map(ServerName::to_str),
            "message": "ok",
            "hint": null,
        })
    }
}

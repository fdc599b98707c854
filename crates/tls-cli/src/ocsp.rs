//! `tls ocsp`: asks a certificate's responder, says what it answers, writes it down as a staple.

mod answer;

use std::io;
use std::path::Path;

use tls::certs::TrustedCertificate;
use tls::context::SecureContext;
use tls::net::ConnectionInfo;
use tls::ocsp::{Fetcher, Method, OcspRequest, ResponseVerifier, Target};
use tls::rustls::pki_types::{CertificateDer, UnixTime};

use self::answer::Answer;
use crate::error::{Error, Result};
use crate::exit_codes::ExitCode;
use crate::flags::{OcspCommand, OcspFlags};
use crate::output;
use crate::presented::Presented;
use crate::settings::revocation::https;
use crate::settings::trust;

pub(crate) fn run(command: &OcspCommand) -> Result<ExitCode> {
    let (flags, out) = match command {
        OcspCommand::Check(flags) => (flags, None),
        OcspCommand::Fetch { flags, out } => (flags, Some(out)),
    };
    let answer = ask(flags)?;
    if let Some(out) = out {
        write(out, answer.staple()?)?;
    }
    output::result(&if flags.json {
        answer.to_json().to_string()
    } else {
        answer.to_text()
    })?;
    Ok(if answer.is_good() {
        ExitCode::Done
    } else {
        ExitCode::No
    })
}

/// The certificate, its issuer, its responders in turn; and what the server staples, if it is one.
fn ask(flags: &OcspFlags) -> Result<Answer> {
    let presented = Presented::of_file_or_host(&flags.chain);
    let server = match presented {
        Presented::Server(address) => {
            Some(crate::presented::of_server(address, None, flags.timeout)?)
        }
        _ => None,
    };
    let chain = match &server {
        Some(info) => info.peer_certificates().unwrap_or_default().to_vec(),
        None => presented.certificates(None, flags.timeout)?,
    };
    let provider = SecureContext::without_certificate()
        .build()?
        .provider()
        .clone();
    let anchors = trust::of_client(&flags.issuer, "", &flags.development)?;
    let issuers: Vec<&CertificateDer<'_>> = anchors
        .certificates()
        .iter()
        .map(|issuer: &TrustedCertificate| issuer.der() as &CertificateDer<'_>)
        .collect();
    let target = Target::from_chain(&chain, issuers.iter().copied(), &provider)?;
    let verifier = ResponseVerifier::new(provider);
    let mut answer = Answer::new(&target);
    if let Some(info) = &server {
        answer.stapled = Some(stapled(info, &chain, &issuers, &verifier));
    }
    let places = match &flags.responder {
        Some(url) => vec![url.clone()],
        None => target.responders().to_vec(),
    };
    let method = if flags.get { Method::Get } else { Method::Post };
    let fetcher = Fetcher::new()
        .tls(https(anchors.clone())?)
        .allow_private(flags.allow_private)
        .time_limit(flags.timeout)
        .method(method);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|source| Error::System {
        what: "can't start the runtime",
        source,
    })?;
    let request = OcspRequest::new(&target)?;
    for url in &places {
        let response = runtime.block_on(fetcher.ask(url, &request));
        let verified = response.map_err(Error::Fetch).and_then(|response| {
            let verified = verifier.verify(&target, &response, UnixTime::now())?;
            Ok((response.to_vec(), verified))
        });
        let last = answer.heard(url, verified);
        if last {
            break;
        }
    }
    answer.outcome()
}

fn stapled(
    info: &ConnectionInfo,
    chain: &[CertificateDer<'_>],
    issuers: &[&CertificateDer<'_>],
    verifier: &ResponseVerifier,
) -> tls::ocsp::StapleVerdict {
    let staple = info.ocsp_response().unwrap_or_default();
    verifier.verdict(chain, issuers.iter().copied(), staple, UnixTime::now())
}

/// Whoever reads the file sees the old response or the new one, whole.
fn write(out: &Path, response: &[u8]) -> Result<()> {
    let failed = |source: io::Error| Error::File {
        action: "write",
        path: out.into(),
        source,
    };
    let directory = out.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut file = out.file_name().unwrap_or_default().to_owned();
    file.push(format!(".{}.new", std::process::id()));
    let next = directory.unwrap_or_else(|| Path::new(".")).join(file);
    std::fs::write(&next, response).map_err(failed)?;
    std::fs::rename(&next, out).map_err(|source| {
        let _ = std::fs::remove_file(&next);
        failed(source)
    })
}

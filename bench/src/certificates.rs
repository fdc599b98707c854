//! Work on certificates, in one process without a peer: this workspace beside rustls with its own
//! verifier.

use std::hint::black_box;
use std::str::FromStr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, RootCertStore};
use tls_certs::{CaKind, ServerVerifier, Trust, ca_certificates};
use tls_context::SecureContext;

use crate::alone::print_rate;
use crate::cpu_clock::Watched;
use crate::identity::SERVER_NAME;
use crate::options::Options;
use crate::{Error, Result};

/// Contexts beside the first one that trusts the bundled roots.
const CONTEXTS: u64 = 1000;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// Mozilla's roots from PEM to a verifier.
    Load,
    /// A chain of three certificates, one of them an anchor beside Mozilla's.
    Verify,
    /// The same chain where its root is not trusted.
    Refuse,
    /// Contexts with Mozilla's roots.
    Memory,
}

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stack {
    /// rustls and rustls-webpki.
    Webpki,
    /// tls-certs and tls-context.
    Ours,
}

impl FromStr for Row {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Ok(match name {
            "cert-load" => Self::Load,
            "cert-verify" => Self::Verify,
            "cert-refuse" => Self::Refuse,
            "cert-mem" => Self::Memory,
            _ => return Err(format!("there is no row {name:?} on certificates").into()),
        })
    }
}

impl FromStr for Stack {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Ok(match name {
            "rustls-webpki" => Self::Webpki,
            "tls-certs" => Self::Ours,
            _ => return Err(format!("there is no stack {name:?} on certificates").into()),
        })
    }
}

pub(crate) fn run(stack: Stack, row: Row, options: &Options) -> Result<()> {
    match row {
        Row::Load => {
            let text = ca_certificates(CaKind::Bundled).join("\n");
            let roots = Trust::mozilla().len();
            print_rate(options, || {
                load(stack, text.as_bytes(), roots).map(|verifier| drop(black_box(verifier)))
            })
        }
        Row::Verify | Row::Refuse => verify(stack, row == Row::Verify, options),
        Row::Memory => memory(stack),
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn load(stack: Stack, text: &[u8], roots: usize) -> Result<Arc<dyn ServerCertVerifier>> {
    match stack {
        Stack::Webpki => {
            let mut store = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(text) {
                store.add(certificate?)?;
            }
            expect(store.len(), roots)?;
            Ok(WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider()).build()?)
        }
        Stack::Ours => {
            let trust = Trust::from_pem(text)?;
            expect(trust.len(), roots)?;
            Ok(Arc::new(ServerVerifier::new(trust, provider())?))
        }
    }
}

fn expect(seen: usize, wanted: usize) -> Result<()> {
    match seen == wanted {
        true => Ok(()),
        false => Err(format!("{seen} roots, not {wanted}").into()),
    }
}

/// Root, intermediate and leaf on P-256.
struct Chain {
    root: CertificateDer<'static>,
    intermediate: CertificateDer<'static>,
    leaf: CertificateDer<'static>,
}

impl Chain {
    fn generate() -> Result<Self> {
        let authority = |name: &str| {
            let mut params = CertificateParams::default();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.distinguished_name.push(DnType::CommonName, name);
            params
        };
        let (params, key) = (authority("bench root"), KeyPair::generate()?);
        let root = params.self_signed(&key)?.der().clone();
        let issuer = Issuer::new(params, key);
        let (params, key) = (authority("bench intermediate"), KeyPair::generate()?);
        let intermediate = params.signed_by(&key, &issuer)?.der().clone();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate()?;
        let params = CertificateParams::new(vec![SERVER_NAME.to_owned()])?;
        let leaf = params.signed_by(&key, &issuer)?.der().clone();
        Ok(Self {
            root,
            intermediate,
            leaf,
        })
    }
}

fn verify(stack: Stack, is_trusted: bool, options: &Options) -> Result<()> {
    let chain = Chain::generate()?;
    let mut trust = Trust::mozilla();
    if is_trusted {
        trust = trust.with(&Trust::from_der([chain.root.clone()])?);
    }
    let verifier: Arc<dyn ServerCertVerifier> = match stack {
        Stack::Webpki => {
            let mut store = RootCertStore::empty();
            for certificate in trust.certificates() {
                store.add(certificate.der().clone())?;
            }
            WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider()).build()?
        }
        Stack::Ours => Arc::new(ServerVerifier::new(trust, provider())?),
    };
    let name = ServerName::try_from(SERVER_NAME)?;
    let intermediates = [chain.intermediate];
    let now = UnixTime::now();
    print_rate(options, || {
        let verdict = verifier.verify_server_cert(&chain.leaf, &intermediates, &name, &[], now);
        match black_box(verdict).is_ok() == is_trusted {
            true => Ok(()),
            false => Err("the verdict is another".into()),
        }
    })
}

/// Anything that keeps a context.
type Context = Box<dyn std::any::Any>;

fn context(stack: Stack, trust: &Trust, store: &Arc<RootCertStore>) -> Result<Context> {
    Ok(match stack {
        Stack::Webpki => Box::new(
            ClientConfig::builder_with_provider(provider())
                .with_safe_default_protocol_versions()?
                .with_root_certificates(Arc::clone(store))
                .with_no_client_auth(),
        ),
        Stack::Ours => {
            let context = SecureContext::client(trust).build()?;
            // What a connection would make at its first use.
            black_box(context.verification_id());
            Box::new(context)
        }
    })
}

/// Prints what the first context with the bundled roots costs in resident memory, and what each of
/// a thousand more that share them.
fn memory(stack: Stack) -> Result<()> {
    let this = Watched(std::process::id());
    let chain = Chain::generate()?;
    let store = |der: &[CertificateDer<'static>]| -> Result<Arc<RootCertStore>> {
        let mut store = RootCertStore::empty();
        for certificate in der {
            store.add(certificate.clone())?;
        }
        Ok(Arc::new(store))
    };
    // What the first context of all brings with it belongs to the process.
    let root = [chain.root];
    let warm = context(stack, &Trust::from_der(root.clone())?, &store(&root)?)?;
    let before = this.resident()?;
    let (trust, roots) = match stack {
        Stack::Ours => (Trust::mozilla(), Arc::new(RootCertStore::empty())),
        Stack::Webpki => (
            Trust::empty(),
            store(webpki_root_certs::TLS_SERVER_ROOT_CERTS)?,
        ),
    };
    let mut contexts = vec![context(stack, &trust, &roots)?];
    let first = this.resident()?;
    for _ in 0..CONTEXTS {
        contexts.push(context(stack, &trust, &roots)?);
    }
    let last = this.resident()?;
    println!("first {}", first.saturating_sub(before));
    println!(
        "each {}",
        last.saturating_sub(first) as f64 / CONTEXTS as f64
    );
    drop(black_box((warm, contexts)));
    Ok(())
}

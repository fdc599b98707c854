//! The CA certificates of this process, by kind, as PEM (`tls.getCACertificates`).
//!
//! This is state of the whole process, as in Node. Nothing in this crate looks at it but
//! [`Trust::default_store`], and a verifier keeps the trust that it was made with.

use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use pem::{EncodeConfig, LineEnding, Pem};

use crate::trust::TrustedCertificate;
use crate::{Error, Result, Trust};

/// Node's environment variable.
const EXTRA_VARIABLE: &str = "NODE_EXTRA_CA_CERTS";

/// Which CA certificates (Spec CAS-01).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CaKind {
    /// What [`Trust::default_store`] trusts.
    #[default]
    Default,
    /// Mozilla's roots, compiled in.
    Bundled,
    /// The system's, read once per process; none if its store cannot be read.
    System,
    /// Those of `NODE_EXTRA_CA_CERTS`, once
    /// [`enable_node_extra_ca_certs`] was called; none before.
    Extra,
}

/// One list, in both forms.
#[derive(Clone)]
struct Store {
    trust: Trust,
    pem: Arc<[String]>,
}

impl Store {
    fn new(trust: Trust) -> Self {
        let pem = trust.certificates().iter().map(pem_text).collect();
        Self { trust, pem }
    }
}

struct State {
    default: Store,
    extra: Store,
    was_set: bool,
}

static BUNDLED: LazyLock<Store> = LazyLock::new(|| Store::new(Trust::mozilla()));
static SYSTEM: LazyLock<Store> = LazyLock::new(|| {
    Store::new(Trust::system().unwrap_or_else(|error| {
        tracing::warn!(%error, "the system's CA certificates cannot be read");
        Trust::empty()
    }))
});
static STATE: LazyLock<RwLock<State>> = LazyLock::new(|| {
    RwLock::new(State {
        default: BUNDLED.clone(),
        extra: Store::new(Trust::empty()),
        was_set: false,
    })
});

/// The CA certificates of a kind, each as PEM text without a final newline.
///
/// Cached: the same list (the same allocation) each time, until
/// [`set_default_ca_certificates`] or [`enable_node_extra_ca_certs`] changes it.
/// `System` blocks at its first use.
#[doc(alias = "getCACertificates")]
#[doc(alias = "rootCertificates")]
#[must_use]
pub fn ca_certificates(kind: CaKind) -> Arc<[String]> {
    let store = match kind {
        CaKind::Bundled => &*BUNDLED,
        CaKind::System => &*SYSTEM,
        CaKind::Default => return read(|state| Arc::clone(&state.default.pem)),
        CaKind::Extra => return read(|state| Arc::clone(&state.extra.pem)),
    };
    Arc::clone(&store.pem)
}

/// Replaces the default CA certificates of this process by those of some PEM texts.
///
/// Repeated certificates count once. An empty list is allowed: then nothing is trusted by
/// default. Verifiers and contexts that exist keep their trust (Spec CAS-06).
///
/// # Errors
///
/// [`Error::NoCaCertificates`] if there are texts but not one certificate; an error that
/// names the text if one holds none, or is damaged. The list stays as it was.
#[doc(alias = "setDefaultCACertificates")]
pub fn set_default_ca_certificates<T: AsRef<[u8]>>(
    certificates: impl IntoIterator<Item = T>,
) -> Result<()> {
    let (mut trust, mut texts, mut missing) = (Trust::empty(), 0usize, None);
    for text in certificates {
        texts += 1;
        match Trust::from_pem(text.as_ref()) {
            Ok(more) => trust = trust.with(&more),
            Err(error @ Error::NoCertificate { .. }) => missing = Some(error),
            Err(error) => return Err(error),
        }
    }
    if texts > 0 && trust.is_empty() {
        return Err(Error::NoCaCertificates);
    }
    if let Some(error) = missing {
        return Err(error);
    }
    let store = Store::new(trust);
    write(|state| {
        state.default = store;
        state.was_set = true;
    });
    Ok(())
}

/// Adds the certificates of the file that `NODE_EXTRA_CA_CERTS` names to the default ones,
/// and answers how many there are; none if the variable is not set.
///
/// Nothing reads the variable unless this is called. Once the default was set by
/// [`set_default_ca_certificates`], only [`CaKind::Extra`] gets them. Blocks while the file
/// is read.
///
/// # Errors
///
/// If the file cannot be read or used; the default stays as it was, and a warning is logged,
/// so that a caller may go on as Node does (Spec CAS-08).
#[doc(alias = "NODE_EXTRA_CA_CERTS")]
pub fn enable_node_extra_ca_certs() -> Result<usize> {
    let path = std::env::var_os(EXTRA_VARIABLE).filter(|path| !path.is_empty());
    let Some(path) = path else {
        return Ok(0);
    };
    let trust = Trust::from_pem_file(&path).inspect_err(|error| {
        tracing::warn!(%error, "ignoring extra certificates of {EXTRA_VARIABLE}");
    })?;
    let count = trust.len();
    let default = Store::new(Trust::mozilla().with(&trust));
    let extra = Store::new(trust);
    write(|state| {
        state.extra = extra;
        if !state.was_set {
            state.default = default;
        }
    });
    Ok(count)
}

pub(crate) fn default_trust() -> Trust {
    read(|state| state.default.trust.clone())
}

/// No code here can panic while it holds the lock, and either value of a list is whole.
fn read<T>(look: impl FnOnce(&State) -> T) -> T {
    look(&STATE.read().unwrap_or_else(PoisonError::into_inner))
}

fn write(change: impl FnOnce(&mut State)) {
    change(&mut STATE.write().unwrap_or_else(PoisonError::into_inner));
}

fn pem_text(certificate: &TrustedCertificate) -> String {
    let block = Pem::new("CERTIFICATE", certificate.der().as_ref());
    let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
    let text = pem::encode_config(&block, config);
    text.trim_end().to_owned()
}

//! The test PKI as contexts take it.

use tls_certs::{Identity, Trust};
use tls_context::{SecureContext, SecureContextBuilder};
use tls_testing::{Authority, Leaf, Pki};

/// A leaf as an identity.
///
/// # Panics
/// When the leaf is none.
#[must_use]
pub fn identity(leaf: &Leaf) -> Identity {
    Identity::from_der(leaf.chain().to_vec(), leaf.key()).unwrap()
}

/// Trust in this authority alone.
///
/// # Panics
/// When its certificate can't be read.
#[must_use]
pub fn trust(authority: &Authority) -> Trust {
    Trust::from_pem(authority.pem().as_bytes()).unwrap()
}

/// Trust in the root of the test PKI.
#[must_use]
pub fn trusted_root() -> Trust {
    trust(&Pki::shared().root)
}

/// The begin of a context that serves [`Pki::server`].
pub fn server() -> SecureContextBuilder {
    SecureContext::server(identity(&Pki::shared().server))
}

/// The begin of a context that trusts the root of the test PKI.
pub fn client() -> SecureContextBuilder {
    SecureContext::client(trusted_root())
}

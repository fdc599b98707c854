//! What the sources hold, read and decrypted.

use pki_types::{CertificateDer, PrivateKeyDer};

use super::source::{Place, Source};
use crate::identity::warn_if_readable_by_others;
use crate::pem_bundle::{PemBundle, certificate_of_der, looks_like_der, refuse_pfx};
use crate::{Error, Passphrase, Result, pkcs12, private_key};

/// What a source is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Certificates,
    Keys,
    Both,
    Pfx,
}

/// What the sources hold.
#[derive(Default)]
pub(super) struct Found {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) certificate_origin: String,
    pub(super) keys: Vec<(String, PrivateKeyDer<'static>)>,
}

impl Found {
    pub(super) fn add(
        &mut self,
        content: Content,
        source: &Source,
        shared: Option<&Passphrase>,
    ) -> Result<()> {
        let (bytes, origin) = (source.place.read()?, source.place.origin());
        let passphrase = source.passphrase.as_ref().or(shared);
        if let (Place::File(path), true) = (&source.place, content != Content::Certificates) {
            warn_if_readable_by_others(path);
        }
        if content == Content::Pfx {
            return self.add_pfx(&bytes, &origin, passphrase);
        }
        let bundle = PemBundle::find(&bytes, &origin);
        if bundle.is_empty() && looks_like_der(&bytes) && content != Content::Both {
            return self.add_der(content, &bytes, &origin, passphrase);
        }
        let both = content == Content::Both;
        if both && !bundle.has_certificates() && !bundle.has_keys() {
            return PemBundle::parse(&bytes, &origin)?
                .certificates()
                .map(|_| ());
        }
        if content == Content::Certificates || (both && bundle.has_certificates()) {
            self.add_certificates(bundle.certificates()?, &origin);
        }
        if content == Content::Keys || (both && bundle.has_keys()) {
            let keys = bundle.private_keys(passphrase)?;
            self.keys
                .extend(keys.into_iter().map(|key| (origin.clone(), key)));
        }
        Ok(())
    }

    fn add_der(
        &mut self,
        content: Content,
        der: &[u8],
        origin: &str,
        passphrase: Option<&Passphrase>,
    ) -> Result<()> {
        if content == Content::Certificates {
            self.add_certificates(vec![certificate_of_der(der, origin)?], origin);
        } else {
            refuse_pfx(der, origin)?;
            let key = private_key::from_der(der, origin, passphrase)?;
            self.keys.push((origin.to_owned(), key));
        }
        Ok(())
    }

    fn add_pfx(
        &mut self,
        bytes: &[u8],
        origin: &str,
        passphrase: Option<&Passphrase>,
    ) -> Result<()> {
        let contents = pkcs12::read(bytes, origin, passphrase)?;
        if contents.keys.is_empty() {
            return Err(Error::Pkcs12NoKey {
                origin: origin.to_owned(),
            });
        }
        self.add_certificates(contents.certificates, origin);
        let keys = contents.keys.into_iter();
        self.keys
            .extend(keys.map(|key| (origin.to_owned(), key.into())));
        Ok(())
    }

    fn add_certificates(&mut self, certificates: Vec<CertificateDer<'static>>, origin: &str) {
        self.certificates.extend(certificates);
        if !self.certificate_origin.is_empty() {
            self.certificate_origin.push_str(" and ");
        }
        self.certificate_origin.push_str(origin);
    }
}

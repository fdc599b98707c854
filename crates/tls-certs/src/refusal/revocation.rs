//! Refusals that are about revocation lists: of which certificate's issuer.

use rustls::CertRevocationListError;

use super::explain::{Finding, Refused};
use crate::chain_path::{ChainPath, Link};
use crate::crl::Signer;
use crate::{Crl, CrlDepth, VerifyCode};

const NO_CRL_SIGN: &str = "the key usage of the CA does not allow it to sign revocation lists; have its certificate issued again with cRLSign";

impl Refused<'_> {
    /// Certificates that the policy looks up.
    fn looked_up<'p>(
        &self,
        path: &'p ChainPath<'_>,
    ) -> impl Iterator<Item = (usize, &'p Link<'p>)> {
        let count = match self.policy.options.crl_policy.depth {
            CrlDepth::WholeChain => usize::MAX,
            CrlDepth::Leaf => 1,
        };
        path.links.iter().enumerate().take(count)
    }

    /// The list that webpki asked: the newest of the issuer and its key whose time has come.
    fn list_of(&self, link: &Link<'_>) -> Option<&Crl> {
        let issuer = link.issuer_content();
        let signer = Signer::of(&link.certificate)?;
        let mut lists = self.policy.crls()?.lists().iter();
        lists.find(|list| {
            list.issuer_content() == issuer
                && !list.is_of_another_key(&signer)
                && list.defect().is_none()
                && !list.is_before_its_time(self.now)
        })
    }

    pub(super) fn revoked(&self, path: &ChainPath<'_>) -> Finding {
        let revoked = self.looked_up(path).find_map(|(depth, link)| {
            let serial = link.certificate.tbs_certificate().serial_number();
            let list = self.list_of(link)?;
            list.lists_serial(serial.as_bytes())
                .then_some((depth, list))
        });
        about_list(VerifyCode::CertRevoked, revoked)
    }

    /// No list, one that is not valid yet, or one with a date that is none.
    pub(super) fn no_list(&self, path: &ChainPath<'_>) -> Finding {
        let without = self
            .looked_up(path)
            .find(|(_, link)| self.list_of(link).is_none());
        let Some((depth, link)) = without else {
            return Finding::new(VerifyCode::UnableToGetCrl, 0);
        };
        let issuer = link.issuer_content();
        let unusable = self.policy.crls().and_then(|crls| crls.of(&issuer).next());
        let code = match unusable {
            None => VerifyCode::UnableToGetCrl,
            Some(list) => list.defect().unwrap_or(VerifyCode::CrlNotYetValid),
        };
        Finding::new(code, depth).list(unusable)
    }

    pub(super) fn stale_list(&self, path: &ChainPath<'_>) -> Finding {
        let stale = self.looked_up(path).find_map(|(depth, link)| {
            let list = self.list_of(link)?;
            list.is_stale(self.now).then_some((depth, list))
        });
        about_list(VerifyCode::CrlHasExpired, stale)
    }

    pub(super) fn bad_list(
        &self,
        path: &ChainPath<'_>,
        error: &CertRevocationListError,
    ) -> Finding {
        let bad = self.looked_up(path).find_map(|(depth, link)| {
            let (list, issuer) = (self.list_of(link)?, self.issuer(path, depth)?);
            let is_signed = list.is_signed_by(issuer, self.policy.algorithms.all);
            (!is_signed).then_some((depth, list))
        });
        let finding = about_list(VerifyCode::CrlSignatureFailure, bad);
        match error {
            CertRevocationListError::IssuerInvalidForCrl => finding.hint(NO_CRL_SIGN),
            _ => finding,
        }
    }
}

fn about_list(code: VerifyCode, found: Option<(usize, &Crl)>) -> Finding {
    match found {
        Some((depth, list)) => Finding::new(code, depth).list(Some(list)),
        None => Finding::new(code, 0),
    }
}

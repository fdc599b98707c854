//! Every code stands on the page.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use tls_ocsp::{Error, FetchError, ResponderFault, ResponseStatus};

#[test]
fn every_code_stands_on_the_page() {
    let errors = [
        Error::Certificate(String::new()),
        Error::NotTheIssuer,
        Error::NoIssuer,
        Error::TooLarge(1),
        Error::Malformed(String::new()),
        Error::Unsuccessful(ResponseStatus::TryLater),
        Error::OtherCertificate,
        Error::StatusUnknown,
        Error::NotYetValid {
            ahead: Duration::ZERO,
        },
        Error::Expired {
            ago: Duration::ZERO,
        },
        Error::NoNextUpdate,
        Error::Dates,
        Error::ResponderNotAuthorised(ResponderFault::Usage),
        Error::SignatureAlgorithm,
        Error::Signature,
        Error::Nonce,
        Error::Randomness,
        Error::NobodyToAsk,
        Error::Older,
        Error::SeveralLists,
        Error::ListSigner,
        Error::ListDates,
        Error::ListNotYetValid,
        Error::ListExpired,
    ];
    let fetch = [
        FetchError::Url(String::new()),
        FetchError::NoTls,
        FetchError::Port(1),
        FetchError::Resolve(String::new(), io::ErrorKind::NotFound),
        FetchError::PrivateAddress(String::new()),
        FetchError::Connect(io::ErrorKind::ConnectionRefused.into()),
        FetchError::Http("x".into()),
        FetchError::Status(404),
        FetchError::TooManyRedirects,
        FetchError::TooLarge(1),
        FetchError::Late(Duration::ZERO),
    ];
    let codes: BTreeSet<&str> = errors
        .iter()
        .map(Error::code)
        .chain(fetch.iter().map(FetchError::code))
        .collect();
    assert_eq!(codes.len(), errors.len() + fetch.len());
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");
    let page = std::fs::read_to_string(page).unwrap();
    for code in codes {
        assert!(page.contains(&format!("| `{code}` |")), "{code}");
    }
}

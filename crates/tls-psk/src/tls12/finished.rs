//! Finished (RFC 5246, Section 7.4.9).

use subtle::ConstantTimeEq;
use tls_record::Role;
use tls_wire::HandshakeType;

use super::messages;
use super::secrets::MasterSecret;
use crate::Error;
use crate::transcript::Transcript;

/// `verify_data_length`, the same for all suites.
const VERIFY_DATA_LEN: usize = 12;

/// `PRF(master_secret, finished_label, Hash(handshake_messages))`.
fn verify_data(
    sender: Role,
    secret: &MasterSecret,
    transcript: &Transcript,
) -> Result<[u8; VERIFY_DATA_LEN], Error> {
    let label: &[u8] = match sender {
        Role::Client => b"client finished",
        Role::Server => b"server finished",
    };
    let mut data = [0; VERIFY_DATA_LEN];
    secret.expand(label, &[transcript.hash().as_bytes()], &mut data)?;
    Ok(data)
}

/// This end's Finished over the messages so far.
pub(super) fn write(
    sender: Role,
    secret: &MasterSecret,
    transcript: &Transcript,
) -> Result<Vec<u8>, Error> {
    let data = verify_data(sender, secret, transcript)?;
    messages::write(HandshakeType::Finished, |body| body.put(&data))
}

/// Checks the peer's Finished over the messages so far, in constant time. "Recipients of Finished
/// messages MUST verify that the contents are correct."
pub(super) fn check(
    message: &[u8],
    sender: Role,
    secret: &MasterSecret,
    transcript: &Transcript,
) -> Result<(), Error> {
    let theirs = messages::body_of(message, HandshakeType::Finished)?;
    let expected = verify_data(sender, secret, transcript)?;
    if bool::from(expected[..].ct_eq(theirs)) {
        Ok(())
    } else {
        Err(Error::FinishedMismatch)
    }
}

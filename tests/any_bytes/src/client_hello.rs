//! Records of a client's first flight.

use tls_wire::{ClientHello, ClientHelloReader, Progress};

/// Reads a hello whole and byte by byte, which must come to the same, and looks at all it says.
#[must_use]
pub fn client_hello(bytes: &[u8]) -> bool {
    let mut reader = ClientHelloReader::default();
    let mut bytewise = ClientHelloReader::default();
    let whole = match reader.read(bytes) {
        Ok(Progress::Whole(whole)) => whole,
        Ok(_) => {
            assert!(
                bytes.iter().all(|byte| bytewise.read(&[*byte]).is_ok()),
                "refused in pieces only"
            );
            return false;
        }
        Err(error) => {
            let refused = bytes.iter().find_map(|byte| bytewise.read(&[*byte]).err());
            assert_eq!(refused.map(|it| it.code()), Some(error.code()));
            return false;
        }
    };
    let mut message = None;
    for byte in &bytes[..whole.consumed] {
        if let Progress::Whole(same) = bytewise.read(&[*byte]).expect("the same bytes") {
            message = Some(same.message);
        }
    }
    assert_eq!(message.as_ref(), Some(&whole.message));
    let Ok(hello) = ClientHello::parse(whole.message) else {
        return false;
    };
    let _ = (hello.describe(), hello.server_name(), format!("{hello:?}"));
    true
}

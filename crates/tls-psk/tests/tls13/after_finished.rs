//! What a server says once its Finished is sent: all of it goes under the application keys
//! (RFC 8446, Appendix A.2), also where the client's own Finished is still awaited.

use tls_record::{Error, RecordLayer, RecordLimits};
use tls_wire::AlertDescription;

use crate::ends::{End, From, NOW, client_config, one_key, run_with, server_config};

#[test]
fn a_late_alert_can_be_read_by_the_client() {
    let outcome = run_with(
        client_config(),
        server_config(),
        &one_key,
        NOW,
        |from, flight, wire| {
            if let ((From::Client, 1), Some(byte)) = ((from, flight), wire.last_mut()) {
                *byte ^= 1;
            }
        },
    );
    let server = outcome.server.error().map(tls_psk::Error::code);
    assert_eq!(server, Some("bad_record_mac"));
    // The client is through, and reads what comes as its record layer does.
    let End::Done(client) = outcome.client else {
        panic!("the client is not done");
    };
    let mut client = RecordLayer::new(client.established, RecordLimits::default()).unwrap();
    let mut alert = outcome.to_client;
    assert_eq!(
        client.open(&mut alert, &mut [0; 64]).unwrap_err(),
        Error::AlertReceived(AlertDescription::BadRecordMac)
    );
}

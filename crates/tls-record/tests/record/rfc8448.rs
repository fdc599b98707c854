//! RFC 8448, Section 3 (simple 1-RTT handshake): the records under the application keys.

use std::sync::{Arc, Mutex};

use tls_record::{
    Aead, Established, KeyUpdateRefused, Opened, PostHandshake, RecordLayer, RecordLimits, Role,
    TicketRefused, TrafficKeys,
};
use tls_wire::ProtocolVersion;

const CLIENT_KEY: &str = "17422dda596ed5d9acd890e3c63f5051";
const CLIENT_IV: &str = "5b78923dee08579033e523d9";
const SERVER_KEY: &str = "9f02283b6c9c07efc26bb9f2ac92e356";
const SERVER_IV: &str = "cf782b88dd83549aadf1e984";

/// The server's first record: NewSessionTicket.
const TICKET_RECORD: &str = "17030300de3a6b8f90414a97d6959c3487680de5134a2b240e6cffac116e95d4\
    1d6af8f6b580dcf3d11d63c758db289a015940252f55713e061dc13e078891a38efbcf5753ad8ef170ad3c7353d16d\
    9da773b9ca7f2b9fa1b6c0d4a3d03f75e09c30ba1e62972ac46f75f7b981be63439b2999ce13064615139891d5e4c5\
    b406f16e3fc181a77ca475840025db2f0a77f81b5ab05b94c01346755f69232c86519d86cbeeac87aac347d143f960\
    5d64f650db4d023e70e952ca49fe5137121c74bc2697687e248746d6df353005f3bce18696129c8153556b3b6c6779\
    b37bf15985684f";
const TICKET: &str = "040000c90000001efad6aac502000000b22c035d829359ee5ff7af4ec900000000262a6494\
    dc486d2c8a34cb33fa90bf1b0070ad3c498883c9367c09a2be785abc55cd226097a3a982117283f82a03a143efd3ff\
    5dd36d64e861be7fd61d2827db279cce145077d454a3664d4e6da4d29ee03725a6a4dafcd0fc67d2aea70529513e3d\
    a2677fa5906c5b3f7d8f92f228bda40dda721470f9fbf297b5aea617646fac5c03272e970727c621a79141ef5f7de6\
    505e5bfbc388e93343694093934ae4d3570008002a000400000400";
/// 50 bytes, 00 to 31 (hexadecimal), each way.
const CLIENT_DATA_RECORD: &str = "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f\
    2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4";
const SERVER_DATA_RECORD: &str = "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36\
    e30efaf97d90e6dffc602dcb501a59a8fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d";
/// close_notify, each way.
const CLIENT_ALERT_RECORD: &str = "1703030013c9872760655666b74d7ff1153efd6db6d0b0e3";
const SERVER_ALERT_RECORD: &str = "1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9";

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex).unwrap()
}

fn keys(key: &str, iv: &str) -> TrafficKeys {
    TrafficKeys::new(Aead::Aes128Gcm, &bytes(key), bytes(iv).try_into().unwrap()).unwrap()
}

#[derive(Default)]
struct Tickets(Arc<Mutex<Vec<Vec<u8>>>>);

impl PostHandshake for Tickets {
    fn next_tx_keys(&mut self) -> Result<TrafficKeys, KeyUpdateRefused> {
        Err(KeyUpdateRefused)
    }

    fn next_rx_keys(&mut self) -> Result<TrafficKeys, KeyUpdateRefused> {
        Err(KeyUpdateRefused)
    }

    fn new_session_ticket(&mut self, body: &[u8]) -> Result<(), TicketRefused> {
        self.0.lock().unwrap().push(body.to_vec());
        Ok(())
    }
}

fn layer(role: Role, tx_sequence: u64, tickets: Tickets) -> RecordLayer {
    let client = keys(CLIENT_KEY, CLIENT_IV);
    let server = keys(SERVER_KEY, SERVER_IV);
    let (tx, rx) = match role {
        Role::Client => (client, server),
        Role::Server => (server, client),
    };
    let established = Established {
        role,
        version: ProtocolVersion::Tls13,
        tx,
        tx_sequence,
        rx,
        rx_sequence: 0,
        post_handshake: Some(Box::new(tickets)),
    };
    RecordLayer::new(established, RecordLimits::default()).unwrap()
}

fn payload() -> Vec<u8> {
    (0..50).collect()
}

fn seals(layer: &mut RecordLayer, data_record: &str, alert_record: &str) {
    let mut wire = vec![0; layer.sealed_len(50)];
    let sealed = layer.seal(&payload(), &mut wire).unwrap();
    assert_eq!(
        (sealed.consumed, hex::encode(&wire)),
        (50, data_record.to_owned())
    );
    layer.queue_close_notify();
    let mut wire = vec![0; layer.control_len()];
    assert_eq!(layer.write_control(&mut wire), Ok(wire.len()));
    assert_eq!(hex::encode(&wire), alert_record);
}

fn opens(layer: &mut RecordLayer, data_record: &str, alert_record: &str) {
    let mut out = [0; 100];
    let mut wire = bytes(data_record);
    assert_eq!(
        layer.open(&mut wire, &mut out),
        Ok(Opened::Data {
            consumed: 72,
            written: 50
        })
    );
    assert_eq!(&out[..50], payload());
    let mut wire = bytes(alert_record);
    assert_eq!(
        layer.open(&mut wire, &mut out),
        Ok(Opened::CloseNotify { consumed: 24 })
    );
}

#[test]
fn section_3_client() {
    let tickets = Tickets::default();
    let seen = Arc::clone(&tickets.0);
    let mut layer = layer(Role::Client, 0, tickets);
    let mut wire = bytes(TICKET_RECORD);
    assert_eq!(
        layer.open(&mut wire, &mut [0; 300]),
        Ok(Opened::Control { consumed: 227 })
    );
    assert_eq!(*seen.lock().unwrap(), [bytes(TICKET)[4..].to_vec()]);
    seals(&mut layer, CLIENT_DATA_RECORD, CLIENT_ALERT_RECORD);
    opens(&mut layer, SERVER_DATA_RECORD, SERVER_ALERT_RECORD);
}

/// The server has spent one sequence number on its ticket.
#[test]
fn section_3_server() {
    let mut layer = layer(Role::Server, 1, Tickets::default());
    opens(&mut layer, CLIENT_DATA_RECORD, CLIENT_ALERT_RECORD);
    seals(&mut layer, SERVER_DATA_RECORD, SERVER_ALERT_RECORD);
}

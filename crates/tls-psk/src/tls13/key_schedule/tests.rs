//! RFC 8448, Section 4: a handshake with a pre-shared key and (EC)DHE.

use super::*;

fn output(hex: &str) -> HashOutput {
    HashOutput::copy(&hex::decode(hex).unwrap())
}

fn hex(output: &HashOutput) -> String {
    hex::encode(output.as_bytes())
}

const SHA256: HashAlgorithm = HashAlgorithm::Sha256;
const PSK: &str = "4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3";
const HELLO_WITHOUT_BINDERS: &str =
    "63224b2e4573f2d3454ca84b9d009a04f6be9e05711a8396473aefa01e924a14";
const TO_SERVER_HELLO: &str = "f736cb34fe25e701551bee6fd24c1cc7102a7daf9405cb15d97aafe16f757d03";
const TO_ENCRYPTED_EXTENSIONS: &str =
    "04055455ef74b2322ba366cbc4cfe02723434b37b9b3671bb5a3006056d8f02f";
const TO_SERVER_FINISHED: &str = "b0aeffc46a2cfe33114e6fd7d51f9f04b1ca3c497dab08934a774a9d9ad7dbf3";
const TO_END_OF_EARLY_DATA: &str =
    "9f23a00c1f08fc18807b8b68237b565df20d4c50dd8e49ef612e1a5bb16c5867";
const TO_CLIENT_FINISHED: &str = "c3c122e0bd907a4a3ff6112d8fd53dbf89c773d9552e8b6b9d56d361b3a97bf6";
const KEY_EXCHANGE: &str = "f44194756ff9ec9d25180635d66ea6824c6ab3bf179977be37f723570e7ccb2e";

fn early() -> EarlySecret {
    EarlySecret::new(SHA256, &hex::decode(PSK).unwrap())
}

fn handshake() -> HandshakeSecret {
    let shared = hex::decode(KEY_EXCHANGE).unwrap();
    early().handshake(Some(&shared)).unwrap()
}

#[test]
fn the_key_of_a_ticket_is_that_of_rfc_8448() {
    let master = output("7df235f2031d2a051287d02b0241b0bfdaf86cc856231f2d5aba46c434ec196c");
    let psk = resumption_psk(SHA256, &master, &[0, 0]).unwrap();
    assert_eq!(hex(&psk), PSK);
}

#[test]
fn the_binder_is_that_of_rfc_8448() {
    let early = early();
    assert_eq!(
        hex(&early.secret),
        "9b2188e9b2fc6d64d71dc329900e20bb41915000f678aa839cbb797cb7d8332c"
    );
    let messages = output(HELLO_WITHOUT_BINDERS);
    let binder = |kind| hex(&early.binder(kind, &messages).unwrap());
    let resumption = binder(PskKind::Resumption);
    assert_eq!(
        resumption,
        "3add4fb2d8fdf822a0ca3cf7678ef5e88dae990141c5924d57bb6fa31b9e5f9d"
    );
    // Another kind of key has another binder, so that none is taken for another.
    assert_ne!(binder(PskKind::External), resumption);
    assert_ne!(binder(PskKind::Imported), resumption);
    assert_ne!(binder(PskKind::Imported), binder(PskKind::External));
}

#[test]
fn the_traffic_secrets_are_those_of_rfc_8448() {
    let handshake = handshake();
    let messages = output(TO_SERVER_HELLO);
    let client = handshake.client_traffic(&messages).unwrap();
    let server = handshake.server_traffic(&messages).unwrap();
    assert_eq!(
        hex(&client),
        "2faac08f851d35fea3604fcb4de82dc62c9b164a70974d0462e27f1ab278700f"
    );
    assert_eq!(
        hex(&server),
        "fe927ae271312e8bf0275b581c54eef020450dc4ecffaa05a1a35d27518e7803"
    );
    let finished = verify_data(SHA256, &server, &output(TO_ENCRYPTED_EXTENSIONS)).unwrap();
    assert_eq!(
        hex(&finished),
        "48d3e0e1b3d907c6acff145e16090388c77b05c050b634ab1a88bbd0dd1a34b2"
    );
    let finished = verify_data(SHA256, &client, &output(TO_END_OF_EARLY_DATA)).unwrap();
    assert_eq!(
        hex(&finished),
        "7230a9c952c25cd6138fc5e6628308c41c5335dd81b9f96bcea50fd32bda416d"
    );
    let master = handshake.master().unwrap();
    let messages = output(TO_SERVER_FINISHED);
    for (secret, expected) in [
        (
            master.client_traffic(&messages),
            "2abbf2b8e381d23dbebe1dd2a7d16a8bf484cb4950d23fb7fb7fa8547062d9a1",
        ),
        (
            master.server_traffic(&messages),
            "cc21f1bf8feb7dd5fa505bd9c4b468a9984d554a993dc49e6d285598fb672691",
        ),
        (
            master.exporter(&messages),
            "3fd93d4ffddc98e64b14dd107aedf8ee4add23f4510f58a4592d0b201bee56b4",
        ),
        (
            master.resumption(&output(TO_CLIENT_FINISHED)),
            "5e95bdf1f89005ea2e9aa0ba85e728e3c19c5fe0c699e3f5bee59faebd0b5406",
        ),
    ] {
        assert_eq!(hex(&secret.unwrap()), expected);
    }
}

/// "if a given secret is not available, then the 0-value consisting of a string of Hash.length
/// bytes set to zeros is used" (Section 7.1).
#[test]
fn without_a_key_exchange_zeros_stand_in() {
    let alone = early().handshake(None).unwrap();
    let zeros = early().handshake(Some(&[0; 32])).unwrap();
    assert_eq!(hex(&alone.secret), hex(&zeros.secret));
    assert_ne!(hex(&alone.secret), hex(&handshake().secret));
}

#[test]
fn sha384_has_secrets_of_48_bytes() {
    let early = EarlySecret::new(HashAlgorithm::Sha384, &[1; 32]);
    let messages = Transcript::empty_hash(HashAlgorithm::Sha384);
    let binder = early.binder(PskKind::External, &messages).unwrap();
    assert_eq!(binder.as_bytes().len(), 48);
}

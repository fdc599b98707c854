//! `tls psk`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::ends::{Place, json, text};
use crate::json::compare;

#[tokio::test]
async fn a_line_is_made_that_a_file_takes() {
    let place = Place::new();
    let file = place.path().join("devices.psk");
    let mut lines = Vec::new();
    for args in [
        &[][..],
        &["--identity", "gate-7"],
        &["--identity", "gate 8", "--bits", "128"],
    ] {
        let output = place.run(&[&["psk", "new"], args].concat()).await;
        lines.push(output.expect_success().stdout);
    }
    assert!(lines[0].starts_with("psk-"), "{lines:?}");
    let (identity, key) = lines[1].trim_end().split_once(':').unwrap();
    assert_eq!((identity, key.len()), ("gate-7", 64));
    assert_eq!(lines[2].trim_end().len(), "gate 8:".len() + 32);
    fs::write(&file, lines.concat()).unwrap();
    fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let good = place
        .run(&["psk", "check", text(&file)])
        .await
        .expect_success();
    assert!(good.stdout.contains("nothing to say against it"));
    for wrong in [
        &["--identity", "a:b"][..],
        &["--identity", ""],
        &["--bits", "127"],
        &["--bits", "100000"],
    ] {
        let words = [&["psk", "new"], wrong].concat();
        assert_eq!(place.exit_code(&words).await, 2, "{wrong:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_told_by_line_and_without_its_keys() {
    let place = Place::new();
    let file = place.path().join("devices.psk");
    let long = "5a".repeat(32);
    let content = format!("# ours\na:{long}\nb:{long}\nshort:00112233\nno-colon\nc:xyzzy\n");
    fs::write(&file, content).unwrap();
    fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    let output = place.run(&["psk", "check", text(&file)]).await;
    assert_eq!(output.status.code(), Some(1));
    for says in [
        "refused  it is open to others (mode 644)",
        "advice   line 3: \"b\" has the same key as \"a\"",
        "refused  line 4: the key has 4 bytes, not 16 to 512",
        "refused  line 5: not `identity:hexkey`",
        "refused  line 6: the key is not in hex",
    ] {
        assert!(output.stdout.contains(says), "{says}: {}", output.stdout);
    }
    assert!(!output.contains("5a5a") && !output.contains("xyzzy"));
    let output = place.run(&["psk", "check", text(&file), "--json"]).await;
    let event = json(&output.stdout);
    compare(&event);
    assert_eq!(
        (&event["ok"], &event["findings"][2]["code"]),
        (&false.into(), &"psk_file_key_length".into())
    );
    assert_eq!(place.exit_code(&["psk", "check", "missing.psk"]).await, 3);
}

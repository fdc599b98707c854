//! `tls ticket-keys`: makes and shows ticket keys, never their bytes.

use std::fmt::Write;
use std::path::Path;

use serde_json::json;
use tls::sessions::TicketKeys;

use crate::error::Result;
use crate::exit_codes::ExitCode;
use crate::flags::TicketKeysCommand;
use crate::output;

pub(crate) fn run(command: &TicketKeysCommand) -> Result<ExitCode> {
    match command {
        TicketKeysCommand::New { file } => {
            let keys = TicketKeys::write_new_file(file)?;
            let names = names(&keys);
            output::result(&format!("{}  key {}", file.display(), names.join(", ")))
        }
        TicketKeysCommand::Show { file, json } => show(file, *json),
    }
}

fn show(file: &Path, json: bool) -> Result<ExitCode> {
    let keys = TicketKeys::from_file(file)?;
    let names = names(&keys);
    let state = |index: usize| if index == 0 { "issues" } else { "opens" };
    if json {
        let keys: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(index, name)| json!({"name": name, "state": state(index)}))
            .collect();
        return output::result(&json!({"v": 1, "keys": keys}).to_string());
    }
    let mut text = String::new();
    for (index, name) in names.iter().enumerate() {
        // Writing to a string can't fail.
        let _ = writeln!(text, "{name}  {}", state(index));
    }
    output::result(text.trim_end())
}

/// Names in hexadecimal: the first 16 bytes of a key are no secret, each ticket begins with them.
fn names(keys: &TicketKeys) -> Vec<String> {
    let hex = |name: &[u8; 16]| name.iter().map(|byte| format!("{byte:02x}")).collect();
    keys.names().iter().map(hex).collect()
}

//! `tls cert dev`: the development CA, made, shown or removed.

use serde_json::json;
use tls::certs::CertificateSummary;
use tls::certs::development::DevelopmentCa;

use crate::connection_report::CertificateReport;
use crate::development;
use crate::error::Result;
use crate::exit_codes::ExitCode;
use crate::flags::DevelopmentFlags;
use crate::{names, output};

/// Makes the CA if there is none, and shows it.
pub(super) fn show(flags: &DevelopmentFlags, path_only: bool, json: bool) -> Result<ExitCode> {
    let ca = development::load_or_create(flags)?;
    let file = ca.ca_path();
    if path_only {
        return output::result(&file.display().to_string());
    }
    let summary = CertificateSummary::from_der(ca.certificate())?;
    if json {
        let event = json!({
            "v": 1,
            "event": "development_ca",
            "ca_file": file,
            "created": ca.was_created(),
            "names": ca.permitted_names(),
            "certificate": CertificateReport::of(&summary),
        });
        return output::result(&event.to_string());
    }
    let new = if ca.was_created() { "  (new)" } else { "" };
    output::result(&format!(
        "\"{}\", {}{new}",
        development::ca_name(&ca),
        names::validity(summary.not_after)
    ))?;
    output::result(&format!("  file   {}", file.display()))?;
    output::result(&format!(
        "  names  {}, and this machine's own addresses",
        ca.permitted_names().join(", ")
    ))?;
    output::result("Whoever trusts it trusts what its key signs, and that is only for these names.")
}

/// Removes the CA, its key and what it issued.
pub(super) fn remove(flags: &DevelopmentFlags, json: bool) -> Result<ExitCode> {
    let removed = DevelopmentCa::remove(development::directory(flags)?)?;
    if json {
        let event = json!({"v": 1, "event": "development_ca_removed", "files": removed});
        return output::result(&event.to_string());
    }
    for file in &removed {
        output::result(&format!("removed  {}", file.display()))?;
    }
    if removed.is_empty() {
        return output::result("there was no development CA");
    }
    output::result("Browsers and systems that were told to trust it have to be told separately.")
}

//! `cargo xtask ci`: everything that is checked besides the tests. Goes on after a failure.

use crate::{
    Outcome, Workspace, coverage, run, summary::Steps, test::RESULTS_FILE, tidy, workspace::Package,
};

/// Runs all steps, or those whose name contains the given word.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Outcome {
    let wanted = args.first().map(String::as_str);
    let mut steps = Steps::default();
    let mut step = |name: &str, work: &mut dyn FnMut() -> bool| {
        if wanted.is_none_or(|wanted| name.contains(wanted)) {
            steps.step(name, work);
        }
    };
    step("tidy", &mut || finished(tidy::run(workspace, &[])));
    step("fmt", &mut || {
        run::succeeds(workspace.cargo().args(["fmt", "--all", "--check"]))
    });
    step("clippy", &mut || {
        clippy(workspace, &["--workspace", "--all-targets"])
    });
    step("clippy, all features", &mut || {
        let features = workspace.buildable_features();
        clippy(
            workspace,
            &["--workspace", "--all-targets", "--features", &features],
        )
    });
    step("docs", &mut || docs(workspace));
    step("deny", &mut || deny(workspace));
    for package in &workspace.packages {
        step(&format!("{} alone", package.name), &mut || {
            clippy(workspace, &["--package", &package.name, "--all-targets"])
        });
    }
    for package in workspace
        .packages
        .iter()
        .filter(|package| !package.features.is_empty())
    {
        step(&format!("{} features", package.name), &mut || {
            each_feature(workspace, package)
        });
    }
    step("coverage", &mut || covered(workspace));
    Ok(steps.report())
}

fn clippy(workspace: &Workspace, choice: &[&str]) -> bool {
    let mut cargo = workspace.cargo();
    cargo
        .args(["clippy", "--quiet"])
        .args(choice)
        .args(["--", "--deny", "warnings"]);
    run::succeeds(&mut cargo)
}

/// The documentation as a user gets it.
fn docs(workspace: &Workspace) -> bool {
    let mut cargo = workspace.cargo();
    cargo.args(["doc", "--quiet", "--workspace", "--no-deps"]);
    cargo.args(["--features", &workspace.buildable_features()]);
    run::succeeds(cargo.env("RUSTDOCFLAGS", "--deny warnings"))
}

/// Licences, duplicates, sources; advisories need a network and are asked for by hand.
fn deny(workspace: &Workspace) -> bool {
    let is_there = run::output(workspace.cargo().args(["deny", "--version"])).is_ok();
    let mut install = workspace.cargo();
    // It is built for its own sake: the settings of this workspace are not meant for it.
    install.args(["install", "--quiet", "--locked", "cargo-deny"]);
    let mut deny = workspace.cargo();
    deny.args([
        "deny",
        "--color",
        "never",
        "--all-features",
        "check",
        "--hide-inclusion-graph",
    ]);
    deny.args(["licenses", "bans", "sources"]);
    (is_there || run::succeeds(&mut install)) && run::succeeds(&mut deny)
}

/// Without features, with each alone, with all.
fn each_feature(workspace: &Workspace, package: &Package) -> bool {
    let features = package.buildable_features();
    let base = ["--package", &package.name, "--no-default-features"];
    let mut all_well = clippy(workspace, &base);
    for feature in &features {
        all_well &= clippy(workspace, &[&base[..], &["--features", feature]].concat());
    }
    if features.len() > 1 {
        all_well &= clippy(
            workspace,
            &[&base[..], &["--features", &features.join(",")]].concat(),
        );
    }
    all_well
}

/// Claims of the documentation, once there are results of tests to hold them against.
fn covered(workspace: &Workspace) -> bool {
    if !workspace.target.join(RESULTS_FILE).exists() {
        println!("no tests ran yet, so no claim is checked: `cargo xtask test` first");
        return true;
    }
    finished(coverage::run(workspace, &["--check".to_owned()]))
}

/// The outcome of another task as the outcome of a step.
fn finished(outcome: Outcome) -> bool {
    outcome.unwrap_or_else(|error| {
        println!("{error}");
        false
    })
}

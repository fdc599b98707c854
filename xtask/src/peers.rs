//! `cargo xtask peers`: finds or installs the real peers of the tests.
//!
//! Node comes as a package of npm into `target/peers` and needs no root. The others are packages
//! of the system; without root the command that a person has to run is printed.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{Outcome, Workspace, run};

/// The version whose behaviours the tests compare with; `tests/support` accepts no other.
const NODE_VERSION: &str = "24.7.0";

/// A peer and where it comes from. The crate `tests/support` looks for the same names, without
/// this one, which has to run before anything is built.
struct Peer {
    title: &'static str,
    variable: &'static str,
    executables: &'static [&'static str],
    version: &'static [&'static str],
    /// Packages of Debian and its like; none for Node, whose version there is another.
    system_package: Option<&'static str>,
}

const PEERS: &[Peer] = &[
    Peer {
        title: "OpenSSL",
        variable: "TLS_PEER_OPENSSL",
        executables: &["openssl"],
        version: &["version"],
        system_package: Some("openssl"),
    },
    Peer {
        title: "Node",
        variable: "TLS_PEER_NODE",
        executables: &["node"],
        version: &["--version"],
        system_package: None,
    },
    Peer {
        title: "Redis",
        variable: "TLS_PEER_REDIS",
        executables: &["redis-server", "valkey-server"],
        version: &["--version"],
        system_package: Some("redis-server"),
    },
    Peer {
        title: "curl",
        variable: "TLS_PEER_CURL",
        executables: &["curl"],
        version: &["--version"],
        system_package: Some("curl"),
    },
    Peer {
        title: "Chromium",
        variable: "TLS_PEER_CHROMIUM",
        executables: &["chromium", "chromium-browser", "google-chrome"],
        version: &["--version"],
        system_package: Some("chromium"),
    },
    Peer {
        title: "GnuTLS",
        variable: "TLS_PEER_GNUTLS",
        executables: &["gnutls-cli"],
        version: &["--version"],
        system_package: Some("gnutls-bin"),
    },
    Peer {
        title: "mosquitto",
        variable: "TLS_PEER_MOSQUITTO",
        executables: &["mosquitto"],
        version: &["-h"],
        system_package: Some("mosquitto"),
    },
    Peer {
        title: "publisher",
        variable: "TLS_PEER_MOSQUITTO_PUB",
        executables: &["mosquitto_pub"],
        version: &["--version"],
        system_package: Some("mosquitto-clients"),
    },
];

/// Where a system keeps servers, which is not in the `PATH` of every user.
const SERVICES: &str = "/usr/sbin";

/// Finds, installs what is missing, and prints what there is. True if nothing is missing.
pub(crate) fn run(workspace: &Workspace, _: &[String]) -> Outcome {
    Ok(provide(workspace))
}

/// The same for `cargo xtask test`.
pub(crate) fn provide(workspace: &Workspace) -> bool {
    let directory = workspace.root.join("target/peers");
    install_system_packages(&directory);
    if is_to_be_installed(&PEERS[1], &directory) {
        install_node(&directory);
    }
    let mut all = true;
    for peer in PEERS {
        match find(peer, &directory) {
            Some((path, version)) => {
                println!(
                    "peer {:<9} {version} ({})",
                    peer.title,
                    shown(&path, &workspace.root)
                );
            }
            None => {
                all = false;
                println!("peer {:<9} MISSING: {}", peer.title, remedy(peer));
            }
        }
    }
    all
}

/// Where Redis is, for what runs without tests.
pub(crate) fn redis(workspace: &Workspace) -> Option<PathBuf> {
    let redis = PEERS.iter().find(|peer| peer.title == "Redis")?;
    let (path, _) = find(redis, &workspace.root.join("target/peers"))?;
    Some(path)
}

/// Where a peer is and what it says its version is.
fn find(peer: &Peer, directory: &Path) -> Option<(PathBuf, String)> {
    if let Some(path) = env::var_os(peer.variable) {
        let path = PathBuf::from(path);
        let version = version(peer, &path)?;
        return Some((path, version));
    }
    let in_path = env::var_os("PATH").unwrap_or_default();
    std::iter::once(directory.join("node_modules/.bin"))
        .chain(env::split_paths(&in_path))
        .chain([PathBuf::from(SERVICES)])
        .flat_map(|dir| peer.executables.iter().map(move |name| dir.join(name)))
        .filter(|path| path.is_file())
        .find_map(|path| version(peer, &path).map(|version| (path, version)))
}

/// The first line that the program prints of its version; nothing if it is the wrong one. Its exit
/// code tells nothing: that of mosquitto is never 0 there.
fn version(peer: &Peer, path: &Path) -> Option<String> {
    let mut command = Command::new(path);
    let output = command.args(peer.version).stdin(Stdio::null()).output();
    let text = String::from_utf8(output.ok()?.stdout).ok()?;
    let line: String = text.lines().next()?.trim().chars().take(60).collect();
    let is_right = peer.system_package.is_some() || line == format!("v{NODE_VERSION}");
    is_right.then_some(line)
}

/// Whether a peer is missing, and nobody said where else it is.
fn is_to_be_installed(peer: &Peer, directory: &Path) -> bool {
    env::var_os(peer.variable).is_none() && find(peer, directory).is_none()
}

fn install_system_packages(directory: &Path) {
    let missing: Vec<&str> = PEERS
        .iter()
        .filter(|peer| is_to_be_installed(peer, directory))
        .filter_map(|peer| peer.system_package)
        .collect();
    if !missing.is_empty() {
        apt_install(&missing);
    }
}

/// Installs packages of the system where that is possible without asking anybody.
fn apt_install(packages: &[&str]) -> bool {
    let Some(apt) = Apt::at_hand() else {
        return false;
    };
    let installed = run::succeeds(apt.command().args(["update", "--quiet=2"]))
        & run::succeeds(
            apt.command()
                .args(["install", "--yes", "--quiet=2", "--no-install-recommends"])
                .args(packages),
        );
    if !installed {
        println!("installing {} failed; see above", packages.join(" "));
    }
    installed
}

/// How this user may run apt-get.
enum Apt {
    AsRoot,
    BySudo,
}

impl Apt {
    fn at_hand() -> Option<Self> {
        if !quietly("apt-get", &["--version"]) {
            return None;
        }
        let id = run::output(Command::new("id").arg("-u")).ok()?;
        if id.trim() == "0" {
            return Some(Self::AsRoot);
        }
        quietly("sudo", &["-n", "true"]).then_some(Self::BySudo)
    }

    fn command(&self) -> Command {
        let mut command = match self {
            Self::AsRoot => Command::new("apt-get"),
            Self::BySudo => {
                let mut sudo = Command::new("sudo");
                sudo.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
                sudo
            }
        };
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null());
        command
    }
}

/// npm puts the package `node` into `directory`; it brings its executable along.
fn install_node(directory: &Path) {
    if !quietly("npm", &["--version"]) && !apt_install(&["npm"]) {
        return;
    }
    if let Err(error) = fs::create_dir_all(directory) {
        println!("{}: {error}", directory.display());
        return;
    }
    for package in node_packages() {
        // A prefix of its own, and a manifest, so that npm does not look further up.
        let mut npm = Command::new("npm");
        npm.current_dir(directory).stdin(Stdio::null());
        npm.args([
            "install",
            "--prefix",
            ".",
            "--no-save",
            "--no-audit",
            "--no-fund",
        ]);
        npm.args(["--no-update-notifier", "--loglevel=error", &package]);
        if run::succeeds(&mut npm) && find(&PEERS[1], directory).is_some() {
            return;
        }
    }
}

/// The package, and the one that holds the executable of this platform: the first installs the
/// second by a script, which some configurations of npm refuse to run.
fn node_packages() -> [String; 2] {
    let system = match env::consts::OS {
        "macos" => "darwin",
        "windows" => "win",
        other => other,
    };
    let processor = match env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    [
        format!("node@{NODE_VERSION}"),
        format!("node-{system}-{processor}@{NODE_VERSION}"),
    ]
}

/// What a person can do about a missing peer.
fn remedy(peer: &Peer) -> String {
    let variable = peer.variable;
    if let Ok(path) = env::var(variable) {
        return format!("{variable} names {path:?}, which is not there, or not the right version");
    }
    match peer.system_package {
        Some(package) => {
            format!("needs root: `apt-get install {package}` or the like; or name it in {variable}")
        }
        None => format!(
            "needs npm: `cargo xtask peers` installs version {NODE_VERSION} without root where \
             npm is (`apt-get install npm` as root); or name it in {variable}"
        ),
    }
}

/// Runs a program for its exit code only.
fn quietly(program: &str, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn shown(path: &Path, root: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .display()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_support_crate_looks_for_the_same_programs() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/support/src/peer.rs");
        let source = fs::read_to_string(source).expect("the support crate is in the workspace");
        for peer in PEERS {
            assert!(source.contains(peer.variable), "{}", peer.variable);
            for name in peer.executables {
                assert!(source.contains(&format!("\"{name}\"")), "{name}");
            }
        }
        assert!(source.contains(&format!("\"{NODE_VERSION}\"")));
    }

    #[test]
    fn every_peer_has_a_remedy_that_names_its_variable() {
        for peer in PEERS {
            assert!(remedy(peer).contains(peer.variable), "{}", peer.title);
        }
    }

    #[test]
    fn another_node_is_not_taken_for_the_one_that_is_wanted() {
        let directory = env::temp_dir().join(format!("xtask-peers-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a directory");
        let program = directory.join("node");
        fs::write(&program, "#!/bin/sh\necho v20.0.0\n").expect("a script");
        assert!(version(&PEERS[1], &program).is_none());
        fs::remove_dir_all(&directory).expect("removed");
    }
}

//! Where the workspace is and what is in it, as cargo tells.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::run;

/// Features that need a library of the system; what builds "all features" leaves them out.
const NEED_SYSTEM_LIBRARY: &[&str] = &["tls-bench/openssl"];

/// The workspace.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// A package of ours.
#[derive(Debug, Clone, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) license: Option<String>,
    pub(crate) is_published: bool,
    pub(crate) features: Vec<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// One of its dependencies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) is_dev: bool,
}

impl Workspace {
    /// Asks cargo, from the directory of this crate.
    pub(crate) fn find() -> Result<Self, String> {
        // Set by `cargo run`; what was compiled in serves a binary that is started directly.
        let here = env::var_os("CARGO_MANIFEST_DIR");
        let here = here.map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let mut cargo = cargo(&here);
        let text = run::output(cargo.args(["metadata", "--no-deps", "--format-version", "1"]))?;
        let metadata: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let path = |key: &str| metadata[key].as_str().map(PathBuf::from);
        let (Some(root), Some(target)) = (path("workspace_root"), path("target_directory")) else {
            return Err("cargo metadata names no workspace root".to_owned());
        };
        let packages = metadata["packages"]
            .as_array()
            .into_iter()
            .flatten()
            .map(package)
            .collect();
        Ok(Self {
            root,
            target,
            packages,
        })
    }

    /// cargo, to be run at the root.
    pub(crate) fn cargo(&self) -> Command {
        cargo(&self.root)
    }

    /// The features that every machine can build, as `package/feature,…`, for `--features`.
    pub(crate) fn buildable_features(&self) -> String {
        let all = self.packages.iter().flat_map(|package| {
            package
                .features
                .iter()
                .map(move |feature| format!("{}/{feature}", package.name))
        });
        let buildable: Vec<_> = all
            .filter(|feature| !NEED_SYSTEM_LIBRARY.contains(&feature.as_str()))
            .collect();
        buildable.join(",")
    }

    /// All text files of the tree with their paths relative to the root, in order.
    pub(crate) fn files(&self) -> Result<Vec<(String, String)>, String> {
        let mut files = Vec::new();
        collect(&self.root, &self.root, &mut files)
            .map_err(|error| format!("{}: {error}", self.root.display()))?;
        files.sort();
        Ok(files)
    }
}

impl Package {
    /// Its features that every machine can build.
    pub(crate) fn buildable_features(&self) -> Vec<&str> {
        let is_buildable =
            |feature: &&str| !NEED_SYSTEM_LIBRARY.contains(&&*format!("{}/{feature}", self.name));
        self.features
            .iter()
            .map(String::as_str)
            .filter(is_buildable)
            .collect()
    }
}

fn cargo(directory: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(directory);
    // What cargo set for this process is not meant for the packages built from here.
    for (name, _) in env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_"))
        {
            command.env_remove(name);
        }
    }
    command.env_remove("CARGO_MANIFEST_DIR");
    command
}

fn package(value: &Value) -> Package {
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    let dependencies = value["dependencies"].as_array().into_iter().flatten();
    let features = value["features"].as_object().into_iter().flatten();
    Package {
        name: text("name").unwrap_or_default(),
        license: text("license"),
        is_published: value["publish"].is_null(),
        features: features
            .map(|(name, _)| name.clone())
            .filter(|name| name != "default")
            .collect(),
        dependencies: dependencies
            .map(|dependency| Dependency {
                name: dependency["name"].as_str().unwrap_or_default().to_owned(),
                is_dev: dependency["kind"] == "dev",
            })
            .collect(),
    }
}

fn collect(
    root: &Path,
    directory: &Path,
    files: &mut Vec<(String, String)>,
) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        if entry.file_type()?.is_dir() {
            let is_ours = !matches!(name.to_str(), Some("target" | "node_modules" | ".git"));
            if is_ours {
                collect(root, &path, files)?;
            }
        } else if let Ok(text) = fs::read_to_string(&path) {
            let relative = path.strip_prefix(root).unwrap_or(&path);
            files.push((relative.to_string_lossy().replace('\\', "/"), text));
        }
    }
    Ok(())
}

//! The arrows between our crates, as docs/architecture.md draws them, and no others.

use std::path::Path;

use cargo_metadata::MetadataCommand;

/// Who may depend on whom: a package, and the packages of ours it may name in its manifest.
///
/// A crate that is missing here may neither depend on ours nor be depended on.
const ALLOWED: [(&str, &[&str]); 11] = [
    ("oneloop-protocol", &[]),
    // Known to the migration, which proves it, and to the engine, which tries it at verify.
    ("oneloop-recipe", &["oneloop-protocol"]),
    ("oneloop-engine", &["oneloop-protocol", "oneloop-recipe"]),
    ("oneloop-proxy", &["oneloop-engine", "oneloop-protocol"]),
    ("oneloop-client", &["oneloop-protocol"]),
    ("oneloop-migrate", &["oneloop-protocol", "oneloop-recipe"]),
    // The I/O half of a migration: databases on one side, the server's API on the other.
    (
        "oneloop-import",
        &["oneloop-client", "oneloop-migrate", "oneloop-protocol", "oneloop-recipe"],
    ),
    (
        "oneloop",
        &[
            "oneloop-client",
            "oneloop-engine",
            "oneloop-import",
            "oneloop-migrate",
            "oneloop-protocol",
            "oneloop-proxy",
        ],
    ),
    // The widget: what it knows of the server is what crosses the wire.
    ("oneloop-keys", &["oneloop-protocol"]),
    // Stands for somebody else's application: it may use what a consumer may use.
    ("oneloop-leptos-app", &["oneloop-keys"]),
    ("xtask", &[]),
];

/// One dependency: from a package to another of ours.
struct Edge {
    from: String,
    to: String,
}

impl Edge {
    fn is_allowed(&self) -> bool {
        ALLOWED.iter().any(|(from, to)| *from == self.from && to.contains(&self.to.as_str()))
    }

    fn complaint(&self) -> String {
        let Self { from, to } = self;
        let allowed = match ALLOWED.iter().find(|(package, _)| package == from) {
            None => "it has no line in this table yet".to_owned(),
            Some((_, [])) => "it may depend on none of our crates".to_owned(),
            Some((_, allowed)) => format!("it may depend on {} only", allowed.join(", ")),
        };
        format!("`{from}` depends on `{to}`, against the layers: {allowed}")
    }
}

/// The edges between packages of this workspace, development and build dependencies included.
fn edges() -> Vec<Edge> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let metadata = MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .exec()
        .expect("cargo reads the manifests of this repository");
    let ours: Vec<String> =
        metadata.packages.iter().map(|package| package.name.to_string()).collect();
    let mut edges = Vec::new();
    for package in &metadata.packages {
        for dependency in package.dependencies.iter().filter(|found| ours.contains(&found.name)) {
            edges.push(Edge { from: package.name.to_string(), to: dependency.name.clone() });
        }
    }
    edges
}

#[test]
fn every_dependency_between_our_crates_is_an_arrow_of_the_architecture() {
    let edges = edges();
    // The binary reaches the protocol; if not even that is seen, the list was not read.
    assert!(
        edges.iter().any(|edge| edge.from == "oneloop-engine" && edge.to == "oneloop-protocol")
    );

    let complaints: Vec<String> =
        edges.iter().filter(|edge| !edge.is_allowed()).map(Edge::complaint).collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn a_wrong_arrow_is_named_in_a_sentence() {
    let edge = |from: &str, to: &str| Edge { from: from.to_owned(), to: to.to_owned() };

    let upwards = edge("oneloop-engine", "oneloop-proxy");
    assert!(!upwards.is_allowed());
    assert_eq!(
        upwards.complaint(),
        "`oneloop-engine` depends on `oneloop-proxy`, against the layers: \
         it may depend on oneloop-protocol, oneloop-recipe only"
    );
    assert!(!edge("oneloop-keys", "oneloop-engine").is_allowed());
    assert!(!edge("oneloop-protocol", "oneloop-protocol").is_allowed());
    assert!(
        edge("oneloop-new", "oneloop-protocol").complaint().ends_with("no line in this table yet")
    );
}

//! The schema is compiled in by a macro, which does not notice a file that is new.
#![allow(clippy::print_stdout, reason = "this is how a build script speaks to cargo")]

fn main() {
    println!("cargo::rerun-if-changed=src/store/sqlite/migrations");
    println!("cargo::rerun-if-changed=src/store/postgres/migrations");
}

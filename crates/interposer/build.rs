//! Builds the same source once more as a shared library that can be loaded before libc.
//!
//! As a crate type of the package itself its `open` and `write` would end up in every test binary that links the package, in libc's place.

use std::{env, path::Path, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rustc-check-cfg=cfg(preloaded)");
    #[expect(clippy::disallowed_methods, reason = "how Cargo talks to a build script")]
    let told = |name: &str| env::var(name).unwrap_or_else(|_| panic!("Cargo sets {name}"));
    let library = Path::new(&told("OUT_DIR")).join("liborchestrator_interposer.so");
    #[expect(clippy::disallowed_methods, reason = "the compiler, as Cargo starts it")]
    let mut rustc = Command::new(told("RUSTC"));
    rustc.args(["--crate-name", "orchestrator_interposer", "--crate-type", "cdylib", "--edition", "2024", "--cfg", "preloaded"]);
    rustc.args(["--target", &told("TARGET"), "-C", "panic=abort", "-C", "opt-level=2", "-o"]).arg(&library).arg("src/lib.rs");
    let built = rustc.status().unwrap_or_else(|error| panic!("rustc does not start: {error}"));
    assert!(built.success(), "the library could not be built");
    println!("cargo::rustc-env=INTERPOSER_LIBRARY={}", library.display());
}

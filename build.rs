//! Build script: Cargo does not know that `embed_migrations!` reads a folder, nor which calls the linker redirects.

#[expect(clippy::disallowed_methods, reason = "Cargo passes the target to a build script in a variable")]
fn main() {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=build.rs");
    // The crate `doorstep-libpq` says why. `--wrap` is an option of the linkers of Linux.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        for function in ["PQresultErrorField", "PQconnectdb"] {
            println!("cargo:rustc-link-arg=-Wl,--wrap={function}");
        }
    }
}

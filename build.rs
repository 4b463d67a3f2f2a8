//! Build script: Cargo does not know that `embed_migrations!` reads a folder.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}

//! Choice of the build for this processor.
//!
//! A release for x86-64 has two programs in one folder. `doorstep` runs on every processor, and replaces itself at the
//! start by the build for processors with AVX-512 where it can (docs/adr/0041-two-builds.md).

#[cfg(all(target_os = "linux", target_arch = "x86_64", not(target_feature = "avx512f")))]
mod x86_64;

#[cfg(all(target_os = "linux", target_arch = "x86_64", not(target_feature = "avx512f")))]
pub use x86_64::exec_faster_build;

/// Does nothing: no build is faster than this one.
#[cfg(not(all(target_os = "linux", target_arch = "x86_64", not(target_feature = "avx512f"))))]
pub const fn exec_faster_build() {}

/// Processors for which this program is built: an architecture, or a level of the x86-64 psABI.
const BUILD: &str = if cfg!(target_feature = "avx512f") { "x86-64-v4" } else { std::env::consts::ARCH };

/// Returns the version of this program, with its build.
#[must_use]
pub fn version() -> String {
    format!("{} ({BUILD})", env!("CARGO_PKG_VERSION"))
}

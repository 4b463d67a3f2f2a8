//! Start of the build for AVX-512 in place of the one for every x86-64 processor.

use std::env::{args_os, current_exe};
use std::fs::metadata;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// File of the faster build. The version keeps a file of another release from being run.
const FASTER: &str = concat!("doorstep-", env!("CARGO_PKG_VERSION"), "-x86-64-v4");

/// Defines the list of instructions, and the function that checks all of them: the macro of the standard library
/// accepts literals only.
macro_rules! detection {
    ($($feature:tt)*) => {
        /// Instructions that the faster build may use: those of the level x86-64-v4.
        #[cfg(test)]
        const FEATURES: &[&str] = &[$($feature),*];

        fn processor_has_all() -> bool {
            [$(std::arch::is_x86_feature_detected!($feature)),*].iter().all(|is_detected| *is_detected)
        }
    };
}

detection! {
    "sse" "sse2" "sse3" "ssse3" "sse4.1" "sse4.2" "popcnt" "fxsr" "cmpxchg16b"
    "avx" "avx2" "bmi1" "bmi2" "f16c" "fma" "lzcnt" "movbe" "xsave"
    "avx512f" "avx512bw" "avx512cd" "avx512dq" "avx512vl"
}

/// Replaces this program by the faster build if the processor has its instructions. The faster build never does.
///
/// Returns if this program is the one to run. That is so also if the other file is missing, or cannot be executed: the
/// service works with both, and its log names the build.
pub fn exec_faster_build() {
    let Ok(own) = current_exe() else { return };
    let faster = own.with_file_name(FASTER);
    if processor_has_all() && is_beside(&own, &faster) {
        // Returns only if it fails.
        let _ = Command::new(faster).args(args_os().skip(1)).exec();
    }
}

/// Tells whether both files exist, are not the same, and have one owner. A link to this program would replace itself
/// without end. In a folder that everybody can write to, another user may have created the second file.
fn is_beside(own: &Path, other: &Path) -> bool {
    let (Ok(own), Ok(other)) = (metadata(own), metadata(other)) else { return false };
    (own.dev(), own.ino()) != (other.dev(), other.ino()) && own.uid() == other.uid()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_compiler_uses_no_instructions_that_are_not_checked() {
        let cfg = Command::new("rustc").args(["--print", "cfg", "-C", "target-cpu=x86-64-v4"]).output().unwrap();
        let cfg = String::from_utf8(cfg.stdout).unwrap();
        let used: BTreeSet<_> =
            cfg.lines().filter_map(|line| line.strip_prefix("target_feature=\"")?.strip_suffix('"')).collect();
        assert_eq!(used, FEATURES.iter().copied().collect());
    }
}

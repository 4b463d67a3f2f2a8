//! Permissions of the files with secrets.

use super::env::Env;
use super::mode::Mode;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Refuses files that every user of the machine can read in production, and warns of them in development. A file that
/// its group can read is reported only if this process owns it: Kubernetes gives a process without privileges access
/// to its secrets through the group (`fsGroup`).
pub(super) fn validate(env: &mut Env) {
    for (name, path) in env.secret_files().to_vec() {
        // A file that cannot be read is already a problem.
        let Ok(metadata) = std::fs::metadata(&path) else { continue };
        let remedy = "allow only its owner to read it (chmod 600; Kubernetes: defaultMode 0400; Docker: mode 0400)";
        if metadata.mode() & 0o007 != 0 {
            let what = format!("every user of this machine can open {path}: {remedy}");
            match env.mode() {
                Mode::Production => env.problem(&name, what),
                Mode::Development => env.warning(&name, what),
            }
        } else if metadata.mode() & 0o070 != 0 && is_own(&metadata) {
            env.warning(&name, format!("the group of {path} can open it: {remedy}"));
        }
    }
}

/// Tells whether this process runs as the owner of the file; also if that is unknown, which it is only outside Linux.
fn is_own(file: &Metadata) -> bool {
    std::fs::metadata(Path::new("/proc/self")).map_or(true, |process| process.uid() == file.uid())
}

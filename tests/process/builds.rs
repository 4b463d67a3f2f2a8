//! The build for processors with AVX-512, which replaces the program at its start.
#![cfg(target_arch = "x86_64")]

use crate::doorstep::Folder;
use std::fs;
use std::fs::hard_link;
use std::os::unix::fs::{chown, symlink};
use std::path::PathBuf;
use std::process::Command;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Program in a folder of its own, without another build.
struct Program(tempfile::TempDir);

impl Program {
    fn new() -> Self {
        // A link to the program, not a copy: a file that was written can be busy while other tests start processes.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        hard_link(env!("CARGO_BIN_EXE_doorstep"), folder.path().join("doorstep")).unwrap();
        Self(folder)
    }

    /// Puts a fake of the other build into the folder: a program that prints its arguments.
    fn add_fake(&self, name: &str) -> PathBuf {
        let path = self.0.path().join(name);
        assert!(Command::new("cp").arg("/bin/echo").arg(&path).status().unwrap().success());
        path
    }

    /// Runs `doorstep version`.
    fn version(&self) -> String {
        self.run(&["version"])
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new(self.0.path().join("doorstep")).env_clear().args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

fn faster() -> String {
    format!("doorstep-{VERSION}-x86-64-v4")
}

fn own_version() -> String {
    format!("doorstep {VERSION} (x86_64)\n")
}

#[test]
fn the_faster_build_runs_with_the_same_arguments_where_the_processor_has_avx512() {
    let program = Program::new();
    assert_eq!(program.version(), own_version());
    program.add_fake(&faster());
    if is_x86_feature_detected!("avx512vl") {
        assert_eq!(program.run(&["version", "of", "the fake"]), "version of the fake\n");
    } else {
        assert_eq!(program.version(), own_version());
    }
}

#[test]
fn a_faster_build_of_another_release_is_not_run() {
    let program = Program::new();
    program.add_fake("doorstep-0.0.1-x86-64-v4");
    program.add_fake("doorstep-x86-64-v4");
    assert_eq!(program.version(), own_version());
}

#[test]
fn a_faster_build_that_cannot_be_executed_is_not_needed() {
    let program = Program::new();
    fs::write(program.0.path().join(faster()), "not a program").unwrap();
    assert_eq!(program.version(), own_version());
}

#[test]
fn a_link_to_the_program_does_not_replace_it_without_end() {
    for link in [hard_link, symlink] {
        let program = Program::new();
        link(program.0.path().join("doorstep"), program.0.path().join(faster())).unwrap();
        assert_eq!(program.version(), own_version());
    }
}

#[test]
fn a_faster_build_of_another_user_is_not_run() {
    let program = Program::new();
    // Only the superuser can give a file to another user.
    if chown(program.add_fake(&faster()), Some(65_534), None).is_ok() {
        assert_eq!(program.version(), own_version());
    }
}

#[actix_web::test]
async fn the_start_names_the_build() {
    let folder = Folder::new();
    let (doorstep, _) = folder.serve(&[]).await;
    let line = doorstep.line("listening on http://");
    assert!(line.contains(&format!("version=\"{VERSION} (x86_64)\"")), "{line}");
}

//! `doorstep settings`.

use crate::doorstep::Folder;

#[test]
fn the_command_and_the_committed_files_have_the_same_reference() {
    let folder = Folder::new();
    for (arguments, committed) in [
        (&["settings"][..], include_str!("../../.env.example")),
        (&["settings", "--markdown"], include_str!("../../docs/configuration.md")),
    ] {
        let output = folder.run(arguments, &[]);
        assert_eq!((output.status, output.stderr.as_str()), (Some(0), ""));
        assert!(output.stdout == committed, "stale: run `make settings`");
    }
    assert!(std::fs::read_dir(&folder).unwrap().next().is_none(), "the command creates no files");
}

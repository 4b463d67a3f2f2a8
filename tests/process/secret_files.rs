//! Files and values of secrets that another program has changed: each works, or has a reason.

use crate::doorstep::Folder;

/// Editors and consoles of Windows write a byte order mark, or UTF-16.
#[test]
fn a_file_with_a_secret_is_read_or_has_a_reason() {
    let folder = Folder::new();
    let [pem, key] = folder.keygen();
    folder.write("pem", &format!("\u{feff}{pem}"));
    folder.write("marked", &format!("\u{feff}{key}\r\n"));
    folder.write("empty", "\u{feff}\n");
    folder.write("utf16", "");
    let utf16: Vec<u8> = "\u{feff}".encode_utf16().chain(key.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    std::fs::write(folder.path("utf16"), utf16).unwrap();
    let run = |name: &str| folder.run(&["check-config"], &[("SECRET_KEY_FILE", name), ("JWT_KEYS_FILE", "pem")]);
    let marked = run("marked");
    assert_eq!(marked.status, Some(0), "{}", marked.stderr);
    for (name, reason) in [("empty", "is empty"), ("utf16", "save it as UTF-8")] {
        let output = run(name);
        assert_eq!(output.status, Some(1));
        assert!(output.stderr.contains("SECRET_KEY_FILE: ") && output.stderr.contains(reason), "{}", output.stderr);
    }
}

#[test]
fn a_dollar_in_the_settings_file_does_not_shorten_a_secret() {
    let folder = Folder::new();
    folder.write(".env", "REDIS_URL=redis://:my$hush@localhost\n");
    let output = folder.run(&["check-config"], &[]);
    assert_eq!(output.status, Some(1));
    assert!(output.stderr.contains(".env: REDIS_URL: expected single quotes"), "{}", output.stderr);
    assert!(!output.stderr.contains("hush"), "{}", output.stderr);
    folder.write(".env", "REDIS_URL='redis://:my$h#sh@localhost'\n");
    let output = folder.run(&["check-config"], &[]);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
}

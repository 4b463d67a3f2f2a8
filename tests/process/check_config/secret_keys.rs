//! Lists of keys in `SECRET_KEY`.

use super::{KEY_FILES, PRODUCTION, folder_with_keys};
use crate::doorstep::Folder;

#[test]
fn every_invalid_entry_of_a_list_of_secret_keys_is_reported() {
    let folder = folder_with_keys();
    let [a, b, c, d, e] = [(); 5].map(|()| folder.run(&["keygen", "--secret-key"], &[]).stdout.trim().to_owned());
    let check = |list: &str| {
        folder.write("secret", list);
        folder.run(&["check-config"], &[&PRODUCTION[..], &KEY_FILES].concat())
    };
    for (list, problems) in [
        (format!(",{a}"), &["SECRET_KEY: entry 1 is empty"][..]),
        (format!("{a},,hush-token,{a}"), &["SECRET_KEY: entry 2 is", "SECRET_KEY: entry 3: ", "SECRET_KEY: entry 4: "]),
        (format!("{a}\n{b}\n{c}\n{d}\n{e}\n"), &["SECRET_KEY: expected 1 to 4 keys"]),
    ] {
        let output = check(&list);
        output.assert_rejected(problems);
        assert!(!output.stderr.contains(&a), "{}", output.stderr);
    }
    let [output, reversed] = [format!("{a}\n{b}\n"), format!("{b}, {a}")].map(|list| check(&list));
    assert_eq!((output.status, output.stderr.as_str()), (Some(0), ""));
    assert!(output.stdout.contains("master_keys: [") && !output.stdout.contains(&a), "{}", output.stdout);
    assert_ne!(output.stdout, reversed.stdout, "the ids show the order");
}

#[test]
fn two_secret_keys_without_a_time_are_a_warning() {
    let (folder, dated) = (folder_with_keys(), |folder: &Folder| folder.read("secret").trim().to_owned());
    let undated = ["n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg", "4wYx9JmGgkmpuyj0XhV4Zbrc3jDBWI_7vQbMZP0OVqM"];
    for (list, warns) in [(undated.join(","), true), (format!("{},{}", undated[0], dated(&folder)), false)] {
        let vars = [&PRODUCTION[..], &KEY_FILES[..1], &[("SECRET_KEY", list.as_str())]].concat();
        let output = folder.run(&["check-config"], &vars);
        assert_eq!(output.status, Some(0), "{}", output.stderr);
        assert_eq!(output.stderr.contains("warnings (1):\n  SECRET_KEY: "), warns, "{}", output.stderr);
    }
}

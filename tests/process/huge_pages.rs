//! Huge pages for the memory of password hashing, and for nothing else.

use crate::doorstep::{Doorstep, Folder};
use std::fs;

const PHONE: &str = "+8613800138000";
/// Log message at the start of a process that gets no huge pages.
const MESSAGE: &str = "no huge pages for password hashing";
/// Memory of one hash at the default cost, 19 MiB, in pages of 2 MiB.
const HASH_KIB: u64 = 20 * 1_024;
/// Maximum of other memory in huge pages if the setting is `always`. Without the advice for the heap it is 60 MiB.
const OTHERS_KIB: u64 = 10 * 1_024;

impl Doorstep {
    /// Memory of the process in huge pages, in KiB.
    fn huge_kib(&self) -> u64 {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.id())).unwrap();
        let line = rollup.lines().find_map(|line| line.strip_prefix("AnonHugePages:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    fn has_logged_the_message(&self) -> bool {
        self.output().iter().any(|line| line.contains(MESSAGE))
    }
}

/// On a machine without huge pages, the process says so.
#[actix_web::test]
async fn only_password_hashing_uses_huge_pages() {
    let folder = Folder::new();
    let (doorstep, client) = folder.serve(&[("HASH_THREADS", "1")]).await;
    let setting = fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").unwrap_or_default();
    let before = if setting.is_empty() { 0 } else { doorstep.huge_kib() };
    client.sign_up(&folder, PHONE).await;
    if !setting.contains("[madvise]") && !setting.contains("[always]") {
        assert!(doorstep.has_logged_the_message());
        return;
    }
    assert!(!doorstep.has_logged_the_message());
    // With `always`, the kernel also gives huge pages to the heap before the program can advise against it.
    let others = if setting.contains("[always]") { OTHERS_KIB } else { 0 };
    assert!(before <= others, "{before} KiB in huge pages before the first hash");
    let after = doorstep.huge_kib();
    assert!(after > before && after <= others + HASH_KIB, "{before} KiB, then {after} KiB in huge pages");
}

/// With this variable, the allocator disables huge pages for the process (`PR_SET_THP_DISABLE`).
#[actix_web::test]
async fn the_start_says_that_the_process_gets_no_huge_pages() {
    let folder = Folder::new();
    let (doorstep, client) = folder.serve(&[("MIMALLOC_ALLOW_THP", "0")]).await;
    assert_eq!(doorstep.output().iter().filter(|line| line.contains(MESSAGE)).count(), 1);
    client.sign_up(&folder, PHONE).await;
    assert_eq!(doorstep.huge_kib(), 0);
}

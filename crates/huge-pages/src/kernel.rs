//! Settings of the kernel.

use std::fs;

/// Tells whether the kernel gives huge pages to memory that asks for them.
#[must_use]
pub fn are_enabled() -> bool {
    let setting = |name: &str| fs::read_to_string(format!("/sys/kernel/mm/transparent_hugepage/{name}")).ok();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    gives_huge_pages(setting("enabled").as_deref(), setting("hugepages-2048kB/enabled").as_deref(), &status)
}

/// Decides from the setting for all sizes, the one for pages of 2 MiB (Linux 6.8), and the status of the process.
/// Brackets are around the selected value of a setting (Documentation/admin-guide/mm/transhuge.rst of Linux).
fn gives_huge_pages(all: Option<&str>, one: Option<&str>, status: &str) -> bool {
    let gives =
        |setting: Option<&str>| setting.is_some_and(|text| text.contains("[always]") || text.contains("[madvise]"));
    // `prctl(PR_SET_THP_DISABLE)` of the process or of the one that started it.
    let is_disabled = status.lines().any(|line| line.split_whitespace().eq(["THP_enabled:", "0"]));
    let inherits = one.is_none_or(|one| one.contains("[inherit]"));
    !is_disabled && gives(if inherits { all } else { one })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENABLED: &str = "Name:\tdoorstep\nTHP_enabled:\t1\n";
    const MADVISE: Option<&str> = Some("always [madvise] never\n");
    const NEVER: Option<&str> = Some("always madvise [never]\n");

    #[test]
    fn the_settings_decide() {
        for (all, one, status, expected) in [
            (MADVISE, None, ENABLED, true),
            (Some("[always] madvise never\n"), None, ENABLED, true),
            (NEVER, None, ENABLED, false),
            // A kernel without huge pages, and one before `THP_enabled` (Linux 5.0).
            (None, None, ENABLED, false),
            (MADVISE, None, "Name:\tdoorstep\n", true),
            (MADVISE, Some("always [inherit] madvise never\n"), ENABLED, true),
            (NEVER, Some("always [inherit] madvise never\n"), ENABLED, false),
            (MADVISE, Some("always inherit madvise [never]\n"), ENABLED, false),
            (NEVER, Some("always inherit [madvise] never\n"), ENABLED, true),
            (MADVISE, None, "Name:\tdoorstep\nTHP_enabled:\t0\n", false),
        ] {
            assert_eq!(gives_huge_pages(all, one, status), expected, "{all:?} {one:?} {status:?}");
        }
    }
}

//! The heap, which has small pages.

use rustix::mm::{Advice, madvise};
use std::fs;
use std::ops::Range;
use std::ptr::with_exposed_provenance_mut;

/// Asks the kernel for small pages in the memory that the allocator has reserved. Otherwise, with the setting `always`,
/// an idle process has twice as much resident memory. Call it before the heap grows.
///
/// mimalloc reserves 1 GiB at once, as one mapping. It does not ask for huge pages, and has no option to refuse them.
pub fn keep_heap_in_small_pages() {
    let on_heap = Box::new(0_u8);
    let Some(mapping) = mapping_of((&raw const *on_heap).addr()) else { return };
    #[expect(unsafe_code, reason = "advises memory by its address")]
    // SAFETY: this advice changes no content. The mapping stays, because it contains `on_heap`. A kernel without huge
    // pages refuses the advice.
    let _ = unsafe { madvise(with_exposed_provenance_mut(mapping.start), mapping.len(), Advice::LinuxNoHugepage) };
}

/// Returns the memory that this thread has freed to the kernel. mimalloc does it by itself a second later, but only
/// when it allocates again: an idle process would keep what its start has used.
pub fn return_freed_memory() {
    #[expect(unsafe_code, reason = "calls the allocator")]
    // SAFETY: changes no memory that is in use, and may be called by any thread at any time.
    unsafe {
        libmimalloc_sys::mi_collect(true);
    }
}

/// Finds the mapping that contains an address (proc_pid_maps(5)).
fn mapping_of(address: usize) -> Option<Range<usize>> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let mapping = |line: &str| {
        let (start, end) = line.split(' ').next()?.split_once('-')?;
        Some(usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?)
    };
    maps.lines().filter_map(mapping).find(|mapping| mapping.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heap_does_not_get_huge_pages() {
        keep_heap_in_small_pages();
        let on_heap = Box::new(0_u8);
        let mapping = mapping_of((&raw const *on_heap).addr()).unwrap();
        let smaps = fs::read_to_string("/proc/self/smaps").unwrap();
        let of_heap = smaps.split_once(&format!("{:x}-{:x} ", mapping.start, mapping.end)).unwrap().1;
        let flags = of_heap.lines().find_map(|line| line.strip_prefix("VmFlags:")).unwrap();
        // A kernel without huge pages has no such flag.
        let kernel_has_them = fs::exists("/sys/kernel/mm/transparent_hugepage").unwrap();
        assert_eq!(flags.split_whitespace().any(|flag| flag == "nh"), kernel_has_them, "{flags}");
    }
}

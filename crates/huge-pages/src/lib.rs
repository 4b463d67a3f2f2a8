//! Memory in huge pages of the processor.
//!
//! A page of 2 MiB needs one entry of the translation lookaside buffer (TLB) where pages of 4 KiB need 512. Code that
//! reads much memory in random order, such as argon2id, waits less for it.
//!
//! Linux gives huge pages to memory that asks for them (`MADV_HUGEPAGE`), if its setting is `madvise` or `always`. On
//! other systems the memory is the same, with small pages.
//!
//! The heap has small pages, and returns what the start of the program has freed.

#[cfg(all(target_os = "linux", not(miri)))]
mod heap;
mod kernel;

#[cfg(all(target_os = "linux", not(miri)))]
pub use heap::{keep_heap_in_small_pages, return_freed_memory};
pub use kernel::are_enabled;

use memmap2::{MmapMut, MmapOptions};
use std::io::{self, ErrorKind};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};

/// Size of a huge page in bytes: that of x86-64, and of aarch64 with small pages of 4 KiB.
const HUGE_PAGE: usize = 2 << 20;

/// Does nothing: other systems use huge pages by themselves, or not at all.
#[cfg(not(all(target_os = "linux", not(miri))))]
pub const fn keep_heap_in_small_pages() {}

/// Does nothing: measured on Linux only.
#[cfg(not(all(target_os = "linux", not(miri))))]
pub const fn return_freed_memory() {}

/// Slice in memory of its own, which begins at a huge page and returns to the system at the drop.
pub struct HugeSlice<T> {
    /// `None` for an empty slice.
    map: Option<MmapMut>,
    /// Offset of the first huge page in the map, where the elements begin.
    start: usize,
    length: usize,
    elements: PhantomData<T>,
}

impl<T> HugeSlice<T> {
    /// Slice without elements, which has no memory.
    pub const EMPTY: Self = Self { map: None, start: 0, length: 0, elements: PhantomData };
}

impl<T: Copy> HugeSlice<T> {
    /// Maps memory for `length` elements, and writes `value` into each of them.
    ///
    /// # Errors
    /// The system has no memory, or the size exceeds its addresses.
    pub fn filled(value: T, length: usize) -> io::Result<Self> {
        let size = size_of::<T>().checked_mul(length).and_then(|size| size.checked_next_multiple_of(HUGE_PAGE));
        // A map begins at a small page: one more huge page has room for the way to the next boundary.
        let size = size.and_then(|size| size.checked_add(HUGE_PAGE)).ok_or(ErrorKind::OutOfMemory)?;
        let mut map = MmapOptions::new().len(size).map_anon()?;
        // A kernel without huge pages refuses the advice.
        #[cfg(all(target_os = "linux", not(miri)))]
        drop(map.advise(memmap2::Advice::HugePage));
        let start = map.as_ptr().align_offset(HUGE_PAGE);
        #[expect(unsafe_code, reason = "bytes as values")]
        // SAFETY: memory that may be uninitialised has no invalid values.
        let (_, elements, _) = unsafe { map[start..].align_to_mut::<MaybeUninit<T>>() };
        elements[..length].fill(MaybeUninit::new(value));
        Ok(Self { map: Some(map), start, length, elements: PhantomData })
    }
}

impl<T: Copy> Deref for HugeSlice<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        let Some(map) = &self.map else { return &[] };
        #[expect(unsafe_code, reason = "bytes as values")]
        // SAFETY: `filled` has written a value into each of the elements, which begin at the same byte.
        let (_, elements, _) = unsafe { map[self.start..self.end()].align_to() };
        elements
    }
}

impl<T: Copy> DerefMut for HugeSlice<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        let (start, end) = (self.start, self.end());
        let Some(map) = &mut self.map else { return &mut [] };
        #[expect(unsafe_code, reason = "bytes as values")]
        // SAFETY: as in `deref`.
        let (_, elements, _) = unsafe { map[start..end].align_to_mut() };
        elements
    }
}

impl<T> HugeSlice<T> {
    /// Offset behind the last element.
    const fn end(&self) -> usize {
        self.start + self.length * size_of::<T>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Larger alignment than a byte, and a value that is not zero.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[repr(align(64))]
    struct Block([u64; 128]);

    const BLOCK: Block = Block([7; 128]);

    #[test]
    fn every_element_has_the_value_and_can_be_changed() {
        for length in [0, 1, 2_047, 2_048, 2_049] {
            let mut slice = HugeSlice::filled(BLOCK, length).unwrap();
            assert_eq!(slice.len(), length);
            assert!(slice.iter().all(|block| *block == BLOCK));
            slice.fill(Block([9; 128]));
            assert!(slice.iter().all(|block| *block == Block([9; 128])));
        }
    }

    #[test]
    fn the_elements_begin_at_a_huge_page() {
        for _ in 0..3 {
            let slice = HugeSlice::filled(BLOCK, 3).unwrap();
            assert_eq!(slice.as_ptr() as usize % HUGE_PAGE, 0);
        }
    }

    #[test]
    fn an_empty_slice_has_no_memory() {
        let mut slice = HugeSlice::<Block>::EMPTY;
        assert!(slice.map.is_none() && slice.is_empty() && slice.first_mut().is_none());
    }

    #[test]
    fn a_size_beyond_all_addresses_is_an_error() {
        for length in [usize::MAX, usize::MAX / size_of::<Block>()] {
            assert!(HugeSlice::filled(BLOCK, length).is_err(), "{length}");
        }
    }

    #[test]
    fn another_thread_can_own_the_slice() {
        let slice = HugeSlice::filled(5_u8, 3).unwrap();
        assert_eq!(std::thread::spawn(move || slice.to_vec()).join().unwrap(), [5, 5, 5]);
    }
}

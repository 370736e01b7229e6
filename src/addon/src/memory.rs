//! Wipes memory when it is freed, so that no copy of a value which a library made on the way (a
//! buffer of the network or of the TLS layer) outlives its use.

use std::alloc::{GlobalAlloc, Layout, System};

#[global_allocator]
static ALLOCATOR: WipeOnFree = WipeOnFree;

struct WipeOnFree;

#[expect(unsafe_code, reason = "an allocator is unsafe by definition")]
// SAFETY: every call is passed on to the system's allocator; memory is written to only between the
// last use by its owner and its return.
unsafe impl GlobalAlloc for WipeOnFree {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller owns these `layout.size()` bytes and gives them up with this call.
        unsafe { pointer.write_bytes(0, layout.size()) };
        // Without it the compiler may drop writes to memory that is never read again.
        std::hint::black_box(pointer);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

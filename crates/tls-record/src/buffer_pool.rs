//! A thread's pool of buffers, so that an idle connection holds none.
//!
//! A buffer is made (and set to zero) once, then goes from connection to connection of one thread.
//! What it held before is never part of [`filled`](PooledBuffer::filled): that begins empty and
//! grows only by [`advance`](PooledBuffer::advance).

use std::cell::RefCell;
use std::fmt;
use std::mem;

use crate::record_limits::MAX_FRAGMENT;

/// Room beside 16 KiB of content in a record, for header, nonce, type and tag, and for the control
/// records that may go in front.
const RECORD_ROOM: usize = 1024;

/// Which size a buffer has, and how many of that size a thread keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BufferClass {
    /// Reads: 64 KiB and room for the rest of a record. A thread keeps 16 (about 1 MiB).
    Read,
    /// A write of one full record. A thread keeps 32 (about 0.5 MiB).
    SmallWrite,
    /// A write of 256 KiB of plaintext. A thread keeps 4 (about 1 MiB).
    LargeWrite,
}

impl BufferClass {
    const ALL: [Self; 3] = [Self::Read, Self::SmallWrite, Self::LargeWrite];

    /// Plaintext bytes that a buffer of this class takes once they are sealed.
    #[must_use]
    pub const fn plaintext_capacity(self) -> usize {
        match self {
            Self::Read => 64 * 1024,
            Self::SmallWrite => MAX_FRAGMENT,
            Self::LargeWrite => 256 * 1024,
        }
    }

    /// Bytes of a buffer of this class.
    #[must_use]
    pub const fn capacity(self) -> usize {
        match self {
            Self::Read => 64 * 1024 + RECORD_ROOM,
            Self::SmallWrite => MAX_FRAGMENT + RECORD_ROOM,
            // Sixteen records, and one more for a fragment size that does not divide it.
            Self::LargeWrite => 256 * 1024 + 4 * RECORD_ROOM,
        }
    }

    /// The smallest write buffer for so much plaintext; the large one takes it in batches.
    #[must_use]
    pub const fn for_write(plaintext_len: usize) -> Self {
        if plaintext_len <= MAX_FRAGMENT {
            Self::SmallWrite
        } else {
            Self::LargeWrite
        }
    }

    const fn kept(self) -> usize {
        match self {
            Self::Read => 16,
            Self::SmallWrite => 32,
            Self::LargeWrite => 4,
        }
    }
}

thread_local! {
    static POOL: RefCell<[Vec<Box<[u8]>>; BufferClass::ALL.len()]> = RefCell::default();
}

/// A buffer of the current thread's pool, with the bytes between two cursors in use. Goes back when
/// dropped, to the pool of the thread that drops it, or to the allocator if that has enough.
pub struct PooledBuffer {
    bytes: Box<[u8]>,
    class: BufferClass,
    start: usize,
    end: usize,
}

impl PooledBuffer {
    /// Takes a buffer from the pool, or makes one.
    #[must_use]
    pub fn take(class: BufferClass) -> Self {
        let pooled = POOL.try_with(|pool| {
            pool.try_borrow_mut()
                .ok()
                .and_then(|mut pool| pool[class as usize].pop())
        });
        let bytes = pooled
            .ok()
            .flatten()
            .unwrap_or_else(|| vec![0; class.capacity()].into_boxed_slice());
        Self {
            bytes,
            class,
            start: 0,
            end: 0,
        }
    }

    /// The size that it has.
    #[must_use]
    pub fn class(&self) -> BufferClass {
        self.class
    }

    /// The bytes in use.
    #[must_use]
    pub fn filled(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// The bytes in use, for opening records in place.
    #[must_use]
    pub fn filled_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.end]
    }

    /// The free bytes behind those in use. They hold anything; write first, then
    /// [`advance`](Self::advance).
    #[must_use]
    pub fn spare(&mut self) -> &mut [u8] {
        &mut self.bytes[self.end..]
    }

    /// The first `count` spare bytes were written and are in use now; no more than there are.
    pub fn advance(&mut self, count: usize) {
        self.end = self.end.saturating_add(count).min(self.bytes.len());
    }

    /// The first `count` bytes in use are done with; no more than there are.
    pub fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
        if self.start == self.end {
            self.clear();
        }
    }

    /// Nothing is in use any more.
    pub fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
    }

    /// Moves the bytes in use to the front, so that [`spare`](Self::spare) is as long as it can be.
    pub fn compact(&mut self) {
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
    }

    /// Bytes in use.
    #[must_use]
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether no byte is in use.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Bytes behind those in use.
    #[must_use]
    pub fn spare_len(&self) -> usize {
        self.bytes.len() - self.end
    }
}

impl Drop for PooledBuffer {
    fn drop(&mut self) {
        let (bytes, class) = (mem::take(&mut self.bytes), self.class);
        // While the thread ends there is no pool any more: the buffer is freed.
        let _ = POOL.try_with(|pool| {
            if let Ok(mut pool) = pool.try_borrow_mut() {
                let kept = &mut pool[class as usize];
                if kept.len() < class.kept() {
                    kept.push(bytes);
                }
            }
        });
    }
}

impl fmt::Debug for PooledBuffer {
    /// Its bytes are not shown: they may be plaintext.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PooledBuffer")
            .field("class", &self.class)
            .field("len", &self.len())
            .field("spare_len", &self.spare_len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pooled(class: BufferClass) -> usize {
        POOL.with(|pool| pool.borrow()[class as usize].len())
    }

    /// The hand-on rule: a buffer of one connection never shows another one's bytes.
    #[test]
    fn a_buffer_handed_on_shows_nothing_of_its_last_connection() {
        let mut first = PooledBuffer::take(BufferClass::Read);
        first.spare().fill(b'A');
        first.advance(usize::MAX);
        assert_eq!(first.len(), BufferClass::Read.capacity());
        let address = first.filled().as_ptr();
        drop(first);

        let mut second = PooledBuffer::take(BufferClass::Read);
        assert_eq!(
            second.spare().as_ptr(),
            address,
            "the same memory, handed on"
        );
        assert!(second.is_empty());
        assert_eq!(second.filled(), b"");
        assert_eq!(second.filled_mut(), b"");
        second.spare()[..3].copy_from_slice(b"BBB");
        second.advance(3);
        assert_eq!(second.filled(), b"BBB");
        second.consume(1);
        second.compact();
        assert_eq!(second.filled(), b"BB");
        second.consume(usize::MAX);
        assert_eq!(second.filled(), b"");
    }

    #[test]
    fn the_pool_is_bounded() {
        for class in BufferClass::ALL {
            let many: Vec<_> = (0..40).map(|_| PooledBuffer::take(class)).collect();
            drop(many);
            assert_eq!(pooled(class), class.kept());
        }
    }

    #[test]
    fn a_buffer_may_be_dropped_on_another_thread() {
        let buffer = PooledBuffer::take(BufferClass::SmallWrite);
        let left = std::thread::spawn(move || {
            drop(buffer);
            pooled(BufferClass::SmallWrite)
        });
        assert_eq!(left.join().unwrap(), 1);
        assert_eq!(pooled(BufferClass::SmallWrite), 0);
    }

    #[test]
    fn consumed_bytes_make_room_again() {
        let mut buffer = PooledBuffer::take(BufferClass::SmallWrite);
        let capacity = BufferClass::SmallWrite.capacity();
        buffer.spare()[..10].copy_from_slice(b"0123456789");
        buffer.advance(10);
        buffer.consume(4);
        assert_eq!(
            (buffer.filled(), buffer.spare_len()),
            (&b"456789"[..], capacity - 10)
        );
        buffer.compact();
        assert_eq!(
            (buffer.filled(), buffer.spare_len()),
            (&b"456789"[..], capacity - 6)
        );
    }

    #[test]
    fn each_class_takes_what_it_promises() {
        for class in BufferClass::ALL {
            let records = class.plaintext_capacity().div_ceil(MAX_FRAGMENT);
            assert!(class.plaintext_capacity() + records * 29 + 200 <= class.capacity());
        }
        assert_eq!(BufferClass::for_write(0), BufferClass::SmallWrite);
        assert_eq!(BufferClass::for_write(16_384), BufferClass::SmallWrite);
        assert_eq!(BufferClass::for_write(16_385), BufferClass::LargeWrite);
    }
}

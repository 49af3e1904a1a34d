//! Sinks and sources of bytes: slices, and memory that another process has mapped too.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

/// A sink is full, or a source has too few bytes.
#[derive(Debug)]
pub struct Exhausted;

/// Takes bytes, in order. Its capacity is fixed.
pub trait Sink {
    /// Puts a few bytes.
    fn put<const N: usize>(&mut self, bytes: [u8; N]) -> Result<(), Exhausted>;

    /// Puts many bytes, as one copy.
    fn put_all(&mut self, bytes: &[u8]) -> Result<(), Exhausted>;

    /// How many bytes have been put.
    fn position(&self) -> usize;

    /// Replaces the four bytes at `at`, which one call has put.
    fn patch(&mut self, at: usize, bytes: [u8; 4]);

    /// Writes all bytes that are buffered. True: the bytes fill the capacity.
    fn finish(&mut self) -> bool;
}

/// Yields bytes, in order, each of them once.
///
/// # Safety
/// `take_all` writes all of `to` if it returns `Ok`.
pub unsafe trait Source {
    /// How many bytes are left.
    fn left(&self) -> usize;

    /// Takes a few bytes.
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Exhausted>;

    /// Takes as many bytes as `to` is long, as one copy.
    fn take_all(&mut self, to: &mut [MaybeUninit<u8>]) -> Result<(), Exhausted>;
}

impl<S: Sink> Sink for &mut S {
    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) -> Result<(), Exhausted> {
        (**self).put(bytes)
    }

    #[inline]
    fn put_all(&mut self, bytes: &[u8]) -> Result<(), Exhausted> {
        (**self).put_all(bytes)
    }

    #[inline]
    fn position(&self) -> usize {
        (**self).position()
    }

    #[inline]
    fn patch(&mut self, at: usize, bytes: [u8; 4]) {
        (**self).patch(at, bytes);
    }

    #[inline]
    fn finish(&mut self) -> bool {
        (**self).finish()
    }
}

// SAFETY: `S` writes all of `to`.
unsafe impl<S: Source> Source for &mut S {
    #[inline]
    fn left(&self) -> usize {
        (**self).left()
    }

    #[inline]
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Exhausted> {
        (**self).take()
    }

    #[inline]
    fn take_all(&mut self, to: &mut [MaybeUninit<u8>]) -> Result<(), Exhausted> {
        (**self).take_all(to)
    }
}

/// A sink in private memory.
#[derive(Debug)]
pub struct SliceSink<'a> {
    slice: &'a mut [u8],
    position: usize,
}

impl<'a> SliceSink<'a> {
    /// A sink that fills `slice`.
    pub fn new(slice: &'a mut [u8]) -> Self {
        Self { slice, position: 0 }
    }
}

impl Sink for SliceSink<'_> {
    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) -> Result<(), Exhausted> {
        self.put_all(&bytes)
    }

    #[inline]
    fn put_all(&mut self, bytes: &[u8]) -> Result<(), Exhausted> {
        let free = &mut self.slice[self.position..];
        let to = free.get_mut(..bytes.len()).ok_or(Exhausted)?;
        to.copy_from_slice(bytes);
        self.position += bytes.len();
        Ok(())
    }

    #[inline]
    fn position(&self) -> usize {
        self.position
    }

    #[inline]
    fn patch(&mut self, at: usize, bytes: [u8; 4]) {
        self.slice[at..at + 4].copy_from_slice(&bytes);
    }

    #[inline]
    fn finish(&mut self) -> bool {
        self.position == self.slice.len()
    }
}

// SAFETY: `take_all` copies a slice as long as `to`.
unsafe impl Source for &[u8] {
    #[inline]
    fn left(&self) -> usize {
        self.len()
    }

    #[inline]
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Exhausted> {
        let (bytes, rest) = self.split_first_chunk().ok_or(Exhausted)?;
        *self = rest;
        Ok(*bytes)
    }

    #[inline]
    fn take_all(&mut self, to: &mut [MaybeUninit<u8>]) -> Result<(), Exhausted> {
        let (bytes, rest) = self.split_at_checked(to.len()).ok_or(Exhausted)?;
        *self = rest;
        put_into(to, bytes);
        Ok(())
    }
}

/// Copies `from` over all of `to`, which has the same length.
#[inline]
fn put_into(to: &mut [MaybeUninit<u8>], from: &[u8]) {
    assert_eq!(to.len(), from.len());
    // SAFETY: both have the same length, and do not overlap since `to` is borrowed uniquely.
    unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), to.as_mut_ptr().cast(), from.len()) };
}

/// How bytes are copied to and from memory that another process has mapped too. The copy is sound even while that process
/// writes there.
///
/// # Safety
/// `copy_out` writes all of `to`.
pub unsafe trait Copies {
    /// Copies `from` to `to`.
    ///
    /// # Safety
    /// At `to` as many bytes as `from` has are mapped and writable.
    unsafe fn copy_in(to: *mut u8, from: &[u8]);

    /// Copies the bytes at `from` to `to`.
    ///
    /// # Safety
    /// At `from` as many bytes as `to` has are mapped and readable.
    unsafe fn copy_out(from: *const u8, to: &mut [MaybeUninit<u8>]);
}

/// How many bytes are buffered for one copy: a call of [`Copies`] has a fixed cost, which is too high for a single
/// number.
pub const WINDOW: usize = 1024;

/// A private buffer between the codec and shared memory.
struct Window<const W: usize> {
    bytes: [MaybeUninit<u8>; W],
    /// The bytes before it have been taken. Zero in a sink.
    first: usize,
    /// The bytes from `first` to here are initialised; those behind need not be.
    end: usize,
}

impl<const W: usize> Window<W> {
    #[inline]
    fn new() -> Self {
        Self {
            bytes: [MaybeUninit::uninit(); W],
            first: 0,
            end: 0,
        }
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        let bytes = &self.bytes[self.first..self.end];
        // SAFETY: the bytes from `first` to `end` are initialised.
        unsafe { &*(std::ptr::from_ref(bytes) as *const [u8]) }
    }
}

/// A sink in shared memory. Small writes are buffered in a window.
pub struct SharedSink<C, const W: usize = WINDOW> {
    to: *mut u8,
    length: usize,
    /// How many bytes are in shared memory. The window's bytes follow them.
    flushed: usize,
    window: Window<W>,
    copies: PhantomData<C>,
}

impl<C: Copies, const W: usize> SharedSink<C, W> {
    /// A sink that fills the `length` bytes at `to`.
    ///
    /// # Safety
    /// While this exists they are mapped and writable.
    #[inline]
    pub unsafe fn new(to: *mut u8, length: usize) -> Self {
        Self {
            to,
            length,
            flushed: 0,
            window: Window::new(),
            copies: PhantomData,
        }
    }

    /// How many more bytes fit.
    #[inline]
    fn free(&self) -> usize {
        self.length - self.position()
    }

    /// Copies `bytes` to shared memory, at `at`.
    #[inline]
    fn copy(&self, at: usize, bytes: &[u8]) {
        assert!(at <= self.length && bytes.len() <= self.length - at);
        // SAFETY: by the assertion they lie within the bytes that the caller of `new` promised.
        unsafe { C::copy_in(self.to.add(at), bytes) };
    }

    /// Copies the window to shared memory.
    #[inline(never)]
    fn flush(&mut self) {
        self.copy(self.flushed, self.window.bytes());
        self.flushed += self.window.end;
        self.window.end = 0;
    }
}

impl<C: Copies, const W: usize> Sink for SharedSink<C, W> {
    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) -> Result<(), Exhausted> {
        const { assert!(N <= W) };
        if N > self.free() {
            return Err(Exhausted);
        }
        if N > W - self.window.end {
            self.flush();
        }
        // SAFETY: there are N bytes from `end` on.
        let end = unsafe { self.window.bytes.as_mut_ptr().add(self.window.end) };
        // SAFETY: as above.
        unsafe { end.cast::<[u8; N]>().write(bytes) };
        self.window.end += N;
        Ok(())
    }

    #[inline]
    fn put_all(&mut self, bytes: &[u8]) -> Result<(), Exhausted> {
        let length = bytes.len();
        if length > self.free() {
            return Err(Exhausted);
        }
        if length > W - self.window.end {
            self.flush();
        }
        if length > W {
            self.copy(self.flushed, bytes);
            self.flushed += length;
        } else {
            let end = self.window.end;
            put_into(&mut self.window.bytes[end..end + length], bytes);
            self.window.end = end + length;
        }
        Ok(())
    }

    #[inline]
    fn position(&self) -> usize {
        self.flushed + self.window.end
    }

    #[inline]
    fn patch(&mut self, at: usize, bytes: [u8; 4]) {
        // The bytes that one call put are either all in shared memory or all in the window.
        match at.checked_sub(self.flushed) {
            Some(at) => put_into(&mut self.window.bytes[at..at + 4], &bytes),
            None => self.copy(at, &bytes),
        }
    }

    #[inline]
    fn finish(&mut self) -> bool {
        self.flush();
        self.flushed == self.length
    }
}

/// A source in shared memory. Small reads come from a window, which is fetched ahead.
pub struct SharedSource<C, const W: usize = WINDOW> {
    rest: Rest<C>,
    window: Window<W>,
}

/// The bytes in shared memory that have not been fetched.
struct Rest<C> {
    from: *const u8,
    length: usize,
    copies: PhantomData<C>,
}

impl<C: Copies> Rest<C> {
    /// Fetches as many bytes as `to` is long, and writes all of `to`.
    #[inline]
    fn fetch(&mut self, to: &mut [MaybeUninit<u8>]) {
        assert!(to.len() <= self.length);
        // SAFETY: by the assertion they lie within the bytes that the caller of `new` promised.
        unsafe { C::copy_out(self.from, to) };
        // SAFETY: as above; the pointer does not go beyond their end.
        self.from = unsafe { self.from.add(to.len()) };
        self.length -= to.len();
    }
}

impl<C: Copies, const W: usize> SharedSource<C, W> {
    /// A source that yields the `length` bytes at `from`.
    ///
    /// # Safety
    /// While this exists they are mapped and readable.
    #[inline]
    pub unsafe fn new(from: *const u8, length: usize) -> Self {
        Self {
            rest: Rest {
                from,
                length,
                copies: PhantomData,
            },
            window: Window::new(),
        }
    }

    /// Fetches, so that the window holds at least `least` bytes. Err: the source has fewer.
    #[cold]
    #[inline(never)]
    fn refill(&mut self, least: usize) -> Result<(), Exhausted> {
        if least > self.left() {
            return Err(Exhausted);
        }
        let Window { bytes, first, end } = &mut self.window;
        bytes.copy_within(*first..*end, 0);
        let kept = *end - *first;
        *first = 0;
        *end = kept + self.rest.length.min(W - kept);
        self.rest.fetch(&mut bytes[kept..*end]);
        Ok(())
    }
}

// SAFETY: `take_all` fills `to` from the window and, if that is too short, by `Copies::copy_out`.
unsafe impl<C: Copies, const W: usize> Source for SharedSource<C, W> {
    #[inline]
    fn left(&self) -> usize {
        self.window.end - self.window.first + self.rest.length
    }

    #[inline]
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Exhausted> {
        const { assert!(N <= W) };
        if N > self.window.end - self.window.first {
            self.refill(N)?;
        }
        // SAFETY: there are N bytes from `first` on.
        let first = unsafe { self.window.bytes.as_ptr().add(self.window.first) };
        // SAFETY: as above, and these bytes are initialised.
        let bytes = unsafe { first.cast::<[u8; N]>().read() };
        self.window.first += N;
        Ok(bytes)
    }

    #[inline]
    fn take_all(&mut self, to: &mut [MaybeUninit<u8>]) -> Result<(), Exhausted> {
        if to.len() > self.left() {
            return Err(Exhausted);
        }
        let ready = to.len().min(self.window.end - self.window.first);
        let (near, far) = to.split_at_mut(ready);
        put_into(near, &self.window.bytes()[..ready]);
        self.window.first += ready;
        if !far.is_empty() {
            self.rest.fetch(far);
        }
        Ok(())
    }
}

//! The program file that this process runs, as the dynamic loader has mapped it.

use std::ffi::{CStr, c_int, c_void};
use std::ops::Range;

/// One loaded object: the program itself, or a shared library.
#[derive(Debug, Clone)]
pub struct Object {
    /// The load address: what has to be added to an address in its file.
    pub base: usize,
    /// From the start of its first segment to the end of its last.
    span: Range<usize>,
    /// Its readable segments.
    segments: Vec<Range<usize>>,
    /// Its segments that are readable and executable.
    code: Vec<Range<usize>>,
    /// Its program headers, in memory.
    headers: Range<usize>,
    /// Its notes (the build id is one), and the table of function addresses (`PT_GNU_EH_FRAME`).
    identity: Vec<Range<usize>>,
}

impl Object {
    /// The program itself. None: the loader does not report it.
    pub fn main() -> Option<Self> {
        let mut found = None;
        // The loader visits the program itself first.
        visit(&mut |_, object| {
            found = Some(object);
            true
        });
        found
    }

    /// Is the address in the object, or in a gap between its segments?
    #[inline]
    pub fn spans(&self, address: usize) -> bool {
        self.span.contains(&address)
    }

    /// Are the `len` bytes at this address all in one of its readable segments?
    pub fn holds(&self, address: usize, len: usize) -> bool {
        let holds =
            |segment: &Range<usize>| segment.contains(&address) && segment.end - address >= len;
        self.segments.iter().any(holds)
    }

    /// Is the address in a segment that can be executed?
    pub fn holds_code(&self, address: usize) -> bool {
        self.code.iter().any(|segment| segment.contains(&address))
    }

    /// A number that another build of the program will not have: a hash of the program headers, the notes, and the table of
    /// function addresses.
    pub fn fingerprint(&self) -> u64 {
        let mut hash = 0;
        for part in std::iter::once(&self.headers).chain(&self.identity) {
            // SAFETY: parts of loaded segments. The program headers say that they are mapped and readable, and they stay so and
            // do not change.
            let bytes = unsafe { std::slice::from_raw_parts(part.start as *const u8, part.len()) };
            hash = fold(hash, bytes);
        }
        hash
    }
}

/// The name of the loaded object that contains an address, for messages.
pub fn object_at(address: usize) -> Option<String> {
    let mut found = None;
    visit(&mut |name, object| {
        let hit = object.spans(address);
        if hit {
            found = Some(name.to_string_lossy().into_owned());
        }
        hit
    });
    found
}

/// Hashes bytes word by word. The table can be a megabyte, for which a hash of the standard library is much slower.
fn fold(seed: u64, bytes: &[u8]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = bytes.as_chunks::<8>();
    let step = |hash: u64, word: u64| (hash.rotate_left(29) ^ word).wrapping_mul(ODD);
    let hash = words
        .iter()
        .fold(step(seed, bytes.len() as u64), |hash, word| {
            step(hash, u64::from_ne_bytes(*word))
        });
    rest.iter()
        .fold(hash, |hash, byte| step(hash, u64::from(*byte)))
}

/// Passes each loaded object to `visitor` until it returns true.
fn visit(visitor: &mut dyn FnMut(&CStr, Object) -> bool) {
    unsafe extern "C" fn each(
        info: *mut libc::dl_phdr_info,
        _size: libc::size_t,
        visitor: *mut c_void,
    ) -> c_int {
        // SAFETY: the loader passes a description that is valid during the call.
        let info = unsafe { &*info };
        // SAFETY: the pointer that `visit` handed in, used by one call at a time.
        let visitor = unsafe { &mut *visitor.cast::<&mut dyn FnMut(&CStr, Object) -> bool>() };
        let name = if info.dlpi_name.is_null() {
            c""
        } else {
            // SAFETY: the loader's name of the object, valid during the call.
            unsafe { CStr::from_ptr(info.dlpi_name) }
        };
        c_int::from(visitor(name, describe(info)))
    }
    let mut visitor = visitor;
    // SAFETY: `each` has the required signature, and gets a pointer to a visitor that outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(each), (&raw mut visitor).cast()) };
}

fn describe(info: &libc::dl_phdr_info) -> Object {
    // SAFETY: the loader says that there are that many headers at this address.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    let base = info.dlpi_addr as usize;
    let mut segments = Vec::new();
    let mut code = Vec::new();
    let mut identity = Vec::new();
    for header in headers {
        let start = base.wrapping_add(header.p_vaddr as usize);
        let range = start..start + header.p_memsz as usize;
        match header.p_type {
            libc::PT_LOAD if header.p_flags & libc::PF_R != 0 => {
                if header.p_flags & libc::PF_X != 0 {
                    code.push(range.clone());
                }
                segments.push(range);
            }
            libc::PT_NOTE | libc::PT_GNU_EH_FRAME => identity.push(range),
            _ => {}
        }
    }
    let start = segments.iter().map(|segment: &Range<usize>| segment.start);
    let end = segments.iter().map(|segment| segment.end);
    let span = start.min().unwrap_or(0)..end.max().unwrap_or(0);
    let bytes = headers.as_ptr_range();
    Object {
        base,
        span,
        segments,
        code,
        headers: bytes.start as usize..bytes.end as usize,
        identity,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_holds_its_own_code_and_no_other() {
        let program = Object::main().expect("the loader knows the program");
        assert!(program.holds_code(fold as *const () as usize));
        assert!(!program.holds_code((&raw const program) as usize));
        static WORDS: [u64; 2] = [1, 2];
        let at = (&raw const WORDS) as usize;
        assert!(program.holds(at, 16) && program.spans(at) && !program.holds_code(at));
        assert!(!program.holds(at, usize::MAX));
        assert!(!program.spans(libc::getpid as *const () as usize));
        assert!(!program.identity.is_empty());
        assert_eq!(program.fingerprint(), Object::main().unwrap().fingerprint());
    }

    #[test]
    fn every_byte_changes_the_hash() {
        let bytes: Vec<u8> = (0..61).collect();
        let whole = fold(0, &bytes);
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_ne!(fold(0, &other), whole);
        }
        assert_ne!(fold(0, &bytes[..60]), whole);
        assert_ne!(fold(0, &[]), fold(0, &[0]));
    }
}

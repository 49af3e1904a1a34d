//! The program that this process runs. Code in it is named by its distance from an *anchor*, a function of this crate.

use crate::error::CodeError;
use crate::sys::exe::{self, Object};
use std::sync::OnceLock;

/// A function that another process may be asked to call. It is a constant of the program.
#[repr(C)]
pub struct Named<F> {
    pub magic: [u64; 2],
    pub run: F,
}

/// The function from which code offsets are counted.
#[inline(never)]
fn anchor() {
    std::hint::black_box(());
}

/// The program. The anchor lies in it.
pub struct Image {
    pub anchor: usize,
    object: Object,
    fingerprint: OnceLock<u64>,
}

impl Image {
    /// The program of this process.
    ///
    /// # Errors
    /// The anchor does not lie in the program: this crate is linked into a shared library.
    pub fn get() -> Result<&'static Self, CodeError> {
        static IMAGE: OnceLock<Result<Image, CodeError>> = OnceLock::new();
        IMAGE.get_or_init(Self::find).as_ref().map_err(Clone::clone)
    }

    fn find() -> Result<Self, CodeError> {
        let object = Object::main().ok_or(CodeError::NoProgram)?;
        let anchor = (anchor as fn() as *const ()).expose_provenance();
        if !object.holds_code(anchor) {
            return Err(CodeError::NotInProgram {
                library: library_at(anchor),
            });
        }
        Ok(Self {
            anchor,
            object,
            fingerprint: OnceLock::new(),
        })
    }

    /// The anchor's position in the program file. Distinguishes two copies of this crate in one program.
    pub fn anchor(&self) -> u64 {
        self.anchor.wrapping_sub(self.object.base) as u64
    }

    /// A number that identifies this build of the program and this copy of the crate. Called on both sides of the handshake.
    pub fn fingerprint(&self) -> u64 {
        let found = self.fingerprint.get_or_init(|| self.object.fingerprint());
        found ^ self.anchor().rotate_left(32)
    }

    /// The code that another process of this build named by an offset. `None`: there is no constant of this kind at the offset.
    pub fn named<F>(&self, offset: u64, magic: [u64; 2]) -> Option<*const ()> {
        let address = self.anchor.wrapping_add(offset as usize);
        let size = size_of::<Named<F>>();
        if !address.is_multiple_of(align_of::<Named<F>>()) || !self.object.holds(address, size) {
            return None;
        }
        let named = std::ptr::with_exposed_provenance::<Named<*const ()>>(address);
        // SAFETY: aligned memory of the program, which stays mapped and readable; a word has no invalid value.
        let found = unsafe { (&raw const (*named).magic).read_volatile() };
        if found != magic {
            return None;
        }
        // SAFETY: as above.
        let run = unsafe { (&raw const (*named).run).read_volatile() };
        self.object.holds_code(run.addr()).then_some(run)
    }
}

/// The offset of a constant. `code` is the function that it names; `task` is its name for errors.
///
/// # Errors
/// The constant or its function lies in a shared library.
pub fn offset_of<F>(
    named: &'static Named<F>,
    code: usize,
    task: fn() -> &'static str,
) -> Result<u64, CodeError> {
    let image = Image::get()?;
    let address = std::ptr::from_ref(named).expose_provenance();
    for address in [code, address] {
        if !image.object.spans(address) {
            return Err(CodeError::TaskInLibrary {
                task: task().to_owned(),
                library: library_at(address),
            });
        }
    }
    Ok(address.wrapping_sub(image.anchor) as u64)
}

fn library_at(address: usize) -> String {
    exe::object_at(address).unwrap_or_else(|| "?".to_owned())
}

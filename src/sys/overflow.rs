//! Says that a stack has overflowed, as the standard library does: in a process in which `main` never ran its handler is not there.

use super::pages::Pages;
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr::{null, null_mut};

/// The handler's own stack.
const STACK: usize = 64 << 10;
/// How far from the stack pointer a write to the stack is at most. Functions with larger frames touch each page of them in turn.
const NEAR: usize = 64 << 10;

/// Installs the handler for the calling thread's stack, unless there is one already. If the system refuses it, an overflow ends the
/// process without a word.
pub fn report_overflows() {
    let mut now = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: fills the struct that it is given.
    let asked = unsafe { libc::sigaction(libc::SIGSEGV, null(), now.as_mut_ptr()) };
    // SAFETY: zeroed or filled in, and both are valid.
    if asked != 0 || unsafe { now.assume_init() }.sa_sigaction != libc::SIG_DFL {
        return;
    }
    let pages = Pages::zeroed(STACK);
    let stack = libc::stack_t {
        ss_sp: pages.base().as_ptr().cast(),
        ss_flags: 0,
        ss_size: STACK,
    };
    // SAFETY: reads the struct. The memory is the handler's for good.
    if unsafe { libc::sigaltstack(&raw const stack, null_mut()) } != 0 {
        return;
    }
    std::mem::forget(pages);
    // SAFETY: a struct of numbers and pointers, for which zero is a value.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = on_fault;
    action.sa_sigaction = handler as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: reads the struct; the handler is safe to call at any instruction.
    unsafe { libc::sigaction(libc::SIGSEGV, &raw const action, null_mut()) };
}

/// The stack pointer of the interrupted code.
///
/// # Safety
/// `context` is what the kernel has given to a handler.
unsafe fn stack_pointer(context: *mut c_void) -> usize {
    // SAFETY: as the caller says.
    let context = unsafe { &*context.cast::<libc::ucontext_t>() };
    #[cfg(target_arch = "x86_64")]
    let pointer = context.uc_mcontext.gregs[libc::REG_RSP as usize];
    #[cfg(target_arch = "aarch64")]
    let pointer = context.uc_mcontext.sp;
    pointer as usize
}

/// Makes only calls that are allowed in a handler.
extern "C" fn on_fault(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel's own structs.
    let (at, stack) = unsafe { ((*info).si_addr() as usize, stack_pointer(context)) };
    if at.abs_diff(stack) <= NEAR {
        let text = b"\nthread 'main' has overflowed its stack\nfatal runtime error: stack overflow, aborting\n";
        // SAFETY: reads the text. If stderr takes nothing, there is no other place.
        let _ = unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
        // SAFETY: ends the process.
        unsafe { libc::abort() };
    }
    // Another fault: it happens again when this returns, and ends the process.
    // SAFETY: a struct of numbers and pointers, for which zero is a value.
    let mut default: libc::sigaction = unsafe { std::mem::zeroed() };
    default.sa_sigaction = libc::SIG_DFL;
    // SAFETY: reads the struct.
    unsafe { libc::sigaction(signal, &raw const default, null_mut()) };
}

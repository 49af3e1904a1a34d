//! Filters of system calls.

const ALLOW: u32 = 0x7fff_0000;
const ERRNO: u32 = 0x0005_0000;
const LOAD: u16 = 0x20;
const EQUAL: u16 = 0x15;
const ANY_BIT: u16 = 0x45;
const RETURN: u16 = 0x06;
const MODE_FILTER: libc::c_uint = 1;
/// For all threads of the process.
const ALL_THREADS: libc::c_ulong = 1;

/// Which calls of a number are meant.
#[derive(Clone, Copy)]
pub enum When {
    Always,
    /// The argument is one of these.
    ArgumentIs(u32, &'static [u32]),
    /// The argument has one of these bits.
    ArgumentHas(u32, u32),
    /// The argument has none of these bits.
    ArgumentLacks(u32, u32),
}

/// A call that is denied.
#[derive(Clone, Copy)]
pub struct Call(pub libc::c_long, pub When);

#[repr(C)]
#[derive(Clone, Copy)]
struct Step(u16, u8, u8, u32);

#[repr(C)]
struct Program(u16, *const Step);

/// From now on these calls fail, in all threads of this process and in what it starts.
pub fn deny(calls: &[Call], errno: i32) {
    let mut steps = Vec::new();
    let refuse = Step(RETURN, 0, 0, ERRNO | errno as u32);
    for &Call(number, when) in calls {
        // Little-endian: the lower half of an argument comes first.
        let load = |argument: u32| Step(LOAD, 0, 0, 16 + 8 * argument);
        let mut judge = Vec::new();
        match when {
            When::Always => judge.push(refuse),
            When::ArgumentIs(argument, values) => {
                judge.push(load(argument));
                for &value in values {
                    judge.push(Step(EQUAL, 0, 1, value));
                    judge.push(refuse);
                }
            }
            When::ArgumentHas(argument, bits) => {
                judge.extend([load(argument), Step(ANY_BIT, 0, 1, bits), refuse]);
            }
            When::ArgumentLacks(argument, bits) => {
                judge.extend([load(argument), Step(ANY_BIT, 1, 0, bits), refuse]);
            }
        }
        judge.push(Step(RETURN, 0, 0, ALLOW));
        steps.push(Step(LOAD, 0, 0, 0));
        steps.push(Step(EQUAL, 0, judge.len() as u8, number as u32));
        steps.extend(judge);
    }
    steps.push(Step(RETURN, 0, 0, ALLOW));
    let program = Program(steps.len() as u16, steps.as_ptr());
    // SAFETY: numbers, then a program that outlives the call.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let set = libc::syscall(
            libc::SYS_seccomp,
            MODE_FILTER,
            ALL_THREADS,
            &raw const program,
        );
        assert_eq!(set, 0, "seccomp: {}", std::io::Error::last_os_error());
    }
}

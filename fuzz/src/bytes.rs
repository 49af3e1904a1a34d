//! From bytes to programs, and bytes from seeds.

use arbitrary::{Arbitrary, Unstructured};

/// The longest program.
const MOST_STEPS: usize = 64;

/// Decodes a head, then steps until the bytes are used up.
pub fn decode<'a, H: Arbitrary<'a>, S: Arbitrary<'a>>(data: &'a [u8]) -> (H, Vec<S>) {
    let mut bytes = Unstructured::new(data);
    let head = H::arbitrary(&mut bytes).expect("missing bytes are zeros");
    let mut steps = Vec::new();
    while !bytes.is_empty() && steps.len() < MOST_STEPS {
        steps.push(S::arbitrary(&mut bytes).expect("missing bytes are zeros"));
    }
    (head, steps)
}

/// The bytes of a program: the same for the same seed, today and later.
pub fn from_seed(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    };
    // Short programs and long ones; the first numbers of neighbouring seeds are alike.
    let length = (next(), next(), next()).2 % 500 + 12;
    (0..length).map(|_| (next() >> 56) as u8).collect()
}

//! Bytes that no writer wrote.

use super::*;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// serde lets no announced length reserve more than this.
const MEBIBYTE: usize = 1 << 20;

fn is_refused_cheaply<T: Serialize + DeserializeOwned + Debug>(bytes: &[u8]) {
    let (outcome, largest) = Meter::largest(|| decode::<T>(bytes));
    assert_eq!(outcome.err(), Some(PayloadReason::Truncated));
    // The error itself: its texts are a few dozen bytes.
    assert!(largest <= 256, "asked for {largest} bytes");
    assert_eq!(
        decode_shared::<T>(bytes).err(),
        Some(PayloadReason::Truncated)
    );
}

#[test]
fn a_length_beyond_the_bytes_reserves_nothing() {
    for length in [13, 1 << 16, 1 << 31, u32::MAX] {
        let bytes = [&length.to_ne_bytes()[..], &[0; 12]].concat();
        is_refused_cheaply::<Vec<u8>>(&bytes);
        is_refused_cheaply::<Vec<f64>>(&bytes);
        is_refused_cheaply::<Vec<u128>>(&bytes);
        is_refused_cheaply::<Box<[i16]>>(&bytes);
        is_refused_cheaply::<String>(&bytes);
        is_refused_cheaply::<Vec<()>>(&bytes);
        is_refused_cheaply::<Vec<[u8; 0]>>(&bytes);
        is_refused_cheaply::<Vec<String>>(&bytes);
        is_refused_cheaply::<Vec<[[u64; 32]; 32]>>(&bytes);
        is_refused_cheaply::<VecDeque<u8>>(&bytes);
        is_refused_cheaply::<HashSet<()>>(&bytes);
        is_refused_cheaply::<HashMap<u8, ()>>(&bytes);
        is_refused_cheaply::<BTreeMap<String, Vec<u32>>>(&bytes);
        let some = [&[1], &bytes[..]].concat();
        is_refused_cheaply::<Option<Vec<u32>>>(&some);
        is_refused_cheaply::<Option<String>>(&some);
    }
}

#[test]
fn a_length_within_the_bytes_reserves_little() {
    // As many elements as there are bytes, each of which is 8 KiB in memory.
    let bytes = [&60_000_u32.to_ne_bytes()[..], &[1; 60_000]].concat();
    let (outcome, largest) = Meter::largest(|| decode::<Vec<[[u64; 32]; 32]>>(&bytes));
    assert_eq!(outcome, Err(PayloadReason::Truncated));
    assert!(largest <= MEBIBYTE, "asked for {largest} bytes");
    let (outcome, largest) = Meter::largest(|| decode::<HashMap<[u64; 32], [u64; 32]>>(&bytes));
    assert_eq!(outcome, Err(PayloadReason::Truncated));
    assert!(largest <= 4 * MEBIBYTE, "asked for {largest} bytes");
}

#[test]
fn every_byte_of_a_small_thing() {
    for byte in 0..=u8::MAX {
        assert_eq!(
            decode_both::<bool>(&[byte]).ok(),
            [false, true].get(usize::from(byte)).copied()
        );
        assert_eq!(decode_both::<()>(&[byte]).is_ok(), byte == 0);
        assert_eq!(decode_both::<[u8; 0]>(&[byte]).is_ok(), byte == 0);
        assert_eq!(decode_both::<Option<()>>(&[byte]).is_ok(), byte == 0);
        assert_eq!(decode_both::<Option<()>>(&[byte, 0]).is_ok(), byte == 1);
        assert_eq!(decode_both::<Option<Vec<u8>>>(&[byte]).is_ok(), byte == 0);
        let code = [byte; 4];
        let expected = char::from_u32(u32::from_ne_bytes(code));
        assert_eq!(decode_both::<char>(&code).ok(), expected);
    }
    for surrogate in [0xD800_u32, 0xDFFF, 0x11_0000, u32::MAX] {
        let invalid = PayloadReason::Invalid {
            kind: "char".into(),
        };
        assert_eq!(decode_both::<char>(&surrogate.to_ne_bytes()), Err(invalid));
    }
}

#[test]
fn nothing_at_all() {
    macro_rules! each {
        ($($kind:ty),*) => {
            $(assert_eq!(decode_both::<$kind>(&[]).err(), Some(PayloadReason::Truncated));)*
        };
    }
    each!(
        (),
        bool,
        u8,
        u128,
        char,
        String,
        Vec<()>,
        Vec<u8>,
        Option<u8>,
        (u8, u8),
        [u8; 0]
    );
    each!(Result<u8, u8>, HashMap<u8, u8>, Box<[f32]>, Option<Vec<u8>>);
}

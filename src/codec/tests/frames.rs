//! Rows whose elements are read one by one, so that one error does not spoil the others.

use super::*;
use serde::de::Error as _;

/// Reads from slices and from shared memory alike.
fn read_frames<T>(bytes: &[u8]) -> Result<Vec<Result<T, String>>, PayloadReason>
where
    T: DeserializeOwned + PartialEq + Debug,
{
    let unread = |unread| match unread {
        Unread::Payload(error) => error.reason().to_string(),
        Unread::Panicked(payload) => format!("panic: {}", payload.downcast::<String>().unwrap()),
    };
    let reason = |error: PayloadError| error.reason().clone();
    let one = frames::<T, T, _, _>(Part::Result, bytes, unread).map_err(reason);
    let shared = bytes.to_vec().into_boxed_slice();
    // SAFETY: the box is there until after the call.
    let source = unsafe { SharedSource::<Plain, WINDOW>::new(shared.as_ptr(), shared.len()) };
    let other = frames::<T, T, _, _>(Part::Result, source, unread).map_err(reason);
    assert_eq!(one, other);
    one
}

/// Reads odd numbers; of the others it takes too little, too much, panics, or says so.
#[derive(Serialize, Debug, PartialEq)]
struct Odd(u32, String);

impl<'de> Deserialize<'de> for Odd {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (number, text) = <(u32, String)>::deserialize(from)?;
        match number % 10 {
            0 => Err(D::Error::custom("even")),
            2 => panic!("{number} is even"),
            _ => Ok(Self(number, text)),
        }
    }
}

fn odd(number: u32) -> Odd {
    Odd(number, "x".repeat(number as usize * 10))
}

#[test]
fn one_that_cannot_be_read_costs_no_neighbour() {
    let row: Vec<Odd> = (0..25).map(odd).collect();
    let bytes = encode(&Frames(&row)).unwrap();
    let read = read_frames::<Odd>(&bytes).unwrap();
    assert_eq!(read.len(), 25);
    for (number, one) in (0..).zip(read) {
        let expected = match number % 10 {
            0 => Err("even".to_owned()),
            2 => Err(format!("panic: {number} is even")),
            _ => Ok(odd(number)),
        };
        assert_eq!(one, expected);
    }
}

#[test]
fn a_frame_holds_its_value_and_no_more() {
    let row = ["warp", "", "weft"].map(String::from);
    let mut bytes = encode(&Frames(&row)).unwrap();
    let texts = row.each_ref().map(|text| Ok(text.clone()));
    assert_eq!(read_frames::<String>(&bytes), Ok(texts.to_vec()));
    // The length inside the first frame is wrong. Its element cannot read into the second frame, nor leave bytes unread.
    for (length, error) in [
        (5, "end too early"),
        (3, "bytes follow"),
        (255, "end too early"),
    ] {
        bytes[8] = length;
        let read = read_frames::<String>(&bytes).unwrap();
        assert!(read[0].as_ref().unwrap_err().contains(error), "{read:?}");
        assert_eq!(read[1..], texts[1..]);
    }
}

#[test]
fn a_row_that_is_damaged_is_an_error() {
    let bytes = encode(&Frames(&["warp", "weft"])).unwrap();
    for length in 0..bytes.len() {
        read_frames::<String>(&bytes[..length]).expect_err("the bytes end too early");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(
        read_frames::<String>(&longer),
        Err(PayloadReason::Trailing { bytes: 1 })
    );
    let mut spoilt = bytes.clone();
    for at in (0..bytes.len()).step_by(STEP) {
        for mask in [0xFF, 0x01, 0x80] {
            spoilt[at] ^= mask;
            let _ = read_frames::<String>(&spoilt);
            spoilt[at] = bytes[at];
        }
    }
    // No memory is reserved for elements that cannot be there.
    let many = [&u32::MAX.to_ne_bytes()[..], &[0; 100]].concat();
    let (refused, largest) = Meter::largest(|| read_frames::<[u64; 32]>(&many));
    assert_eq!(refused, Err(PayloadReason::Truncated));
    assert!(largest < 4096, "{largest}");
}

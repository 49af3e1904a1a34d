//! The made-up values. They cover what many types of many crates can be read from. A type that accepts none of them counts as
//! not plain, which costs time only.

/// One for each mood, then others. None is large, because a type may use a number as a size.
pub const NUMBERS: [u16; 16] = [0, 1, 100, 300, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64];

/// Numbers of elements. The last ones are for types that need as many. The first is used only in the mood in which all is
/// empty.
pub const COUNTS: [u32; 10] = [0, 1, 2, 3, 4, 5, 6, 8, 9, 16];

pub const CHARS: [char; 3] = ['a', '\0', '1'];

/// Lengths of byte strings.
pub const BYTES: [usize; 19] = [
    0, 16, 32, 1, 2, 3, 4, 5, 6, 8, 10, 12, 20, 24, 28, 33, 48, 64, 128,
];

/// Strings. None is another notation of the value of an earlier one.
pub const WORDS: [&str; 45] = [
    "",
    "a",
    "1",
    "1.5",
    "A",
    "2000-01-01",
    "00:00:00",
    "2000-01-01T00:00:00",
    "2000-01-01T00:00:00Z",
    "2000-01-01T00:00:00+00:00",
    "2000-01-01T00:00:00+00:00[UTC]",
    "2000-01-01 00:00:00",
    "Sat, 01 Jan 2000 00:00:00 GMT",
    "P1D",
    "PT1S",
    "1s",
    "+00:00",
    "UTC",
    "Mon",
    "Jan",
    "00000000-0000-0000-0000-000000000000",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "http://a.b/",
    "a.b",
    "a@b.c",
    "/",
    "127.0.0.1",
    "::1",
    "127.0.0.1:1",
    "[::1]:1",
    "10.0.0.0/8",
    "fe80::/16",
    "00:00:00:00:00:00",
    "1.0.0",
    "^1.0.0",
    "GET",
    "HTTP/1.1",
    "text/plain",
    "INFO",
    "USD",
    "en-US",
    "+14155552671",
    "#000000",
    "deadbeef",
    "AAAA",
];

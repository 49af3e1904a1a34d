//! Compares what `Deserialize` read with what `Serialize` wrote, as far as the plain form goes.

use super::super::described::Tag;

/// Whether both are the same. Both are descriptions that this process has made.
pub fn agree(taken: &[u8], given: &[u8]) -> bool {
    compare(taken, given, true)
}

/// Whether both have the same kinds. The values may differ, and both sides may skip fields (`skip_field`).
pub fn alike(taken: &[u8], given: &[u8]) -> bool {
    compare(taken, given, false)
}

fn compare(taken: &[u8], given: &[u8], is_exact: bool) -> bool {
    let cursor = |bytes| Cursor { bytes, is_exact };
    let (mut taken, mut given) = (cursor(taken), cursor(given));
    let agreed = value(&mut taken, &mut given);
    agreed.is_some() && taken.bytes.is_empty() && given.bytes.is_empty()
}

/// `None`: the kinds differ. Otherwise whether the values are the same, too.
type Agreed = Option<bool>;

#[derive(Clone, Copy)]
struct Cursor<'a> {
    bytes: &'a [u8],
    /// Whether the values have to be the same.
    is_exact: bool,
}

/// The parts of a value that matter in the plain form.
#[derive(PartialEq)]
enum Head {
    None,
    Some,
    Nothing,
    /// The tag of a number, a bool or a char.
    Leaf(Tag),
    Str,
    Bytes(usize),
    Seq(usize),
    Map(usize),
    Fields(usize, bool),
    Variant(Tag, u32),
}

impl<'a> Cursor<'a> {
    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(bytes)
    }

    fn number(&mut self) -> Option<usize> {
        let bytes = self.bytes(4)?.try_into().ok()?;
        Some(u32::from_ne_bytes(bytes) as usize)
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.bytes(length)
    }

    /// Whether the field was skipped; passes over that mark.
    fn is_skipped(&mut self) -> bool {
        match self.bytes {
            [byte, rest @ ..] if *byte == Tag::Skipped as u8 => {
                self.bytes = rest;
                true
            }
            _ => false,
        }
    }

    /// Passes over a value, by a comparison with itself.
    fn pass(&mut self) -> Agreed {
        let mut other = *self;
        value(self, &mut other)
    }

    fn head(&mut self) -> Option<Head> {
        let tag = Tag::from_byte(self.bytes(1)?[0]).ok()?;
        Some(match tag {
            Tag::None => Head::None,
            Tag::Some => Head::Some,
            Tag::Unit => Head::Nothing,
            Tag::Str => Head::Str,
            Tag::Bytes => Head::Bytes(self.number()?),
            Tag::Seq => Head::Seq(self.number()?),
            Tag::Map => Head::Map(self.number()?),
            Tag::Tuple | Tag::Struct => match self.number()? {
                0 => Head::Nothing,
                count => Head::Fields(count, tag == Tag::Struct),
            },
            Tag::UnitVariant | Tag::NewtypeVariant | Tag::FieldsVariant => {
                let index = self.number()? as u32;
                self.text()?;
                Head::Variant(tag, index)
            }
            Tag::Row => return None,
            leaf => Head::Leaf(leaf),
        })
    }
}

fn value(taken: &mut Cursor<'_>, given: &mut Cursor<'_>) -> Agreed {
    let (a, b) = (taken.head()?, given.head()?);
    match (a, b) {
        (Head::None, Head::None) | (Head::Nothing, Head::Nothing) => Some(true),
        (Head::Some, Head::Some) => value(taken, given),
        (Head::Leaf(a), Head::Leaf(b)) if a == b => {
            let width = match a {
                Tag::Bool => 1,
                Tag::Char => 4,
                number => number.width()?,
            };
            Some(taken.bytes(width)? == given.bytes(width)?)
        }
        (Head::Str, Head::Str) => Some(taken.text()? == given.text()?),
        // The kinds agree for any bytes; the number of bytes is part of the value.
        (Head::Bytes(a), Head::Bytes(b)) => Some(taken.bytes(a)? == given.bytes(b)?),
        (Head::Bytes(a), Head::Seq(b)) => Some(taken.bytes(a)? == small_numbers(given, b)?),
        (Head::Seq(a), Head::Bytes(b)) => Some(small_numbers(taken, a)? == given.bytes(b)?),
        (Head::Seq(a), Head::Seq(b)) if a == b || !taken.is_exact => values(taken, given, a, b),
        (Head::Map(a), Head::Map(b)) if a == b || !taken.is_exact => {
            values(taken, given, 2 * a, 2 * b)
        }
        (Head::Fields(a, true), Head::Fields(b, true)) if a == b => named(taken, given, a),
        (Head::Fields(a, a_named), Head::Fields(b, b_named)) if a == b => {
            let pass = |of: &mut Cursor<'_>, is_named| match is_named {
                true => of.text().map(drop),
                false => Some(()),
            };
            all(a, |_| {
                pass(taken, a_named)?;
                pass(given, b_named)?;
                value(taken, given)
            })
        }
        (Head::Variant(kind, a), Head::Variant(b_kind, b)) if kind == b_kind && a == b => {
            match kind {
                Tag::UnitVariant => Some(true),
                _ => value(taken, given),
            }
        }
        _ => None,
    }
}

fn all(count: usize, mut one: impl FnMut(usize) -> Agreed) -> Agreed {
    let mut same = true;
    for index in 0..count {
        same &= one(index)?;
    }
    Some(same)
}

/// How many elements there are is part of the value: where kinds alone matter, one side may have more of them.
fn values(taken: &mut Cursor<'_>, given: &mut Cursor<'_>, a: usize, b: usize) -> Agreed {
    let same = all(a.min(b), |_| value(taken, given))?;
    all(a.saturating_sub(b), |_| taken.pass())?;
    all(b.saturating_sub(a), |_| given.pass())?;
    Some(same && a == b)
}

fn small_numbers(from: &mut Cursor<'_>, count: usize) -> Option<Vec<u8>> {
    let one = |_| match from.head()? {
        Head::Leaf(Tag::U8) => Some(from.bytes(1)?[0]),
        _ => None,
    };
    (0..count).map(one).collect()
}

/// Compares the fields of structs, which the plain form reads by position. A field may have another name on the other side
/// (`rename`) if its value is the same; but it may not stand where another field of that name is expected.
fn named(taken: &mut Cursor<'_>, given: &mut Cursor<'_>, count: usize) -> Agreed {
    let names = names(*taken, count)?;
    all(count, |index| {
        taken.text()?;
        let name = given.text()?;
        if !taken.is_exact {
            match (taken.is_skipped(), given.is_skipped()) {
                (false, false) => {}
                (true, true) => return Some(true),
                (true, false) => return given.pass(),
                (false, true) => return taken.pass(),
            }
        }
        let same = value(taken, given)? || !taken.is_exact;
        match name == names[index] {
            true => Some(same),
            false => (same && !names.contains(&name)).then_some(true),
        }
    })
}

fn names<'a>(mut of: Cursor<'a>, count: usize) -> Option<Vec<&'a [u8]>> {
    let one = |_| {
        let name = of.text()?;
        if !of.is_skipped() {
            of.pass()?;
        }
        Some(name)
    };
    (0..count).map(one).collect()
}

//! Shapes that came as a text.

use std::borrow::Cow;
use std::fmt;

/// How deep a shape may be nested. A guest sends what it likes; reading it must not take all of the stack.
const MAX_DEPTH: usize = 200;

pub enum Shape<'a> {
    Unknown,
    Word(&'a str),
    Option(Box<Shape<'a>>),
    Sequence(Box<Shape<'a>>),
    Map(Box<(Shape<'a>, Shape<'a>)>),
    Tuple(Vec<Shape<'a>>),
    /// So many times the same.
    Array(Box<Shape<'a>>, usize),
    /// Sorted by name.
    Struct(Vec<(Cow<'a, str>, Shape<'a>)>),
    /// Sorted.
    Enum(Vec<Cow<'a, str>>),
}

impl Shape<'_> {
    pub fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Shape::Unknown, _) | (_, Shape::Unknown) => true,
            (Shape::Word(a), Shape::Word(b)) => a == b,
            (Shape::Option(a), Shape::Option(b)) | (Shape::Sequence(a), Shape::Sequence(b)) => {
                a.agrees(b)
            }
            (Shape::Map(a), Shape::Map(b)) => a.0.agrees(&b.0) && a.1.agrees(&b.1),
            (Shape::Tuple(a), Shape::Tuple(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.agrees(b))
            }
            (Shape::Array(a, many), Shape::Array(b, others)) => many == others && a.agrees(b),
            (Shape::Array(item, many), Shape::Tuple(items))
            | (Shape::Tuple(items), Shape::Array(item, many)) => {
                items.len() == *many && items.iter().all(|other| item.agrees(other))
            }
            (Shape::Struct(a), Shape::Struct(b)) => {
                let agree = |((a, x), (b, y)): (&(_, Shape<'_>), &(_, Shape<'_>))| {
                    let (a, b): (&Cow<'_, str>, &Cow<'_, str>) = (a, b);
                    a == b && x.agrees(y)
                };
                a.len() == b.len() && a.iter().zip(b).all(agree)
            }
            (Shape::Enum(a), Shape::Enum(b)) => a == b,
            _ => false,
        }
    }
}

/// The whole text as one shape.
pub fn parse(text: &str) -> Option<Shape<'_>> {
    let mut reader = Reader { rest: text };
    let shape = reader.shape(MAX_DEPTH)?;
    reader.rest.is_empty().then_some(shape)
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn shape(&mut self, depth: usize) -> Option<Shape<'a>> {
        let depth = depth.checked_sub(1)?;
        let mut shape = match self.rest.chars().next()? {
            '?' => self.skip('?').then_some(Shape::Unknown),
            '(' => self.tuple(depth),
            '[' => self.sequence(depth),
            '{' => self.fields(depth),
            '<' => self.variants(),
            _ => self.word().map(Shape::Word),
        }?;
        let mut levels = depth;
        while self.skip('?') {
            levels = levels.checked_sub(1)?;
            shape = Shape::Option(Box::new(shape));
        }
        Some(shape)
    }

    fn tuple(&mut self, depth: usize) -> Option<Shape<'a>> {
        let mut items = Vec::new();
        self.separated('(', ',', ')', |reader| {
            items.push(reader.shape(depth)?);
            if items.len() == 1 && reader.skip(';') {
                let many = reader.word()?.parse().ok()?;
                return Some(Some(many));
            }
            Some(None)
        })
        .map(|many: Option<usize>| match many {
            Some(many) => items.pop().map(|item| Shape::Array(Box::new(item), many)),
            None => Some(Shape::Tuple(items)),
        })?
    }

    fn sequence(&mut self, depth: usize) -> Option<Shape<'a>> {
        self.skip('[');
        let item = self.shape(depth)?;
        let shape = if self.skip(':') {
            Shape::Map(Box::new((item, self.shape(depth)?)))
        } else {
            Shape::Sequence(Box::new(item))
        };
        self.skip(']').then_some(shape)
    }

    fn fields(&mut self, depth: usize) -> Option<Shape<'a>> {
        let mut fields = Vec::new();
        self.separated('{', ',', '}', |reader| {
            let name = reader.name()?;
            if !reader.skip(':') {
                return None;
            }
            fields.push((name, reader.shape(depth)?));
            Some(None::<()>)
        })?;
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        Some(Shape::Struct(fields))
    }

    fn variants(&mut self) -> Option<Shape<'a>> {
        let mut names = Vec::new();
        self.separated('<', '|', '>', |reader| {
            names.push(reader.name()?);
            Some(None::<()>)
        })?;
        names.sort();
        Some(Shape::Enum(names))
    }

    /// What stands between two brackets. `item` reads one of them; it returns a value to say that it is the only one.
    fn separated<T>(
        &mut self,
        open: char,
        between: char,
        close: char,
        mut item: impl FnMut(&mut Self) -> Option<Option<T>>,
    ) -> Option<Option<T>> {
        self.skip(open);
        if self.skip(close) {
            return Some(None);
        }
        loop {
            let only = item(self)?;
            if only.is_some() {
                return self.skip(close).then_some(only);
            }
            if self.skip(close) {
                return Some(None);
            }
            if !self.skip(between) {
                return None;
            }
        }
    }

    fn skip(&mut self, wanted: char) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn word(&mut self) -> Option<&'a str> {
        let end = self.rest.find(|c| !is_plain(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    fn name(&mut self) -> Option<Cow<'a, str>> {
        if !self.rest.starts_with('"') {
            return self.word().map(Cow::Borrowed);
        }
        let mut quoted = serde_json::Deserializer::from_str(self.rest).into_iter::<String>();
        let name = quoted.next()?.ok()?;
        self.rest = self.rest.get(quoted.byte_offset()..)?;
        Some(Cow::Owned(name))
    }
}

fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// Writes a name, in quotes if it has to be.
pub fn write_name(name: &str, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    if !name.is_empty() && name.chars().all(is_plain) {
        return out.write_str(name);
    }
    let quoted = serde_json::to_string(name).map_err(|_| fmt::Error)?;
    out.write_str(&quoted)
}

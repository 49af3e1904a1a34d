//! A description as a tree, to be compared with another one.

use super::super::error::Fault;
use super::super::limits::MOST_DEPTH;
use super::super::memory::Source;
use super::tag::Tag;

/// A described value.
pub enum Node<'a> {
    /// All its bytes, tag included.
    Leaf(&'a [u8]),
    Some(Box<Self>),
    Seq(Vec<Self>),
    Tuple(Vec<Self>),
    Map(Vec<(Self, Self)>),
    Struct(Vec<Field<'a>>),
    Variant(u32, &'a [u8], Option<Box<Self>>),
}

/// The name of a field, and its value unless it was left out.
pub type Field<'a> = (&'a [u8], Option<Node<'a>>);

impl<'a> Node<'a> {
    /// Parses a whole description.
    pub fn of(bytes: &'a [u8]) -> Result<Self, Fault> {
        // A level here is at least one of the reader's, except that a variant with fields is two here.
        let mut cursor = Cursor(bytes);
        let node = cursor.node(2 * MOST_DEPTH + 2)?;
        match cursor.0.is_empty() {
            true => Ok(node),
            false => Err(Fault::invalid("description")),
        }
    }

    /// Appends its bytes in a canonical order: the entries of a map are sorted, and, if `is_set`, the elements of
    /// sequences too.
    pub fn put(&self, is_set: bool, out: &mut Vec<u8>) {
        let one = |node: &Self| {
            let mut bytes = Vec::new();
            node.put(is_set, &mut bytes);
            bytes
        };
        match self {
            Self::Leaf(bytes) => out.extend_from_slice(bytes),
            Self::Some(node) => {
                out.push(Tag::Some as u8);
                node.put(is_set, out);
            }
            Self::Seq(nodes) => {
                out.push(Tag::Seq as u8);
                let mut all: Vec<_> = nodes.iter().map(one).collect();
                if is_set {
                    all.sort_unstable();
                }
                all.iter().for_each(|bytes| put_text(bytes, out));
            }
            Self::Tuple(nodes) => {
                out.push(Tag::Tuple as u8);
                nodes.iter().for_each(|node| put_text(&one(node), out));
            }
            Self::Map(entries) => {
                out.push(Tag::Map as u8);
                let pair = |(key, value): &(Self, Self)| [one(key), one(value)].concat();
                let mut all: Vec<_> = entries.iter().map(pair).collect();
                all.sort_unstable();
                all.iter().for_each(|bytes| put_text(bytes, out));
            }
            Self::Struct(fields) => {
                out.push(Tag::Struct as u8);
                for (name, node) in fields {
                    put_text(name, out);
                    put_text(&node.as_ref().map(one).unwrap_or_default(), out);
                }
            }
            Self::Variant(index, name, node) => {
                out.push(Tag::NewtypeVariant as u8);
                out.extend_from_slice(&index.to_ne_bytes());
                put_text(name, out);
                put_text(&node.as_deref().map(one).unwrap_or_default(), out);
            }
        }
    }
}

/// Appends the length of `bytes`, then `bytes`.
pub fn put_text(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&bytes.len().to_ne_bytes());
    out.extend_from_slice(bytes);
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn number(&mut self) -> Result<u32, Fault> {
        let bytes = self.0.take().map_err(|_| Fault::truncated())?;
        Ok(u32::from_ne_bytes(bytes))
    }

    /// Reads a number of items, each of which takes at least one byte.
    fn count(&mut self) -> Result<usize, Fault> {
        let count = self.number()? as usize;
        match count <= self.0.len() {
            true => Ok(count),
            false => Err(Fault::truncated()),
        }
    }

    fn text(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.count()?;
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        Ok(text)
    }

    fn tag(&mut self) -> Result<Tag, Fault> {
        let [byte] = self.0.take().map_err(|_| Fault::truncated())?;
        Tag::from_byte(byte)
    }

    fn pass(&mut self, bytes: usize) -> Result<(), Fault> {
        self.0 = self.0.get(bytes..).ok_or_else(Fault::truncated)?;
        Ok(())
    }

    fn many<T>(
        &mut self,
        mut one: impl FnMut(&mut Self) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let mut all = Vec::new();
        for _ in 0..self.count()? {
            all.push(one(self)?);
        }
        Ok(all)
    }

    fn node(&mut self, depth: u32) -> Result<Node<'a>, Fault> {
        let depth = depth.checked_sub(1).ok_or_else(Fault::too_deep)?;
        let start = self.0;
        let width = match self.tag()? {
            Tag::Some => return Ok(Node::Some(Box::new(self.node(depth)?))),
            Tag::Seq => return self.many(|this| this.node(depth)).map(Node::Seq),
            Tag::Tuple => return self.many(|this| this.node(depth)).map(Node::Tuple),
            Tag::Map => {
                let entries = self.many(|this| Ok((this.node(depth)?, this.node(depth)?)));
                return entries.map(Node::Map);
            }
            Tag::Struct => return self.many(|this| this.field(depth)).map(Node::Struct),
            tag @ (Tag::UnitVariant | Tag::NewtypeVariant | Tag::FieldsVariant) => {
                let (index, name) = (self.number()?, self.text()?);
                let node = match tag {
                    Tag::UnitVariant => None,
                    _ => Some(Box::new(self.node(depth)?)),
                };
                return Ok(Node::Variant(index, name, node));
            }
            Tag::Str | Tag::Bytes => {
                self.text()?;
                0
            }
            Tag::Row => {
                let width = self.tag()?.width();
                let width = width.ok_or_else(|| Fault::invalid("number"))?;
                self.number()? as usize * width
            }
            Tag::None | Tag::Unit => 0,
            Tag::Bool => 1,
            Tag::Char => 4,
            tag => tag.width().ok_or_else(|| Fault::invalid("description"))?,
        };
        self.pass(width)?;
        Ok(Node::Leaf(&start[..start.len() - self.0.len()]))
    }

    fn field(&mut self, depth: u32) -> Result<Field<'a>, Fault> {
        let name = self.text()?;
        if self.0.first() == Some(&(Tag::Skipped as u8)) {
            self.pass(1)?;
            return Ok((name, None));
        }
        Ok((name, Some(self.node(depth)?)))
    }
}

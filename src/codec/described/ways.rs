//! The ways in which the fields of a struct can be read under other names.

use std::rc::Rc;

/// How many ways to read one struct are tried.
const MOST_WAYS: usize = 64;

/// For each written field, the name under which it is read. `None`: it is not read.
pub type Given = Rc<[Option<&'static str>]>;

/// The fields whose names are in doubt. `None`: no name is.
pub fn affected(written: &[&[u8]], known: &[&str]) -> Option<Vec<bool>> {
    let find = |name: &[u8]| known.iter().position(|known| known.as_bytes() == name);
    let places: Vec<_> = written.iter().map(|name| find(name)).collect();
    if !places.iter().flatten().is_sorted_by(|a, b| a < b) {
        return Some(vec![true; written.len()]);
    }
    let is_read = |at: usize| places.contains(&Some(at));
    if places.iter().all(Option::is_some) || (0..known.len()).all(is_read) {
        return None;
    }
    Some(places.iter().map(Option::is_none).collect())
}

/// The ways to read the fields in order, except the way by name. If both sides have the same number of fields, the first way
/// pairs them by position.
pub fn in_order(written: &[&[u8]], known: &'static [&'static str]) -> Vec<Given> {
    let find = |name: &[u8]| known.iter().position(|known| known.as_bytes() == name);
    let places: Vec<_> = written.iter().map(|name| find(name)).collect();
    let is_ordered = places.iter().flatten().is_sorted_by(|a, b| a < b);
    let mut ways = Vec::new();
    if written.len() == known.len() {
        ways.push(known.iter().map(|name| Some(*name)).collect());
    }
    let mut walk = Walk {
        known,
        fixed: match is_ordered {
            true => places,
            false => vec![None; written.len()],
        },
        path: Vec::new(),
        ways,
    };
    walk.go(0);
    let is_other = |way: &Vec<Option<&str>>| {
        let is_same = |(way, name): (&Option<&str>, &&[u8])| match find(name) {
            Some(_) => way.is_some_and(|way| way.as_bytes() == *name),
            None => way.is_none(),
        };
        !way.iter().zip(written).all(is_same)
    };
    let ways = walk.ways.into_iter().filter(is_other);
    ways.map(Given::from).collect()
}

struct Walk {
    known: &'static [&'static str],
    /// The positions of the fields whose names are known.
    fixed: Vec<Option<usize>>,
    path: Vec<Option<usize>>,
    ways: Vec<Vec<Option<&'static str>>>,
}

impl Walk {
    fn go(&mut self, from: usize) {
        if self.ways.len() >= MOST_WAYS {
            return;
        }
        let at = self.path.len();
        let Some(fixed) = self.fixed.get(at) else {
            let name = |place: &Option<usize>| place.map(|place| self.known[place]);
            let way = self.path.iter().map(name).collect();
            self.ways.push(way);
            return;
        };
        if let Some(place) = *fixed {
            self.path.push(Some(place));
            self.go(place + 1);
            self.path.pop();
            return;
        }
        let end = self.fixed[at..].iter().flatten().next();
        let end = end.map_or(self.known.len(), |end| *end);
        for place in from..end {
            self.path.push(Some(place));
            self.go(place + 1);
            self.path.pop();
        }
        self.path.push(None);
        self.go(from);
        self.path.pop();
    }
}

//! Values and bytes from fixed seeds.

use super::*;
use std::collections::BTreeMap;

/// Splitmix64.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(6)).map(|_| item(self)).collect()
    }

    fn text(&mut self) -> String {
        self.list(|random| char::from_u32(random.below(0x3000) as u32).unwrap_or('?'))
            .into_iter()
            .collect()
    }
}

/// Some of everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Tree {
    Nothing,
    Number(u64),
    Wide(i128, u128, (i8, u16)),
    Text { text: String, mark: Option<char> },
    Floats(Vec<f32>),
    Bytes(Box<[u8]>),
    MaybeRow(Option<Vec<i64>>),
    List(Vec<Tree>),
    Map(BTreeMap<String, Tree>),
    Pair(Box<(Tree, Tree)>),
    Either(Result<Box<Tree>, String>),
    Units(Vec<()>, [(); 2]),
    Wrapped(Wrapped<Vec<u16>>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Wrapped<T>(T);

impl Tree {
    pub fn random(random: &mut Random, depth: u64) -> Self {
        let kinds = if depth == 0 { 9 } else { 13 };
        let inner = |random: &mut Random| Self::random(random, depth.saturating_sub(1));
        match random.below(kinds) {
            0 => Self::Nothing,
            1 => Self::Number(random.next()),
            2 => Self::Wide(
                i128::from(random.next() as i64) << random.below(64),
                u128::from(random.next()) << random.below(64),
                (random.next() as i8, random.next() as u16),
            ),
            3 => Self::Text {
                text: random.text(),
                mark: random.text().chars().next(),
            },
            4 => Self::Floats(random.list(|random| random.next() as f32)),
            5 => Self::Bytes(random.list(|random| random.next() as u8).into()),
            6 => Self::MaybeRow((random.below(2) == 0).then(|| random.list(|r| r.next() as i64))),
            7 => Self::Units(random.list(|_| ()), [(); 2]),
            8 => Self::Wrapped(Wrapped(random.list(|random| random.next() as u16))),
            9 => Self::List(random.list(inner)),
            10 => Self::Map(random.list(|r| (r.text(), inner(r))).into_iter().collect()),
            11 => Self::Pair(Box::new((inner(random), inner(random)))),
            _ => Self::Either(match random.below(2) {
                0 => Ok(Box::new(inner(random))),
                _ => Err(random.text()),
            }),
        }
    }
}

const VALUES: u64 = if cfg!(miri) { 20 } else { 2_000 };

#[test]
fn random_values_come_back() {
    for seed in 0..VALUES {
        let tree = Tree::random(&mut Random(seed), 3);
        let bytes = encode(&tree).unwrap();
        assert_eq!(decode_both::<Tree>(&bytes), Ok(tree.clone()));
        if bytes.len() < 100 {
            round(tree);
        }
    }
}

#[test]
fn spoilt_values_do_no_harm() {
    let mut taken = 0;
    for seed in 0..VALUES {
        let random = &mut Random(seed);
        let mut bytes = encode(&Tree::random(random, 3)).unwrap();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len() as u64 + 1) as usize;
            match random.below(4) {
                0 => bytes.insert(at, random.next() as u8),
                1 => bytes.truncate(at.max(1)),
                2 => bytes.rotate_left(at),
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << random.below(8);
                    }
                }
            }
        }
        let (outcome, largest) = Meter::largest(|| decode::<Tree>(&bytes));
        // A few steps of growth beyond what is there.
        assert!(largest <= 64 * bytes.len().max(64), "asked for {largest}");
        taken += u32::from(outcome.is_ok());
        let _ = decode_both::<Tree>(&bytes);
        let _ = decode_both::<Vec<Tree>>(&bytes);
        let _ = decode_both::<(String, Vec<u32>, Option<Tree>)>(&bytes);
    }
    // Some of the changes are to the numbers alone.
    assert!(taken > 0);
}

//! Maps, sets, rows and graphs.

use raddle_types::{Random, check, there_and_back};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::sync::Arc;

#[test]
fn of_std() {
    check(|r| {
        r.list(|r| (r.text(), r.number()))
            .into_iter()
            .collect::<HashMap<_, _>>()
    });
    check(|r| {
        r.list(|r| (r.number(), r.text()))
            .into_iter()
            .collect::<BTreeMap<_, _>>()
    });
    check(|r| r.list(Random::text).into_iter().collect::<HashSet<_>>());
    check(|r| {
        r.list(|r| (r.is(), r.word()))
            .into_iter()
            .collect::<BTreeSet<_>>()
    });
    check(|r| r.list(Random::float).into_iter().collect::<VecDeque<_>>());
    check(|r| r.list(Random::text).into_iter().collect::<LinkedList<_>>());
    check(|r| {
        r.list(Random::number)
            .into_iter()
            .collect::<BinaryHeap<_>>()
            .into_sorted_vec()
    });
    check(|r| Arc::<str>::from(r.text()));
    check(|r| Arc::<[u8]>::from(r.list(|r| r.word() as u8)));
    check(|r| std::borrow::Cow::<'static, str>::Owned(r.text()));
    check(|r| std::borrow::Cow::<'static, [u16]>::Owned(r.list(|r| r.word() as u16)));
    check(|r| Box::<str>::from(r.text()));
    check(|r| Arc::new(Box::new(Some(r.text()))));
    check(|r| {
        (
            i128::from(r.number()) * i128::from(r.number()),
            u128::MAX - u128::from(r.word()),
        )
    });
    check(|r| r.option(|r| r.option(|r| r.option(|_| ()))));
    check(|r| Ok::<Result<u8, String>, char>(if r.is() { Ok(1) } else { Err(r.text()) }));
    check(|r| std::ops::Range {
        start: r.number(),
        end: 7,
    });
    check(|r| {
        (
            std::ops::Bound::Included(r.number()),
            std::ops::Bound::<u8>::Unbounded,
        )
    });
    check(|r| std::num::NonZeroU64::new(r.word() | 1).unwrap());
    check(|r| std::num::Wrapping(r.word()));
    check(|r| std::cmp::Reverse(r.text()));
    check(|r| std::path::PathBuf::from(format!("/a/{}", r.below(9))));
    check(|r| std::ffi::CString::new(r.list(|r| r.word() as u8 | 1)).unwrap());
    check(|r| std::ffi::OsString::from(r.text()));
    check(|r| std::time::SystemTime::UNIX_EPOCH + std::time::Duration::new(r.word() >> 4, 5));
    check(|r| [[r.word() as u8; 3]; 4]);
    check(|r| std::array::from_fn::<_, 32, _>(|_| r.float()));
    there_and_back(&['\0', 'x', char::MAX]);
    there_and_back(&[(), ()]);
}

#[test]
fn maps() {
    check(|r| {
        r.list(|r| (r.text(), r.number()))
            .into_iter()
            .collect::<indexmap::IndexMap<_, _>>()
    });
    check(|r| {
        r.list(Random::text)
            .into_iter()
            .collect::<indexmap::IndexSet<_>>()
    });
    check(|r| {
        r.list(|r| (r.word(), r.text()))
            .into_iter()
            .collect::<hashbrown::HashMap<_, _>>()
    });
    check(|r| {
        r.list(Random::word)
            .into_iter()
            .collect::<hashbrown::HashSet<_>>()
    });
    check(|r| {
        r.list(|r| (r.word(), r.text()))
            .into_iter()
            .collect::<imbl::HashMap<_, _>>()
    });
    check(|r| {
        r.list(|r| (r.word(), r.text()))
            .into_iter()
            .collect::<imbl::OrdMap<u64, String>>()
    });
    check(|r| {
        r.list(Random::text)
            .into_iter()
            .collect::<imbl::Vector<_>>()
    });
    check(|r| {
        let map: heapless::LinearMap<u8, u64, 4> = [(1, r.word()), (2, 3)].into_iter().collect();
        map
    });
    #[derive(Serialize, Deserialize, Clone, Debug)]
    struct Shared(dashmap::DashMap<u64, String>);
    impl PartialEq for Shared {
        fn eq(&self, other: &Self) -> bool {
            let sorted = |of: &Self| of.0.clone().into_iter().collect::<BTreeMap<_, _>>();
            sorted(self) == sorted(other)
        }
    }
    check(|r| Shared(r.list(|r| (r.word(), r.text())).into_iter().collect()));
    // Keys of all kinds.
    check(|r| {
        r.list(|r| ((r.is(), r.option(Random::word)), 1_u8))
            .into_iter()
            .collect::<BTreeMap<_, _>>()
    });
}

#[test]
fn rows() {
    check(|r| {
        r.list(Random::text)
            .into_iter()
            .collect::<smallvec::SmallVec<[String; 2]>>()
    });
    check(|r| {
        r.list(Random::word)
            .into_iter()
            .take(4)
            .collect::<arrayvec::ArrayVec<u64, 4>>()
    });
    check(|r| {
        r.list(|r| r.word() as u8)
            .into_iter()
            .collect::<tinyvec::TinyVec<[u8; 4]>>()
    });
    check(|r| {
        r.list(|r| r.word() as u8)
            .into_iter()
            .collect::<tinyvec::ArrayVec<[u8; 8]>>()
    });
    check(|r| {
        r.list(Random::word)
            .into_iter()
            .collect::<heapless::Vec<u64, 8>>()
    });
    check(|r| {
        r.list(Random::text)
            .into_iter()
            .collect::<ecow::EcoVec<String>>()
    });
    check(|r| nonempty::NonEmpty::from((r.text(), r.list(Random::text))));
    check(|r| vec1::vec1![r.number(), 2]);
    check(|r| if r.is() { either::Left(r.text()) } else { either::Right(r.word()) } as either::Either<String, u64>);
    check(|r| r.list(|r| r.option(Random::text)));
}

#[test]
fn graphs() {
    #[derive(Serialize, Deserialize, Clone, Debug)]
    struct Graph(petgraph::Graph<String, f64>);
    impl PartialEq for Graph {
        fn eq(&self, other: &Self) -> bool {
            let edges = |of: &Self| {
                let edges = of.0.raw_edges().iter();
                edges
                    .map(|e| (e.source(), e.target(), e.weight))
                    .collect::<Vec<_>>()
            };
            self.0.node_weights().eq(other.0.node_weights()) && edges(self) == edges(other)
        }
    }
    check(|r| {
        let mut graph = petgraph::Graph::new();
        let (a, b) = (graph.add_node(r.text()), graph.add_node(r.text()));
        if r.is() {
            graph.add_edge(a, b, r.float());
        }
        Graph(graph)
    });
    #[derive(Serialize, Deserialize, Clone, Debug)]
    struct Slots(slotmap::SlotMap<slotmap::DefaultKey, String>);
    impl PartialEq for Slots {
        fn eq(&self, other: &Self) -> bool {
            self.0.iter().eq(other.0.iter())
        }
    }
    check(|r| {
        let mut slots = slotmap::SlotMap::new();
        let first = slots.insert(r.text());
        slots.insert(r.text());
        if r.is() {
            slots.remove(first);
        }
        Slots(slots)
    });
}

//! Which colour, dash and symbol a contender has: the same on all pages of a setup.

use crate::document::Role;
use crate::history::History;
use std::collections::BTreeMap;

/// Hues for peers in the style sheet, `--peer-0` and on.
const HUES: usize = 6;
/// Dashes and symbols, so that colour is not the only difference.
const DASHES: usize = 4;

/// The look of a contender, by names that the style sheet and the charts know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// A custom property of the style sheet.
    pub colour: String,
    /// Which dash and symbol.
    pub dash: usize,
}

/// Gives every contender a look. Those that meet on a page differ, as long as there are looks.
pub fn looks(histories: &[History<'_>]) -> BTreeMap<String, Look> {
    let mut given: BTreeMap<String, (Role, usize)> = BTreeMap::new();
    for history in histories {
        for line in &history.lines {
            let role = kind(line.role);
            let met = histories
                .iter()
                .filter(|other| other.lines.iter().any(|l| l.name == line.name))
                .flat_map(|other| &other.lines)
                .filter_map(|other| given.get(other.name))
                .filter(|(other, _)| *other == role);
            let taken: Vec<usize> = met.map(|(_, look)| *look).collect();
            let first = (0..).find(|look| !taken.contains(look)).unwrap_or(0);
            // raddle itself is solid, whatever contender comes first.
            let first = match (line.name, role) {
                ("raddle", _) => 0,
                (_, Role::Raddle) => first.max(1),
                _ => first,
            };
            given.entry(line.name.to_owned()).or_insert((role, first));
        }
    }
    given
        .into_iter()
        .map(|(name, (role, look))| {
            let look = match role {
                Role::Raddle => Look {
                    colour: "--raddle".into(),
                    dash: look % DASHES,
                },
                Role::Peer => Look {
                    colour: format!("--peer-{}", look % HUES),
                    dash: look / HUES % DASHES,
                },
                Role::Floor | Role::Bound => Look {
                    colour: "--limit".into(),
                    dash: look % DASHES,
                },
            };
            (name, look)
        })
        .collect()
}

/// Limits of both kinds share their looks.
fn kind(role: Role) -> Role {
    if role == Role::Bound {
        Role::Floor
    } else {
        role
    }
}

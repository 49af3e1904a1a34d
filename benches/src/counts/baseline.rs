//! The counts that later ones are compared to, and why they are what they are.

use super::Tools;
use crate::document::Instructions;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// The version of the format.
const SCHEMA: &str = "raddle-instructions/1";

/// `benches/baseline/instructions.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The format and its version.
    pub schema: String,
    /// Why the counts were last changed.
    pub reason: String,
    /// `rustc --version` of the compiler that built what was counted, by the profile `bench`.
    pub rustc: String,
    /// The platform.
    pub target: String,
    /// The C library.
    pub libc: String,
    /// The version of valgrind that counted.
    pub valgrind: String,
    /// By id. What caches would do depends on where the linker puts things, and is not kept.
    pub instructions: Vec<Row>,
}

/// One path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// `path/case`.
    pub id: String,
    /// Instructions of one call.
    pub instructions: u64,
}

impl Baseline {
    /// These counts, taken with these tools.
    pub fn new(counts: &[Instructions], tools: Tools, reason: String) -> Self {
        let row = |of: &Instructions| Row {
            id: of.id.clone(),
            instructions: of.instructions,
        };
        Self {
            schema: SCHEMA.to_owned(),
            reason,
            rustc: tools.rustc,
            target: tools.target,
            libc: tools.libc,
            valgrind: tools.valgrind,
            instructions: counts.iter().map(row).collect(),
        }
    }

    /// The tools that it was taken with.
    pub fn tools(&self) -> Tools {
        Tools {
            rustc: self.rustc.clone(),
            target: self.target.clone(),
            libc: self.libc.clone(),
            valgrind: self.valgrind.clone(),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with its path.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| error.to_string());
        text.and_then(|text| Self::parse(&text))
            .map_err(|problem| format!("{}: {problem}", path.display()))
    }

    /// Reads JSON.
    ///
    /// # Errors
    ///
    /// It is no JSON, of another shape or of another version.
    pub fn parse(text: &str) -> Result<Self, String> {
        let baseline: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if baseline.schema != SCHEMA {
            let found = baseline.schema;
            return Err(format!(
                "its schema is {found:?}, this program reads {SCHEMA:?}"
            ));
        }
        Ok(baseline)
    }

    /// Does this JSON say of itself that it is a baseline?
    pub fn is_meant(text: &str) -> bool {
        #[derive(Deserialize)]
        struct Head {
            schema: String,
        }
        serde_json::from_str(text)
            .is_ok_and(|head: Head| head.schema.starts_with("raddle-instructions/"))
    }

    /// As JSON, one line for each count, so that a change of the file reads well.
    pub fn to_json(&self) -> String {
        let mut text = String::from("{\n");
        let field = |name: &str, value: &str| {
            let value = serde_json::to_string(value).expect("text is JSON");
            format!("  \"{name}\": {value},\n")
        };
        for (name, value) in [
            ("schema", &self.schema),
            ("reason", &self.reason),
            ("rustc", &self.rustc),
            ("target", &self.target),
            ("libc", &self.libc),
            ("valgrind", &self.valgrind),
        ] {
            text += &field(name, value);
        }
        text += "  \"instructions\": [\n";
        let rows = self.instructions.iter().map(|row| {
            let row = serde_json::to_string(row).expect("a row is JSON");
            format!("    {row}")
        });
        text += &rows.collect::<Vec<_>>().join(",\n");
        text + "\n  ]\n}\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let baseline = Baseline {
            schema: SCHEMA.to_owned(),
            reason: "a \"first\" one".to_owned(),
            rustc: "rustc 1.0".to_owned(),
            target: "x".to_owned(),
            libc: "glibc 2".to_owned(),
            valgrind: "3.19.0".to_owned(),
            instructions: ["a/b", "a/c"]
                .map(|id| Row {
                    id: id.to_owned(),
                    instructions: 7,
                })
                .to_vec(),
        };
        let text = baseline.to_json();
        assert_eq!(Baseline::parse(&text).unwrap(), baseline);
        assert!(Baseline::is_meant(&text) && text.lines().count() == 12);
        let newer = text.replace("instructions/1", "instructions/2");
        assert!(Baseline::is_meant(&newer) && Baseline::parse(&newer).is_err());
    }
}

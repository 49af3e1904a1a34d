//! One document from a run that was taken in pieces.

use super::{Document, Noise};

impl Document {
    /// Puts documents of different workloads together. They have to agree in commit, machine, toolchain, mode and workers.
    pub fn from_pieces(pieces: Vec<Document>) -> Result<Document, String> {
        let mut pieces = pieces.into_iter();
        let mut whole = pieces.next().ok_or("there is no document")?;
        for piece in pieces {
            whole.add(piece)?;
        }
        Ok(whole)
    }

    fn add(&mut self, piece: Document) -> Result<(), String> {
        let differ = |what: &str| {
            let (first, other) = (&self.run.started, &piece.run.started);
            Err(format!(
                "the runs of {first} and {other} differ in their {what}"
            ))
        };
        if self.commit != piece.commit {
            return differ("commit");
        }
        if self.machine != piece.machine {
            return differ("machine");
        }
        if self.toolchain != piece.toolchain {
            return differ("toolchain");
        }
        if (self.run.mode, self.run.workers) != (piece.run.mode, piece.run.workers) {
            return differ("mode or workers");
        }
        for benchmark in piece.benchmarks {
            if self.benchmarks.iter().any(|known| known.id == benchmark.id) {
                return Err(format!("two of the runs have {}", benchmark.id));
            }
            self.benchmarks.push(benchmark);
        }
        for counted in piece.instructions {
            if self.instructions.iter().any(|known| known.id == counted.id) {
                return Err(format!("two of the runs have {}", counted.id));
            }
            self.instructions.push(counted);
        }
        self.instruments.valgrind = self
            .instruments
            .valgrind
            .take()
            .or(piece.instruments.valgrind);
        self.run.rounds = self.run.rounds.max(piece.run.rounds);
        self.noise.merge(&piece.noise);
        if piece.run.started < self.run.started {
            self.run.started = piece.run.started;
            self.noise.load_before = piece.noise.load_before;
        }
        if piece.run.finished > self.run.finished {
            self.run.finished = piece.run.finished;
            self.noise.load_after = piece.noise.load_after;
        }
        Ok(())
    }
}

impl Noise {
    /// Adds what was seen at another time; load averages stay.
    pub fn merge(&mut self, other: &Noise) {
        self.steal_ms += other.steal_ms;
        self.others_ms += other.others_ms;
        self.involuntary_switches += other.involuntary_switches;
        self.dirty_rounds += other.dirty_rounds;
        self.repeated_rounds += other.repeated_rounds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(id: &str, started: &str) -> Document {
        let text = include_str!("../../schema/example.json");
        let mut document = Document::parse(text).unwrap();
        document.benchmarks.truncate(1);
        document.benchmarks[0].id = id.into();
        document.instructions.clear();
        document.run.started = started.into();
        document.run.finished = started.into();
        document
    }

    #[test]
    fn pieces_make_one_run() {
        let pieces = vec![
            piece("W2", "2026-11-21T16:00:00Z"),
            piece("W1", "2026-11-21T15:00:00Z"),
        ];
        let whole = Document::from_pieces(pieces.clone()).unwrap();
        let ids: Vec<&str> = whole.benchmarks.iter().map(|b| &b.id[..]).collect();
        assert_eq!(ids, ["W2", "W1"]);
        assert_eq!(whole.run.started, "2026-11-21T15:00:00Z");
        assert_eq!(whole.run.finished, "2026-11-21T16:00:00Z");
        assert_eq!(whole.noise.dirty_rounds, 2 * pieces[0].noise.dirty_rounds);
    }

    #[test]
    fn pieces_that_do_not_fit_are_refused_by_name() {
        let first = piece("W1", "2026-11-21T15:00:00Z");
        let refused = |change: fn(&mut Document), word: &str| {
            let mut other = piece("W2", "2026-11-21T16:00:00Z");
            change(&mut other);
            let why = Document::from_pieces(vec![first.clone(), other]).unwrap_err();
            assert!(why.contains(word), "{why}");
        };
        refused(|other| other.commit = None, "commit");
        refused(|other| other.machine.kernel = "7.0".into(), "machine");
        refused(|other| other.run.workers = 4, "workers");
        refused(
            |other| other.benchmarks[0].id = "W1".into(),
            "two of the runs have W1",
        );
        assert!(Document::from_pieces(Vec::new()).is_err());
    }
}

//! The table of a run in a page of Markdown, between two markers.

use super::report::{self, figure};
use crate::document::{Benchmark, Contender, Document, Group, Mode, Role, Verdict};
use std::fmt::Write;

/// The line before the table.
pub const BEGIN: &str = "<!-- The last full run; written by the tool, not by hand. -->";
/// The line after it.
pub const END: &str = "<!-- The end of what the tool writes. -->";

/// The page with the document's table between the markers, in the place of what was there.
pub fn put(page: &str, document: &Document) -> Result<String, String> {
    let begin = page
        .find(BEGIN)
        .ok_or(format!("there is no line {BEGIN:?}"))?;
    let end = page.find(END).filter(|&end| end > begin);
    let end = end.ok_or(format!("there is no line {END:?} behind {BEGIN:?}"))?;
    let (before, after) = (&page[..begin], &page[end..]);
    Ok(format!(
        "{before}{BEGIN}\n\n{}\n{after}",
        markdown(document)
    ))
}

fn markdown(document: &Document) -> String {
    let mut text = head(document);
    for (group, title) in [
        (Group::Limits, "The machine"),
        (Group::Threads, "Thread pools"),
        (Group::Processes, "Process pools"),
        (Group::Wasm, "WebAssembly pools"),
    ] {
        let mut benchmarks = document
            .benchmarks
            .iter()
            .filter(|b| b.group == group)
            .peekable();
        if benchmarks.peek().is_some() {
            let _ = write!(text, "\n{title}:\n\n");
            match group {
                Group::Limits => benchmarks.for_each(|b| limits(&mut text, b)),
                _ => compared(&mut text, benchmarks),
            }
        }
    }
    text
}

fn head(document: &Document) -> String {
    let (run, machine) = (&document.run, &document.machine);
    let commit = document
        .commit
        .as_ref()
        .map_or("no commit".to_owned(), |commit| {
            let dirty = if commit.dirty { " with changes" } else { "" };
            format!("`{}`{dirty}", &commit.hash[..commit.hash.len().min(7)])
        });
    let mode = match run.mode {
        Mode::Full => "full",
        Mode::Quick => "quick (not to be quoted)",
    };
    let guest = machine.virtualization.as_deref().unwrap_or("no guest");
    format!(
        "| | |\n|---|---|\n\
         | Run | {} to {}, {mode}, {} rounds, {} workers |\n\
         | Commit | {commit} |\n\
         | Machine | {}, {} cores, {:.1} GiB; {guest}; Linux {}; {} |\n\
         | Built by | {}; {} |\n\
         | Noise | {} |\n",
        run.started,
        run.finished,
        run.rounds,
        run.workers,
        machine.cpu,
        machine.cores,
        machine.memory_bytes as f64 / f64::from(1 << 30),
        machine.kernel,
        machine.allocator,
        document.toolchain.rustc,
        document.toolchain.profile,
        report::noise(&document.noise),
    )
}

fn limits(text: &mut String, benchmark: &Benchmark) {
    let _ = write!(text, "| Limit | {} |\n|---|---:|\n", benchmark.unit);
    for contender in &benchmark.contenders {
        let _ = writeln!(
            text,
            "| {} | {} |",
            contender.name,
            figure(contender.median)
        );
    }
}

/// A line for each benchmark: raddle's best way beside the floor and the best peer.
fn compared<'a>(text: &mut String, benchmarks: impl Iterator<Item = &'a Benchmark>) {
    text.push_str(
        "| Id | What | Unit | raddle | Floor | / floor | Best peer | | / best peer | Verdict |\n",
    );
    text.push_str("|---|---|---|---:|---:|---:|---|---:|---:|---|\n");
    let mut main = "";
    for benchmark in benchmarks {
        // A further figure's title begins with that of its workload, which stands in a line above.
        let further = benchmark
            .title
            .strip_prefix(main)
            .and_then(|rest| rest.strip_prefix(": "));
        let what = further.unwrap_or(&benchmark.title);
        if !benchmark.id.contains('/') {
            main = &benchmark.title;
        }
        let first = |role| benchmark.contenders.iter().find(move |c| c.role == role);
        let best = benchmark.best_peer();
        let Some(raddle) = first(Role::Raddle) else {
            continue;
        };
        let of = |contender: Option<&Contender>| {
            contender.map_or_else(String::new, |c| figure(c.median))
        };
        let ratio = |ratio: Option<f64>| ratio.map_or_else(String::new, |r| format!("{r:.2}"));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            benchmark.id,
            what,
            benchmark.unit,
            figure(raddle.median),
            of(first(Role::Floor)),
            ratio(raddle.to_floor),
            best.map_or("", |best| &best.name),
            of(best),
            ratio(raddle.to_best_peer),
            verdict(raddle, best),
        );
    }
}

fn verdict(raddle: &Contender, best: Option<&Contender>) -> &'static str {
    let clean = raddle.clean && best.is_none_or(|best| best.clean);
    match raddle.verdict {
        Some(Verdict::Better) => "better",
        Some(Verdict::Worse) => "worse",
        Some(Verdict::Undecided) if clean => "cannot tell",
        Some(Verdict::Undecided) => "cannot tell: too noisy",
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Document {
        Document::parse(include_str!("../../schema/example.json")).unwrap()
    }

    #[test]
    fn what_is_between_the_markers_is_replaced_and_nothing_else() {
        let page = format!("# Page\n{BEGIN}\nold\n{END}\nend\n");
        let once = put(&page, &example()).unwrap();
        assert!(once.starts_with("# Page\n") && once.ends_with("end\n") && !once.contains("old"));
        assert!(
            once.contains("| W1 | round trip from outside, back to back | ns | 1,620 | 1,280 |")
        );
        assert!(once.contains("| tokio spawn | 9,200 | 0.18 | better |"));
        assert!(once.contains("| W1/p99 | p99 | ns | 3,240 |"));
        assert_eq!(put(&once, &example()).unwrap(), once);
    }

    #[test]
    fn a_page_without_markers_is_refused() {
        assert!(put("# Page\n", &example()).is_err());
        assert!(put(&format!("{END}\n{BEGIN}\n"), &example()).is_err());
    }
}

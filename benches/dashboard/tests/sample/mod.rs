//! Made-up histories with known contents.
//!
//! [`history`] has what a real folder may have: noise, a planted regression and a planted gain, rows that are missing
//! for a while, a contender that got another name, a run of a changed work tree, quick runs in between, a second
//! machine. [`steady`] is the same without anything that changed.

use raddle_dashboard::document::{
    Benchmark, Better, Commit, Contender, Document, Group, Instructions, Instruments, Machine,
    Mode, Noise, Quantiles, Role, Run, SCHEMA, Toolchain, Verdict,
};
use raddle_dashboard::statistics::Random;
use std::path::Path;

/// Full runs on the first machine.
pub const RUNS: usize = 40;
/// From this run on `W2` of raddle takes `REGRESSION` times as long, and `submit/outside` has 28 instructions more.
pub const REGRESSED: usize = 28;
pub const REGRESSION: f64 = 1.06;
/// From this run on `W3` of raddle takes less.
pub const GAINED: usize = 15;
pub const GAIN: f64 = 0.88;
/// In this run, of a changed work tree, `W2` of raddle takes twice as long.
pub const DIRTY: usize = 33;
/// In these runs raddle has no row in `W5`.
pub const MISSING: std::ops::Range<usize> = 10..13;
/// In this run `P5` was left out.
pub const LEFT_OUT: usize = 20;
/// From this run on the contender `threadpool` is called `threadpool crate`.
pub const RENAMED: usize = 18;
/// The first run that counted instructions.
pub const COUNTED: usize = 5;
/// From this run on another compiler was used, which saves one instruction everywhere.
pub const COMPILER: usize = 22;
/// A subject of a commit that must not be read as HTML.
pub const HOSTILE: &str =
    "Pool: </script><img src=x onerror=\"document.title='broken'\"> & 'quotes'";

/// A workload: id, title, unit, group, whether higher is better, the limit, and what each contender takes of it.
type Sketch = (
    &'static str,
    &'static str,
    &'static str,
    Group,
    bool,
    &'static [(&'static str, Role, f64)],
);

use Group::{Limits, Processes, Threads};
use Role::{Bound, Floor, Peer, Raddle};

const SKETCHES: &[Sketch] = &[
    (
        "L",
        "limits: a cache line one way",
        "ns",
        Limits,
        false,
        &[
            ("cache line", Floor, 62.0),
            ("futex wake", Bound, 4100.0),
            ("malloc", Bound, 18.0),
        ],
    ),
    (
        "W1",
        "round trip from outside, back to back",
        "ns",
        Threads,
        false,
        &[
            ("spinning mailbox", Floor, 310.0),
            ("rayon", Peer, 5100.0),
            ("tokio spawn", Peer, 8200.0),
            ("tokio spawn_blocking", Peer, 9900.0),
            ("threadpool", Peer, 11_200.0),
            ("crossbeam-channel by hand", Peer, 6100.0),
            ("raddle", Raddle, 640.0),
        ],
    ),
    (
        "W1/p99",
        "round trip from outside, back to back: 99 in 100",
        "ns",
        Threads,
        false,
        &[
            ("spinning mailbox", Floor, 520.0),
            ("rayon", Peer, 14_100.0),
            ("tokio spawn", Peer, 21_000.0),
            ("raddle", Raddle, 1900.0),
        ],
    ),
    (
        "W1b",
        "round trip after 200 us of watching the clock",
        "ns",
        Threads,
        false,
        &[
            ("parked mailbox", Floor, 9100.0),
            ("rayon", Peer, 13_000.0),
            ("tokio spawn", Peer, 15_100.0),
            ("raddle", Raddle, 10_200.0),
        ],
    ),
    (
        "W2",
        "a million closures from one thread, handles kept",
        "ns",
        Threads,
        false,
        &[
            ("box, hold, call, free", Floor, 41.0),
            ("rayon", Peer, 168.0),
            ("tokio spawn", Peer, 340.0),
            ("threadpool", Peer, 410.0),
            ("crossbeam-channel by hand", Peer, 231.0),
            ("raddle", Raddle, 121.0),
            ("raddle spawn_many", Raddle, 88.0),
        ],
    ),
    (
        "W3",
        "fib(32) by join, per join",
        "ns",
        Threads,
        false,
        &[
            ("plain recursion", Floor, 2.1),
            ("rayon", Peer, 19.0),
            ("chili", Peer, 6.1),
            ("raddle", Raddle, 8.7),
        ],
    ),
    (
        "W5",
        "ordered map of a million items of a few ns",
        "us",
        Threads,
        false,
        &[
            ("one thread's time over the workers", Floor, 1300.0),
            ("rayon", Peer, 1420.0),
            ("chili", Peer, 1510.0),
            ("raddle", Raddle, 1405.0),
        ],
    ),
    (
        "W7",
        "CPU time over two seconds with an idle pool",
        "us",
        Threads,
        false,
        &[
            ("no pool", Floor, 12.0),
            ("rayon", Peer, 30.0),
            ("tokio spawn", Peer, 21.0),
            ("raddle", Raddle, 14.0),
        ],
    ),
    (
        "W8/heap",
        "heap bytes asked for per task, first batch",
        "B",
        Threads,
        false,
        &[
            ("a boxed closure", Floor, 16.0),
            ("rayon", Peer, 144.0),
            ("tokio spawn", Peer, 256.0),
            ("raddle", Raddle, 128.0),
        ],
    ),
    (
        "P1",
        "round trip of a u64 to one worker process",
        "ns",
        Processes,
        false,
        &[
            ("shared-memory ring, both spinning", Floor, 330.0),
            ("procspawn", Peer, 61_000.0),
            ("ipc-channel", Peer, 24_000.0),
            ("socketpair by hand", Peer, 16_200.0),
            ("Python ProcessPoolExecutor", Peer, 182_000.0),
            ("raddle", Raddle, 1100.0),
        ],
    ),
    (
        "P3-1M/rate",
        "1 MiB to one worker and back: bytes in and out over the time",
        "GB/s",
        Processes,
        true,
        &[
            ("memcpy into shared memory and out", Floor, 9.6),
            ("four copies", Bound, 4.9),
            ("ipc-channel bytes", Peer, 0.71),
            ("ipc-channel shared memory", Peer, 3.9),
            ("raddle", Raddle, 4.4),
        ],
    ),
    (
        "P5",
        "SIGKILL of the only worker to the next result",
        "us",
        Processes,
        false,
        &[
            ("exec of one, one answer over a socket", Floor, 910.0),
            ("procspawn", Peer, 2300.0),
            ("raddle", Raddle, 1180.0),
        ],
    ),
];

const PATHS: &[(&str, &str, u64)] = &[
    ("complete/set", "complete a future and take its result", 96),
    ("join/inside", "join, neither half taken by another", 44),
    ("ring/publish", "write 64 bytes into the ring", 131),
    ("steal/one", "steal one task", 58),
    ("submit/outside", "submit a closure of 8 bytes", 512),
];

/// Where and how a run was made.
#[derive(Clone, Copy)]
struct Place {
    machine: &'static str,
    cores: usize,
    /// How many times slower than the first.
    slower: f64,
    mode: Mode,
    hour: usize,
}

const FIRST: Place = Place {
    machine: "example-cpu-2-linux6",
    cores: 2,
    slower: 1.0,
    mode: Mode::Full,
    hour: 9,
};

/// All documents of a rich history.
pub fn history() -> Vec<Document> {
    let mut random = Random::new(7);
    let mut documents: Vec<Document> = (0..RUNS)
        .map(|run| document(&mut random, FIRST, run, true))
        .collect();
    for run in (3..RUNS).step_by(9) {
        let place = Place {
            mode: Mode::Quick,
            hour: 14,
            slower: 0.5,
            ..FIRST
        };
        documents.push(document(&mut random, place, run, true));
    }
    for run in 20..32 {
        let place = Place {
            machine: "another-cpu-8-linux6",
            cores: 8,
            slower: 3.0,
            hour: 18,
            ..FIRST
        };
        documents.push(document(&mut random, place, run, true));
    }
    documents
}

/// Forty runs between which nothing changed but the weather.
pub fn steady() -> Vec<Document> {
    let mut random = Random::new(11);
    (0..RUNS)
        .map(|run| document(&mut random, FIRST, run, false))
        .collect()
}

/// Writes documents into a folder of results.
pub fn write(documents: &[Document], folder: &Path) {
    for document in documents {
        document.write_into(folder).expect("a result is written");
    }
}

fn document(random: &mut Random, place: Place, run: usize, eventful: bool) -> Document {
    let day = |hour: usize, minute: usize| {
        let (month, day) = (9 + run / 28, 1 + run % 28);
        format!("2026-{month:02}-{day:02}T{hour:02}:{minute:02}:07Z")
    };
    let dirty = eventful && run == DIRTY;
    let hash = format!("{:07x}", 0x00a1_b2c3 + run * 7919).repeat(6)[..40].to_owned();
    // The machine has better and worse hours, which all contenders share.
    let weather = place.slower * noise(random, 0.006);
    let benchmarks = SKETCHES
        .iter()
        .filter(|sketch| !(eventful && run == LEFT_OUT && sketch.0 == "P5"))
        .map(|sketch| benchmark(random, sketch, run, weather, eventful))
        .collect();
    let counted = run >= COUNTED && place.mode == Mode::Full;
    let instructions = PATHS.iter().filter(|_| counted).map(|(id, title, count)| {
        let planted = if eventful && *id == "submit/outside" && run >= REGRESSED {
            28
        } else {
            0
        };
        let compiler = u64::from(!(eventful && run >= COMPILER));
        let count = count + planted + compiler;
        Instructions {
            id: (*id).into(),
            title: (*title).into(),
            instructions: count,
            l1: count + 180,
            ll: 2,
            ram: 3,
            estimated_cycles: count + 180 + 10 + 105,
        }
    });
    Document {
        schema: SCHEMA.into(),
        run: Run {
            started: day(place.hour, 12),
            finished: day(place.hour, 51),
            command: vec!["compare".into()],
            mode: place.mode,
            rounds: 9,
            workers: 2,
        },
        commit: Some(Commit {
            hash,
            time: day(place.hour - 1, 30),
            subject: match run {
                REGRESSED if eventful => "Pool: a note of who submitted, for the report".into(),
                GAINED if eventful => "Join: the second half stays in a register".into(),
                37 => HOSTILE.into(),
                _ => format!("Change number {run}"),
            },
            dirty,
        }),
        machine: Machine {
            name: place.machine.into(),
            cpu: "Example CPU @ 2.60GHz".into(),
            cores: place.cores,
            allowed: (0..place.cores).collect(),
            memory_bytes: 25_769_803_776,
            kernel: "6.18.44".into(),
            virtualization: Some("kvm".into()),
            allocator: "glibc 2.36".into(),
        },
        toolchain: Toolchain {
            rustc: if run < COMPILER {
                "rustc 1.94.0 (4a4ef493e 2026-03-02)".into()
            } else {
                "rustc 1.95.0 (59807616e 2026-04-14)".into()
            },
            profile: "bench".into(),
            flags: String::new(),
        },
        noise: weather_report(random),
        benchmarks,
        instructions: instructions.collect(),
        instruments: Instruments {
            valgrind: counted.then(|| "3.19.0".into()),
        },
    }
}

fn benchmark(
    random: &mut Random,
    (id, title, unit, group, higher, all): &Sketch,
    run: usize,
    weather: f64,
    eventful: bool,
) -> Benchmark {
    let mut contenders: Vec<Contender> = Vec::new();
    for (name, role, figure) in *all {
        if eventful && *id == "W5" && *name == "raddle" && MISSING.contains(&run) {
            continue;
        }
        let planted = match (*id, *name) {
            _ if !eventful => 1.0,
            ("W2", "raddle") if run == DIRTY => 2.0 * REGRESSION,
            ("W2", "raddle") if run >= REGRESSED => REGRESSION,
            ("W3", "raddle") if run >= GAINED => GAIN,
            _ => 1.0,
        };
        let exact = *unit == "B";
        let level = if exact {
            *figure
        } else {
            figure * planted * noise(random, 0.008)
        };
        let level = match (exact, higher) {
            (true, _) => level,
            (false, false) => level * weather,
            (false, true) => level / weather,
        };
        let rounds: Vec<f64> = (0..9)
            .map(|_| {
                if exact {
                    level
                } else {
                    level * noise(random, 0.02)
                }
            })
            .collect();
        let renamed = *name == "threadpool" && (run >= RENAMED || !eventful);
        let name = if renamed { "threadpool crate" } else { name };
        contenders.push(contender(random, name, *role, rounds, id.starts_with("W1")));
    }
    let of = |role: Role| {
        contenders
            .iter()
            .filter(move |c| c.role == role)
            .map(|c| c.median)
    };
    let floor = of(Floor).next();
    let best = if *higher {
        of(Peer).max_by(f64::total_cmp)
    } else {
        of(Peer).min_by(f64::total_cmp)
    };
    for contender in &mut contenders {
        contender.to_floor = floor.map(|floor| contender.median / floor);
        contender.to_best_peer = best.map(|best| contender.median / best);
        if contender.role == Raddle && best.is_some() {
            let ratio = contender.to_best_peer.expect("there is a best peer");
            contender.verdict = Some(match ratio.max(1.0 / ratio) < 1.02 {
                true => Verdict::Undecided,
                false if (ratio < 1.0) != *higher => Verdict::Better,
                false => Verdict::Worse,
            });
        }
    }
    Benchmark {
        id: (*id).into(),
        group: *group,
        title: (*title).into(),
        unit: (*unit).into(),
        better: if *higher {
            Better::Higher
        } else {
            Better::Lower
        },
        statistic: if id.starts_with("W1") {
            "p50 of a round"
        } else {
            "mean over a round"
        }
        .into(),
        noise: weather_report(random),
        contenders,
    }
}

fn contender(
    random: &mut Random,
    name: &str,
    role: Role,
    rounds: Vec<f64>,
    latencies: bool,
) -> Contender {
    let mut sorted = rounds.clone();
    sorted.sort_by(f64::total_cmp);
    let median = sorted[sorted.len() / 2];
    let mut off: Vec<f64> = rounds.iter().map(|round| (round - median).abs()).collect();
    off.sort_by(f64::total_cmp);
    // Most near the median, a tail of a few far above.
    let histogram: Vec<(u64, u64)> = (0..40)
        .map(|i| {
            let bound = median * (0.8 + 0.01 * f64::from(i * i));
            let count =
                60_000.0 * (-f64::from((i - 5_i32).pow(2)) / 12.0).exp() + 400.0 * 0.8_f64.powi(i);
            (bound as u64, (count * noise(random, 0.02)) as u64)
        })
        .filter(|(_, count)| *count > 0)
        .collect();
    let total: u64 = histogram.iter().map(|(_, count)| count).sum();
    let quantile = |share: f64| {
        let mut below = 0;
        let bucket = histogram.iter().find(|(_, count)| {
            below += count;
            below as f64 >= share * total as f64
        });
        bucket.map_or(median, |(bound, _)| *bound as f64)
    };
    let quantiles = Quantiles {
        p50: quantile(0.5),
        p90: quantile(0.9),
        p99: quantile(0.99),
        p999: quantile(0.999),
        max: quantile(1.0),
    };
    Contender {
        name: name.into(),
        role,
        median,
        min: sorted[0],
        max: sorted[sorted.len() - 1],
        mad: off[off.len() / 2],
        rounds,
        clean: true,
        noise: Noise::default(),
        to_floor: None,
        to_best_peer: None,
        verdict: None,
        quantiles: latencies.then_some(quantiles),
        histogram: latencies.then_some(histogram),
    }
}

fn weather_report(random: &mut Random) -> Noise {
    Noise {
        load_before: 0.1 + 0.2 * random.unit(),
        load_after: 0.4 + 0.4 * random.unit(),
        steal_ms: (random.unit() * 30.0).round(),
        others_ms: (random.unit() * 90.0).round(),
        involuntary_switches: 10 + random.below(390) as u64,
        dirty_rounds: random.below(5) as u64,
        repeated_rounds: 0,
    }
}

/// A factor near one: normal, with this standard deviation.
fn noise(random: &mut Random, deviation: f64) -> f64 {
    1.0 + random.normal() * deviation
}

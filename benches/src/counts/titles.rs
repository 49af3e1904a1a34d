//! What each counted path is, in a line.

/// The title of a path; its id where it has none.
pub fn title(id: &str) -> &str {
    TITLES
        .iter()
        .find(|(of, _)| *of == id)
        .map_or(id, |(_, title)| title)
}

#[rustfmt::skip]
const TITLES: &[(&str, &str)] = &[
    ("complete/alone", "complete a promise that no thread waits for"),
    ("complete/waker", "complete a promise whose future is awaited"),
    ("complete/set", "complete one of 16 promises that as_completed watches"),
    ("take/result", "take the result of a future that is done, and free it"),
    ("take/peek", "look at the result of a future that is done"),
    ("callback/register", "add a callback to a future that is pending"),
    ("callback/at_once", "add a callback to a future that is done: it runs"),
    ("callback/run", "complete a promise with one callback, which runs"),
    ("wait/poll", "poll a pending future for the first time: a waker is registered"),
    ("wait/poll_again", "poll a pending future again with the same waker"),
    ("wait/done", "wait for a future that is done"),
    ("wait/block", "wait for a task that runs: register, sleep, time out, take it back"),
    ("as_completed/register_16", "as_completed of 16 pending futures"),
    ("as_completed/step", "the next of 16 futures, one of which is done"),
    ("cancel/pending", "cancel a pending promise's future"),
    ("cancel/late", "cancel a future that is done, which does nothing"),
    ("cancel/queued", "cancel a task in a pool's queue"),
    ("start/won", "start a promise: its future can no longer be cancelled"),
    ("start/lost", "start a promise that was cancelled"),
    ("submit/outside", "submit to a busy pool from outside"),
    ("submit/outside_unwatched", "submit to a busy pool from outside and drop the future"),
    ("submit/outside_100", "submit 100 tasks to a busy pool from outside"),
    ("submit/wakes", "submit to a sleeping pool from outside: its worker is woken"),
    ("submit/inside", "submit from one of the pool's own tasks"),
    ("run/inside", "on a worker: submit, pop, run, complete and take"),
    ("run/inside_100", "on a worker: submit 100 tasks, then take their results in order"),
    ("join/outside", "join of two trivial closures from outside"),
    ("join/inside", "the outermost join on a worker"),
    ("join/nested", "a join inside of another"),
    ("join/fib_10", "fib(10), 88 joins"),
    ("deque/push", "push onto a deque"),
    ("deque/push_many_32", "push 32 items onto a deque in one step"),
    ("deque/pop_back", "pop the newest item"),
    ("deque/pop_front", "pop the oldest item"),
    ("steal/nothing", "steal from an empty deque"),
    ("steal/one", "steal the only item"),
    ("steal/half_of_64", "steal half of 64 items"),
    ("inbox/push", "push into the injector"),
    ("inbox/pop_32", "pop 32 of 48 items from the injector"),
    ("hand/offer", "offer a task to an open handoff slot"),
    ("ring/publish", "parent: reserve and publish a task of 8 bytes"),
    ("ring/publish_1k", "parent: reserve and publish a task of 1 KiB"),
    ("ring/next", "worker: take the next task"),
    ("ring/reply", "worker: reply with 8 bytes"),
    ("ring/take", "parent: take a reply of 8 bytes"),
    ("ring/take_1k", "parent: take a reply of 1 KiB and release its memory"),
    ("ring/round", "publish, next, reply and take, 8 bytes each way"),
    ("ring/round_1k", "publish, next, reply and take, 1 KiB each way"),
    ("claim/win", "a worker claims a task"),
    ("claim/lose", "a worker claims a task that was revoked"),
    ("claim/revoke", "the parent revokes a task"),
];

#[cfg(test)]
mod tests {
    use super::{TITLES, title};
    use crate::counts::Baseline;
    use std::path::Path;

    #[test]
    fn every_path_of_the_baseline_has_a_title_and_every_title_a_path() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let baseline = Baseline::read(&root.join("baseline/instructions.json")).unwrap();
        for row in &baseline.instructions {
            assert_ne!(title(&row.id), row.id, "{} has no title", row.id);
        }
        for (id, _) in TITLES {
            let counted = baseline.instructions.iter().any(|row| row.id == *id);
            assert!(counted, "{id} is not in the baseline");
        }
    }
}

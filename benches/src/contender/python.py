"""concurrent.futures' side of the workloads. Prints one line of JSON: a round's figures."""

import json
import statistics
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed

now = time.perf_counter_ns


def answer(x):
    return (x * 3 + 1) & 0x3FFFFFFF


def marks(size):
    return [0, size // 2 & ~7, size - 8]


def look_at(payload):
    first, middle, last = (payload[at : at + 8] for at in marks(len(payload)))
    assert first == middle == last, "bytes of different turns"
    return payload


def call(pool, x):
    got = pool.submit(answer, x).result()
    assert got == answer(x), "a wrong answer came back"
    return got


def trips(pool, n, pause_us):
    x = 1
    for _ in range(max(n // 20, 10)):
        x = call(pool, x)
    latencies = []
    for _ in range(n):
        idle_until = now() + pause_us * 1000
        while now() < idle_until:
            pass
        start = now()
        x = call(pool, x)
        latencies.append(now() - start)
    return {"latencies": latencies}


def batch(pool, n):
    call(pool, 1)
    start = now()
    futures = [pool.submit(answer, x) for x in range(n)]
    results = [future.result() for future in futures]
    took = now() - start
    assert results == [answer(x) for x in range(n)], "a wrong answer came back"
    return {"figure": took / n}


def payload(pool, n, size):
    content = bytearray(i * 7 & 0xFF for i in range(251)) * (size // 251 + 1)
    del content[size:]
    for at in marks(size):
        content[at : at + 8] = b"raddle.."
    content = bytes(content)
    given = pool.submit(look_at, content).result()
    start = now()
    for _ in range(n):
        given = pool.submit(look_at, given).result()
    took = now() - start
    assert given == content, "other bytes came back"
    return {"figure": took / n}


def start(executor, workers, n):
    def once():
        begin = now()
        with executor(workers) as pool:
            call(pool, 1)
            return now() - begin

    return {"figure": statistics.median(once() for _ in range(n))}


def steps(n, x):
    x |= 1
    for _ in range(n):
        x ^= x << 13 & 0xFFFFFFFFFFFFFFFF
        x ^= x >> 7
        x ^= x << 17 & 0xFFFFFFFFFFFFFFFF
    return x


def steps_per_us():
    """In Python's own pace: the work has the length in time that it has for everybody else."""

    def once(seed):
        begin = now()
        steps(1000, seed)
        return now() - begin

    return 1e6 / min(once(seed) for seed in range(1, 50))


def ordered_map(pool, n, cost_us):
    pace = steps_per_us()

    def item(x):
        return steps(int(pace * cost_us(x)), x)

    right = [item(x) for x in range(n)]
    begin = now()
    got = list(pool.map(item, range(n)))
    took = now() - begin
    assert got == right, "a map gave a wrong answer"
    return {"figure": took / n}


def completed(pool, n):
    pace = steps_per_us()
    sizes, x = [], 0x2545F491
    for _ in range(n):
        x = steps(1, x)
        sizes.append(int((x & 0xFFFFFFFF) / 2**32 * 50 * pace))

    def work(index):
        steps(sizes[index], index)
        return index, now()

    seen, latencies = set(), []
    begin = now()
    for future in as_completed([pool.submit(work, index) for index in range(n)]):
        index, at = future.result()
        latencies.append(now() - at)
        seen.add(index)
    took = now() - begin
    assert len(seen) == n, "a task was lost"
    return {"figure": took / 1e3, "latencies": latencies}


def cancel_storm(pool, workers, n):
    busy, gate, ran = threading.Barrier(workers + 1), threading.Event(), []

    def hold():
        busy.wait()
        gate.wait()

    for _ in range(workers):
        pool.submit(hold)
    busy.wait()
    futures = [pool.submit(ran.append, 1) for _ in range(n)]
    begin = now()
    for future in futures:
        future.cancel()
    asked = now()
    gate.set()
    cancelled = sum(future.cancelled() for future in futures)
    took = now() - begin
    assert cancelled == n and not ran, "a cancelled task ran"
    return {"figure": took / n, "asking": (asked - begin) / n}


def idle(pool):
    for x in range(100):
        call(pool, x)
    print("{}", flush=True)
    sys.stdin.read()


def main():
    executor = {"process": ProcessPoolExecutor, "thread": ThreadPoolExecutor}[sys.argv[1]]
    what, workers, n, size = sys.argv[2], *map(int, sys.argv[3:])
    if what == "start":
        return start(executor, workers, n)
    with executor(workers) as pool:
        match what:
            case "hot":
                return trips(pool, n, 0)
            case "idle trip":
                return trips(pool, n, 200)
            case "batch":
                return batch(pool, n)
            case "payload":
                return payload(pool, n, size)
            case "idle":
                return idle(pool)
            case "dear map":
                return ordered_map(pool, n, lambda x: 10)
            case "skewed map":
                return ordered_map(pool, n, lambda x: 20 * x / n)
            case "completed":
                return completed(pool, n)
            case "cancel":
                return cancel_storm(pool, workers, n)
    sys.exit(f"no workload is called {what}")


if __name__ == "__main__":
    said = main()
    if said is not None:
        print(json.dumps(said))

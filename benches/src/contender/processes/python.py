"""ProcessPoolExecutor's side of the process workloads. Prints one line of JSON: a round's figures."""

import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor

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


def start(workers):
    begin = now()
    with ProcessPoolExecutor(workers) as pool:
        call(pool, 1)
        return {"figure": (now() - begin) / 1e6}


def idle(pool):
    for x in range(100):
        call(pool, x)
    print("{}", flush=True)
    sys.stdin.read()


def main():
    what, workers, n, size = sys.argv[1], *map(int, sys.argv[2:])
    if what == "start":
        return start(workers)
    with ProcessPoolExecutor(workers) as pool:
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
    sys.exit(f"no workload is called {what}")


if __name__ == "__main__":
    said = main()
    if said is not None:
        print(json.dumps(said))

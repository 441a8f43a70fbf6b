"""What a GPU did in a Chrome trace of train_step_bench, samsr or PyTorch: its busy share, gaps, and the kernels that
took most of the time.

    trace_summary.py TRACE.json[.gz] … [--top 25] [--json]
"""

import argparse
import collections
import gzip
import json
import re

ON_GPU = ("kernel", "gpu_memcpy", "gpu_memset")
LAUNCHING = ("cuda_runtime", "cuda_driver")


def events_of(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8", errors="replace") as file:
        events = json.load(file, strict=False)["traceEvents"]
    return [event for event in events if event.get("ph") == "X" and "dur" in event]


def busy_and_gaps(events):
    """Microseconds in which at least one of the events runs, and the gaps between them, longest first."""
    busy, gaps, end = 0.0, [], None
    for start, stop in sorted((event["ts"], event["ts"] + event["dur"]) for event in events):
        if end is None or start > end:
            if end is not None:
                gaps.append(start - end)
            busy += stop - start
            end = stop
        elif stop > end:
            busy += stop - end
            end = stop
    return busy, sorted(gaps, reverse=True)


def short(name):
    """A kernel's name without types of its return and arguments, 110 characters at most."""
    name = re.sub(r"^void |\(anonymous namespace\)::|at::native::|c10::|std::", "", name)
    return re.sub(r"\(.*", "", name)[:110] or name[:110]


def summary(paths, top):
    """Lines of figures, the whole first."""
    events = [event for path in paths for event in events_of(path)]
    on_gpu = [event for event in events if event.get("cat") in ON_GPU]
    # A trace of a CPU shows its operators instead.
    shown = on_gpu or [event for event in events if event.get("cat") == "cpu_op"]
    if not shown:
        raise SystemExit("error: the trace holds neither kernels nor operators")
    span = max(event["ts"] + event["dur"] for event in shown) - min(event["ts"] for event in shown)
    busy, gaps = busy_and_gaps(shown)
    launches = [event for event in events if event.get("cat") in LAUNCHING and "Launch" in event["name"]]
    yield {"what": "trace", "of": "kernels" if on_gpu else "operators", "span_ms": round(span / 1e3, 3),
           "busy_ms": round(busy / 1e3, 3), "busy_share": round(busy / span, 4), "count": len(shown),
           "launches": len(launches), "launch_ms": round(sum(event["dur"] for event in launches) / 1e3, 3),
           "gaps_over_10_us": sum(gap > 10 for gap in gaps), "longest_gap_us": round(gaps[0], 1) if gaps else 0}
    times, counts = collections.Counter(), collections.Counter()
    for event in shown:
        times[short(event["name"])] += event["dur"]
        counts[short(event["name"])] += 1
    whole = sum(times.values())
    for name, time in times.most_common(top):
        yield {"what": "kernel", "name": name, "ms": round(time / 1e3, 3), "share": round(time / whole, 4),
               "count": counts[name]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("traces", nargs="+")
    parser.add_argument("--top", type=int, default=25)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    for figures in summary(arguments.traces, arguments.top):
        if arguments.json:
            print(json.dumps(figures))
        elif figures["what"] == "trace":
            print(" ".join(f"{key} {value}" for key, value in figures.items()))
        else:
            print(f"{figures['ms']:9.3f} ms {100 * figures['share']:5.1f} % {figures['count']:6d} × {figures['name']}")


if __name__ == "__main__":
    main()

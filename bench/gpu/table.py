"""Prints what bench/gpu_check found, in at most 60 lines.

    table.py FOLDER
"""

import os
import sys

from figures import Results, number

MOST_LINES = 60


def log_lines(results, stage):
    path = os.path.join(results.folder, f"{stage}.log")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8", errors="replace") as file:
        return [line.strip() for line in file if line.strip()]


def first_error(results, stage, status):
    """What to look at first where a stage failed."""
    checks = results.failed_checks(stage)
    if checks:
        return f"{checks[0]['check']}: {checks[0]['error']}"
    lines = log_lines(results, stage)
    begun = [line for line in lines if line.startswith("--- ")]
    if status == "timed out" and begun:
        return f"during {begun[-1][4:]}"
    return next((line for line in lines if "rror" in line), lines[-1] if lines else "it said nothing")


def stage_lines(results):
    for stage, status, seconds in results.stages():
        yield f"{stage:12} {status:10} {seconds:5} s"
        if status in ("failed", "timed out"):
            yield f"    {first_error(results, stage, status)[:150]}"
            for check in results.failed_checks(stage)[1:5]:
                yield f"    {check['check']}: {check['error'][:100]}"


def step_lines(results):
    steps = [step for step in results.steps() if "ms" in step]
    if steps:
        yield (f"{'':18}{'teacher':8}{'':6}{'batch':>5}{'ms':>10}{'host':>9}{'images/s':>10}{'TFLOP/s':>9}"
               f"{'floor %':>8}{'GB':>7}")
    for step in steps:
        share = results.share(step)
        who = step["who"] if step.get("exchange", "auto") == "auto" else f"{step['who']} {step['exchange']}"
        yield (f"{who[:17]:18}{step['teacher']:8}{step['precision']:6}{step['batch']:5}{number(step['ms']):>10}"
               f"{number(step.get('host_ms')):>9}{number(step['images_s']):>10}{number(step.get('tflops')):>9}"
               f"{number(share):>8}{number(step.get('peak_gb')):>7}")
    for mine, other, ratio in results.ratios():
        yield f"samsr / {other['who']}, {mine['teacher']}, {mine['batch']} images: {ratio:.2f}"


def figure_lines(results):
    for ceiling in results.ceilings():
        yield f"{ceiling['what']}: {ceiling['rate']:.3f} {ceiling['unit']}"
    yield from step_lines(results)
    for what, rate in results.rates():
        yield f"{what}: {number(rate, 2)} pictures/s"
    for what, coverage, least in results.agreements():
        yield f"{what}: IoU of coverage {number(coverage, 6)}, of a mask at least {number(least, 6)}"
    trace = results.what("trace")
    if trace:
        yield (f"trace: {trace['span_ms']:.1f} ms, busy {100 * trace['busy_share']:.1f} %, {trace['count']} "
               f"{trace['of']}, {trace['launches']} launches, longest gap {trace['longest_gap_us']} us")
        for kernel in results.kernels()[:5]:
            yield f"  {kernel['ms']:9.2f} ms {100 * kernel['share']:5.1f} % {kernel['count']:6} x {kernel['name'][:80]}"


def test_lines(results):
    tests = results.what("tests")
    if tests:
        yield f"tests: {tests['passed']} passed, {tests['failed']} failed, {tests['not_run']} not run"
    for test in results.failed_tests():
        yield f"  {test['test']}: {test['failure'][:150]}"


def table(results):
    machine = results.what("machine")
    said = (machine.get(key) for key in ("name", "driver_version", "processor", "cores"))
    lines = [" | ".join(str(each) for each in said if each)]
    lines += stage_lines(results)
    figures, tests = list(figure_lines(results)), list(test_lines(results))
    # Where there is not room for all, figures stay and tests are cut: all are in results.jsonl.
    room = max(3, MOST_LINES - len(lines) - len(figures))
    if len(tests) > room:
        tests = tests[: room - 1] + [f"  and {len(tests) - room + 1} more; see results.jsonl"]
    return (lines + tests + figures)[:MOST_LINES]


if __name__ == "__main__":
    print("\n".join(table(Results(sys.argv[1]))))

#!/usr/bin/env python3
"""bench/simulate_cluster on logs whose outcome is known."""

import json
import math
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))

import cluster_simulation as model  # noqa: E402

STEADY = [model.Step(forward=40, backward=60, update=10, gap=0)]
FAST = model.Network(gigabytes=1e9, latency=0, algorithm="ring")


def write_run(folder, times, ranks=1, parameters="25.00 M parameters"):
    """A run whose steps take so many ms: four tenths forward, half backward, a tenth behind."""
    folder.mkdir()
    (folder / "run.yaml").write_text(f"network: {parameters}\nbatch: 4 a rank\n")
    lines, now = [], 1e9
    for number, ms in enumerate(times, 1):
        now += ms / 1e3
        line = {"step": number, "loss": 1.0, "lr": 1e-3, "step_ms": ms, "data_wait_ms": 0.0, "rollout_ms": 0.0,
                "forward_ms": 0.4 * ms, "backward_ms": 0.5 * ms, "exchange_ms": 0.0, "optimizer_ms": 0.1 * ms,
                "time": now}
        if ranks > 1:
            line |= {"slowest_rank": 1, "slowest_rank_ms": 0.9 * ms, "median_rank_ms": 0.9 * ms, "slowest_host": "h2"}
        if number == 20:
            line |= {"checkpoint_wait_ms": 20.0}
        if number == 22:
            line |= {"checkpoint_cost_ms": 500.0}
        lines.append(json.dumps(line))
    (folder / "metrics.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def simulate_cluster(*arguments):
    return subprocess.run([BENCH / "simulate_cluster", *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)


class Steps(unittest.TestCase):
    def test_ranks_that_are_alike_wait_for_the_exchange_alone(self):
        outcome = model.simulate([STEADY], 8, FAST, model.buckets_of(1e8, True), 10, 1)
        self.assertAlmostEqual(outcome.step, 110, 3)
        self.assertAlmostEqual(outcome.straggler, 0, 6)

    def test_all_wait_for_what_rank_zero_does_between_steps(self):
        logged = [model.Step(forward=40, backward=60, update=10, gap=3)]
        outcome = model.simulate([logged], 8, FAST, model.buckets_of(1e6, True), 10, 1)
        self.assertAlmostEqual(outcome.step, 110, 3)
        self.assertAlmostEqual(outcome.period, 113, 3)

    def test_the_exchange_hides_behind_the_backward_pass_but_for_its_last_bucket(self):
        network = model.Network(gigabytes=10, latency=0, algorithm="ring")
        count = model.FIRST_BUCKET + 3 * model.BUCKET
        beside = model.simulate([STEADY], 1 << 12, network, model.buckets_of(count, True), 5, 1)
        behind = model.simulate([STEADY], 1 << 12, network, model.buckets_of(count, False), 5, 1)
        self.assertAlmostEqual(beside.exchange, network.all_reduce(1 << 12, model.BUCKET), 3)
        self.assertAlmostEqual(behind.exchange, network.all_reduce(1 << 12, count), 3)

    def test_all_wait_for_the_slowest(self):
        slow = [model.Step(forward=140, backward=60, update=10, gap=0)]
        outcome = model.simulate([STEADY, slow], 64, FAST, model.buckets_of(1e6, True), 20, 1)
        self.assertAlmostEqual(outcome.compute + outcome.straggler, 200, 3)
        self.assertAlmostEqual(outcome.step, 210, 3)

    def test_an_all_reduce_moves_what_its_algorithm_says(self):
        ring = model.Network(1, 0.01, "ring")
        self.assertAlmostEqual(ring.all_reduce(4, 4e6), 2 * 3 * (0.01 + 1))
        self.assertAlmostEqual(model.Network(1, 0.01, "tree").all_reduce(64, 4e6), 12 * 0.01 + 8)
        self.assertAlmostEqual(model.Network(1, 0.01, "binomial").all_reduce(2, 4e6), 2 * (0.01 + 4))
        nccl = model.Network(1, 0.01, "nccl")
        self.assertEqual(nccl.all_reduce(4, 4e6), ring.all_reduce(4, 4e6))
        self.assertAlmostEqual(nccl.all_reduce(4096, 4e6), 24 * 0.01 + 8)
        self.assertEqual(ring.all_reduce(1, 4e6), 0)


class Failures(unittest.TestCase):
    def test_the_best_interval_loses_least(self):
        cost, between = 30.0, 7200.0
        best = model.best_interval(cost, between)

        def lost(interval):
            each = model.lost_time(cost, interval, between, 60, 1, failures=40_000)
            return each.checkpoints + each.failures

        self.assertLess(lost(best), lost(best / 2))
        self.assertLess(lost(best), lost(2 * best))
        # Daly 2006, Eq. 20, with a restart that does not fail.
        expected = 1 - best / (between * math.expm1((best + cost) / between) + 60 * math.expm1((best + cost) / between))
        self.assertAlmostEqual(lost(best), expected, 2)


class Program(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_the_same_logs_and_seed_give_the_same_figures(self):
        alone = [write_run(self.folder / name, [100 + (7 * i) % spread for i in range(40)])
                 for name, spread in (("a", 11), ("b", 5))]
        pair = write_run(self.folder / "pair", [115] * 40, ranks=2)
        arguments = ["--alone", *alone, "--pair", pair, "--ranks", 8, 64, "--steps", 30, "--gigabytes", 10]
        first, again = (simulate_cluster(*arguments) for _ in range(2))
        self.assertEqual(first.returncode, 0, first.stdout)
        self.assertEqual(first.stdout, again.stdout)
        self.assertIn("One rank: 68 steps of 2 logs", first.stdout)
        self.assertIn("100 MB of gradients in 5 buckets, beside the backward pass", first.stdout)
        self.assertRegex(first.stdout, r"\| step, ms \| 115\.0 \| 1\d\d\.\d \|")
        self.assertRegex(first.stdout, r"\| 64 \| \d+\.\d \| .* \| \d\d\.\d % \|")
        self.assertIn("A checkpoint costs 0.5 s of training (mean of 3)", first.stdout)
        self.assertRegex(first.stdout, r"\| 8 \| 6000, 6e\+03 \| ")
        self.assertNotEqual(first.stdout, simulate_cluster(*arguments, "--seed", 2).stdout)

    def test_what_is_no_run_of_one_rank_is_refused_by_one_line(self):
        pair = write_run(self.folder / "pair", [115] * 40, ranks=2)
        unknown = write_run(self.folder / "unknown", [115] * 40, parameters="large")
        for run, said in ((pair, "is a run of several ranks"), (unknown, "give --gradients MB"),
                          (self.folder / "none", "there is no such file")):
            outcome = simulate_cluster("--alone", run)
            self.assertNotEqual(outcome.returncode, 0)
            self.assertIn(said, outcome.stdout)
            self.assertEqual(outcome.stdout.count("\n"), 1, outcome.stdout)


if __name__ == "__main__":
    unittest.main()

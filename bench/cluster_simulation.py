"""A discrete simulation of data-parallel training: what bench/simulate_cluster computes with.

Each rank replays the steps of a logged run of one rank from a place of its own. A step of the simulation is one of the
trainer: every rank computes; buckets of gradients are exchanged in the order in which the backward pass makes them ready
on all ranks; the losses are summed, each rank updates its weights, and flags are exchanged. Times are milliseconds.
"""

import json
import math
import random
import re
from dataclasses import dataclass, replace
from pathlib import Path

MEBIBYTE = 1 << 20
FIRST_BUCKET = MEBIBYTE  # c10d's caps (comm/gradient_exchange.cpp)
BUCKET = 25 * MEBIBYTE
HOUR = 3600


@dataclass(frozen=True)
class Step:
    """What one step of one rank takes by itself."""
    forward: float  # all before the backward pass: data, rollout, forward
    backward: float
    update: float  # behind the exchange
    gap: float  # between this step and the next: the log, on rank 0 alone

    @property
    def compute(self):
        return self.forward + self.backward

    @property
    def whole(self):
        return self.compute + self.update

    def scaled(self, factor):
        return Step(self.forward * factor, self.backward * factor, self.update * factor, self.gap)


def read_lines(run):
    lines = [json.loads(line) for line in (Path(run) / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if not line.get("skipped")]


def read_steps(run, warm_up):
    """The steps of a run of one rank, but for the first ones and those that waited for a checkpoint."""
    lines = read_lines(run)
    steps = []
    for line, following in zip(lines, lines[1:] + [None]):
        if line["step"] <= lines[0]["step"] + warm_up - 1 or "checkpoint_wait_ms" in line:
            continue
        if "slowest_rank" in line:
            raise SystemExit(f"simulate_cluster: {run}: is a run of several ranks; --alone takes runs of one")
        update = line["optimizer_ms"] + line["exchange_ms"]
        gap = max(0.0, (following["time"] - line["time"]) * 1e3 - following["step_ms"]) if following else 0.0
        steps.append(Step(line["step_ms"] - line["backward_ms"] - update, line["backward_ms"], update, gap))
    if not steps:
        raise SystemExit(f"simulate_cluster: {run}: has no step behind the first {warm_up}")
    return steps


def gradient_bytes(run):
    """By the number of parameters in the run's table."""
    text = (Path(run) / "run.yaml").read_text(encoding="utf-8")
    found = re.search(r"network: .*?([\d.]+) M parameters", text)
    if found is None:
        raise SystemExit(f"simulate_cluster: {run}/run.yaml: names no number of parameters; give --gradients MB")
    return 4e6 * float(found[1])


def checkpoint_costs(runs):
    """Seconds of training that each checkpoint of the runs has cost."""
    return [line["checkpoint_cost_ms"] / 1e3 for run in runs for line in read_lines(run) if "checkpoint_cost_ms" in line]


@dataclass(frozen=True)
class Network:
    """What an all-reduce takes. ring and tree: NCCL's, which takes the faster one (nccl); binomial: a reduction and a
    broadcast, each of all bytes over a binomial tree, as OpenMPI does it in place for train.exchange=host."""
    gigabytes: float  # a second and rank, each way
    latency: float  # of a message, ms
    algorithm: str

    def all_reduce(self, ranks, count):
        if ranks == 1:
            return 0.0
        transfer = count / (self.gigabytes * 1e6)
        rounds = math.ceil(math.log2(ranks))
        if self.algorithm == "nccl":
            return min(replace(self, algorithm=each).all_reduce(ranks, count) for each in ("ring", "tree"))
        if self.algorithm == "ring":
            return 2 * (ranks - 1) * (self.latency + transfer / ranks)
        if self.algorithm == "tree":
            return 2 * rounds * self.latency + 2 * transfer
        return 2 * rounds * (self.latency + transfer)

    def small(self, ranks):
        """Of a few numbers, in a tree."""
        return replace(self, algorithm="tree").all_reduce(ranks, 64)


def buckets_of(count, overlap):
    """(bytes, share of the backward pass after which it is ready) of each: as the pass goes through the weights. Without
    overlap (train.graphs) all are ready at its end."""
    buckets, done = [], 0.0
    while done < count:
        size = min(BUCKET if buckets else FIRST_BUCKET, count - done)
        done += size
        buckets.append((size, done / count if overlap else 1.0))
    return buckets


@dataclass
class Outcome:
    """Means over the simulated steps."""
    ranks: int
    step: float = 0.0  # as rank 0 logs it
    period: float = 0.0  # from step to step
    compute: float = 0.0  # mean of the ranks
    straggler: float = 0.0  # from that to the end of the slowest
    exchange: float = 0.0  # from there until the gradients are averaged


def simulate(logs, ranks, network, buckets, count, seed):
    """`count` steps of `ranks` ranks, each of which replays one of `logs` from a place drawn by `seed`."""
    draw = random.Random(f"{seed} {ranks}")
    places = [(log, draw.randrange(len(log))) for log in (draw.choice(logs) for _ in range(ranks))]
    small = network.small(ranks)
    durations = [(network.all_reduce(ranks, size), share) for size, share in buckets]
    clocks = [0.0] * ranks
    outcome = Outcome(ranks)
    for number in range(count):
        steps = [log[(place + number) % len(log)] for log, place in places]
        forward = [clock + step.forward for clock, step in zip(clocks, steps)]
        computed = [begin + step.backward for begin, step in zip(forward, steps)]
        averaged = 0.0
        for duration, share in durations if ranks > 1 else []:
            ready = (max(computed) if share == 1 else
                     max(begin + share * step.backward for begin, step in zip(forward, steps)))
            averaged = max(averaged, ready) + duration
        last = max(computed)
        averaged = max(averaged, last)
        ended = averaged + small + max(step.update for step in steps) + small
        outcome.step += ended - clocks[0]
        outcome.compute += sum(step.compute for step in steps) / ranks
        outcome.straggler += last - sum(computed) / ranks
        outcome.exchange += averaged - last
        gathered = ended + small
        clocks = [gathered + (step.gap if rank == 0 else 0.0) for rank, step in enumerate(steps)]
    outcome.period = clocks[0]
    for name in ("step", "period", "compute", "straggler", "exchange"):
        setattr(outcome, name, getattr(outcome, name) / count)
    return outcome


def best_interval(cost, between_failures):
    """Seconds between checkpoints that lose least: Daly 2006, Eq. 37 (train/checkpoints/checkpoint_schedule.h)."""
    ratio = cost / (2 * between_failures)
    if ratio >= 1:
        return between_failures
    return math.sqrt(2 * cost * between_failures) * (1 + math.sqrt(ratio) / 3 + ratio / 9) - cost


@dataclass
class Losses:
    """Shares of the time of a long run, and a failure's mean loss in seconds."""
    checkpoints: float
    failures: float
    each: float


def lost_time(cost, interval, between_failures, restart, seed, failures=4000):
    """A run that fails `failures` times, at random: what it saved stays, all since is done again after `restart`
    seconds."""
    draw = random.Random(f"{seed} {between_failures}")
    whole = useful = 0.0
    saved = 0
    for _ in range(failures):
        until = draw.expovariate(1 / between_failures)
        done = int(until // (interval + cost))  # checkpoints before it fails
        saved += done
        useful += done * interval
        whole += until + restart
    return Losses(saved * cost / whole, (whole - useful - saved * cost) / whole,
                  (whole - useful - saved * cost) / failures)

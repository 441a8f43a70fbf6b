"""Hosts that are far apart."""

import statistics
import time

import runs
from runs import expect_same_losses, expect_same_weights, steps


def milliseconds_a_step(run):
    return statistics.median(each["step_ms"] for each in steps(run))


def hosts_are_far_apart(cluster):
    """200 ms each way and 5 % of the packets lost, from the start to the end: slow, and otherwise nothing."""
    run, began = cluster.work / "far", time.monotonic()
    cluster.hosts.move_away(2, 200, 5)
    try:
        cluster.over_hosts("far", *runs.train(cluster.shards, run, "train.timeout=60"))
    finally:
        cluster.hosts.move_back(2)
    print(f"    a step takes {milliseconds_a_step(run) / 1000:.1f} s instead of "
          f"{milliseconds_a_step(cluster.straight) / 1000:.2f} s, the whole run {time.monotonic() - began:.0f} s")
    expect_same_losses(run, cluster.straight)
    expect_same_weights(run, cluster.straight)
    cluster.expect_nobody()

"""Hosts whose clocks are an hour apart."""

import re
from pathlib import Path

import runs
from runs import EVERY, STEPS, expect_same_losses, expect_same_weights, steps

HOUR = 3600


def missing():
    """What the machine lacks for such clocks; empty for nothing."""
    found = list(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return "" if found else "libfaketime is not installed (package faketime)"


def clocks_are_apart(cluster):
    """First rank 0's host is an hour ahead, then the other one: nobody is taken for lost, and times are sane."""
    if missing():
        print(f"    skipped: {missing()}")
        return
    run = cluster.work / "clocks"
    cluster.hosts.move_away(2, 200, 0)  # so slow that its status can be asked for
    try:
        for number, (first, second) in enumerate(((HOUR, 0), (0, HOUR))):
            cluster.hosts.set_clock(1, first)
            cluster.hosts.set_clock(2, second)
            wanted = max(len(steps(run)), EVERY) + 1
            process = cluster.start("clocks", runs.train(cluster.shards, run, "train.timeout=20"))
            cluster.wait_for("clocks", process, lambda least=wanted: len(steps(run)) >= least, "a further step")
            for host in (1, 2):
                expect_sane(cluster, run, host, f"status_{number}_{host}")
            if number == 0:
                process.kill()
                process.wait()
                cluster.expect_nobody()
        cluster.end("clocks", process)
    finally:
        cluster.hosts.move_back(2)
        cluster.hosts.set_clock(1, 0)
        cluster.hosts.set_clock(2, 0)
    for line in re.findall(r"left .*", cluster.log("clocks")):
        assert " h " not in line, line
    expect_same_losses(run, cluster.straight)
    expect_same_weights(run, cluster.straight)


def expect_sane(cluster, run, host, name):
    """What `samsr status` says of the run on a host."""
    process = cluster.hosts.start([cluster.samsr, "status", run], cluster.work / f"{name}.log", host)
    cluster.end(name, process)
    said = cluster.log(name)
    assert "running on h1" in said and "NO STEP" not in said, said
    ages = re.findall(r"last (?:one|sign of life) (.*?) ago", said)
    assert len(ages) == 2 and all(re.fullmatch(r"\d+ s", age) for age in ages), said
    assert re.search(rf"step +\d+ of {STEPS} ", said), said
    assert re.search(r"left +(\d min )?\d+ s at this rate", said), said

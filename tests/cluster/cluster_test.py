#!/usr/bin/env python3
"""Builds, trains, upscales and measures over two hosts made of network namespaces, and lets them be lost:
cluster_test.py SAMSR [--all | CASE…]. ctest runs the cases of CORE. Status 77 where there can be no such hosts."""

import os
import re
import signal
import sys
import threading
import time

import runs
from clock_cases import clocks_are_apart
from distance_cases import hosts_are_far_apart
from hosts import ROOT, Hosts, until
from runs import EVERY, STEPS, contents, expect_same_losses, expect_same_weights, steps
from shared_folder_cases import folder_like_nfs
from sshd_cases import over_ssh

MPIRUN = ROOT / "launch/mpirun"
SAMSR = ROOT / "launch/samsr"
TIMEOUT = 20  # train.timeout
GRACE = 15  # of launch/mpirun, for mpirun to end
BUSY = 60  # seconds by which a promise of time may be missed, since the machine has other work
PATIENCE = 600  # seconds in which all else happens


class Cluster:
    """The hosts, and what the cases share: photographs, shards and an undisturbed run over both hosts."""

    def __init__(self, hosts):
        self.hosts = hosts
        self.work = hosts.work
        self.samsr = SAMSR
        self.photographs = self.work / "photographs"
        runs.write_photographs(self.photographs)
        self.shards = self.work / "shards"
        self.over_hosts("shards", *runs.build(self.photographs, self.shards))
        self.straight = self.work / "straight"
        self.over_hosts("straight", *runs.train(self.shards, self.straight))

    def log(self, name):
        path = self.work / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self, name, arguments, options=()):
        """Four ranks over two hosts."""
        return self.hosts.start([MPIRUN, "-n", 4, "--hostfile", self.hosts.file, "--restart-pause", 0, *options,
                                 *arguments], self.work / f"{name}.log")

    def end(self, name, process, seconds=PATIENCE, status=0):
        try:
            found = process.wait(seconds)
        except Exception as error:
            raise AssertionError(f"{name} has not ended within {seconds} s\n{self.log(name)}") from error
        assert found == status, f"{name} ended with status {found}\n{self.log(name)}"

    def over_hosts(self, name, *arguments):
        self.end(name, self.start(name, arguments))

    def alone(self, name, *arguments):
        """One process on the first host."""
        self.end(name, self.hosts.start([self.samsr, *arguments], self.work / f"{name}.log"))

    def start_training(self, name, *options, more=()):
        """A run, of which some steps are done."""
        run = self.work / name
        process = self.start(name, runs.train(self.shards, run, f"train.timeout={TIMEOUT}", *more), options)
        self.wait_for(name, process, lambda: len(steps(run)) > EVERY, "a checkpoint")
        return run, process

    def wait_for(self, name, process, condition, what, seconds=PATIENCE):
        def met():
            assert process.poll() is None or condition(), f"{name} ended before {what}\n{self.log(name)}"
            return condition()
        try:
            until(met, seconds, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log(name)}") from error

    def expect_nobody(self):
        until(lambda: not self.hosts.processes("samsr"), BUSY, "no rank is left behind")


def same_as_one_process(cluster):
    one = cluster.work / "one"
    one.mkdir()
    cluster.alone("one_shards", *runs.build(cluster.photographs, one / "shards"))
    assert contents(one / "shards", but=["config.yaml"]) == contents(cluster.shards, but=["config.yaml"]), (
        "the shards of two hosts are others than those of one process")
    cluster.alone("one_run", *runs.train(cluster.shards, one / "run"))
    assert "h1 (2 ranks), h2 (2 ranks)" in cluster.log("straight")
    expect_same_losses(one / "run", cluster.straight, 1e-5)
    expect_same_weights(one / "run", cluster.straight, 1e-5)

    pictures, results = cluster.work / "pictures", {}
    cluster.alone("pictures", "data", "export", cluster.shards, pictures)
    for name, launch in (("one", cluster.alone), ("two", cluster.over_hosts)):
        results[name] = cluster.work / f"upscaled_{name}"
        launch(f"upscale_{name}", "upscale", pictures / "lq", results[name], "--model", cluster.straight)
        launch(f"eval_{name}", "eval", "--ref", pictures / "gt", "--lq", pictures / "lq", "--pred",
               f"student={results['one']}", "--metrics", "psnr_y,ssim_y", "--out", cluster.work / f"report_{name}")
    pngs = {name: {k: v for k, v in contents(folder).items() if k.endswith(".png")} for name, folder in results.items()}
    assert pngs["one"] and pngs["one"] == pngs["two"], "upscaled pictures differ"
    tables = [(cluster.work / f"report_{name}/results.csv").read_text() for name in ("one", "two")]
    assert tables[0] == tables[1], "measured figures differ"


def same_as_four_ranks_on_one_host(cluster):
    run = cluster.work / "four"
    cluster.end("four", cluster.hosts.start([MPIRUN, "-n", 4, *runs.train(cluster.shards, run)],
                                            cluster.work / "four.log"))
    assert "h1 (4 ranks)" in cluster.log("four")
    expect_same_losses(run, cluster.straight, 1e-5)
    expect_same_weights(run, cluster.straight, 1e-5)


def host_is_cut_off(cluster):
    """A step is never done; the verdict names the host; mpirun, which waits for it, is ended; the same job goes on."""
    run, process = cluster.start_training("cut", "--restarts", 3)
    cluster.hosts.cut(2)
    cut = time.monotonic()
    verdict = re.compile(r"rank [23] on host h2 has not reached step \d+ \(.*\) and does not answer.*nothing has moved"
                         r" for \d+ s \(train\.timeout\).*goes on from step \d+")
    cluster.wait_for("cut", process, lambda: verdict.search(cluster.log("cut")), "the verdict", TIMEOUT + BUSY)
    cluster.hosts.join(2)
    cluster.wait_for("cut", process, lambda: "restart 1 of 3" in cluster.log("cut"), "the restart", GRACE + BUSY)
    print(f"    the restart came {time.monotonic() - cut:.0f} s after the cut, with train.timeout={TIMEOUT}")
    cluster.end("cut", process)
    expect_same_losses(run, cluster.straight)
    expect_same_weights(run, cluster.straight)
    cluster.expect_nobody()


def host_stays_away(cluster):
    """--min-ranks: the job goes on with the hosts that answer, and takes the other one in when it starts again."""
    run, process = cluster.start_training("elastic", "--restarts", 3, "--min-ranks", 2)
    cluster.hosts.cut(2)
    cluster.wait_for("elastic", process, lambda: "ended by force" in cluster.log("elastic"), "mpirun's end",
                     TIMEOUT + GRACE + BUSY)
    cluster.wait_for("elastic", process, lambda: "runs on 2 of 4 ranks" in cluster.log("elastic"), "the smaller job")
    cluster.wait_for("elastic", process, lambda: "h1 (2 ranks)\n" in cluster.log("elastic"), "its start")
    reached = len(steps(run))
    cluster.wait_for("elastic", process, lambda: len(steps(run)) > reached, "its steps")
    cluster.hosts.join(2)
    os.kill(cluster.hosts.rank(1), signal.SIGKILL)
    cluster.end("elastic", process)
    assert cluster.log("elastic").count("h1 (2 ranks), h2 (2 ranks)") == 2, cluster.log("elastic")
    expect_same_losses(run, cluster.straight, 1e-5)
    cluster.expect_nobody()


def build_loses_a_host(cluster):
    """A verb that knows no timeout: mpirun and its daemons take each other for lost."""
    out = cluster.work / "lost_shards"
    process = cluster.start("lost_build", runs.build(cluster.photographs, out) + ["data.samples=100000"],
                            ["--lost-after", 8])
    cluster.wait_for("lost_build", process, lambda: list(out.glob("*.h5")) or list(out.glob(".*tmp*")), "a shard")
    cluster.hosts.cut(2)
    cut = time.monotonic()
    cluster.wait_for("lost_build", process, lambda: process.poll() is not None, "the end", 8 + BUSY)
    print(f"    the build ended {time.monotonic() - cut:.0f} s after the cut, with --lost-after 8")
    assert process.poll() not in (0, 2), cluster.log("lost_build")
    assert "lost communication with a remote daemon" in cluster.log("lost_build"), cluster.log("lost_build")
    cluster.expect_nobody()  # on the lost host neither
    cluster.hosts.join(2)


def build_goes_on_without_a_lost_host(cluster):
    """What the lost host had begun is made by the other one, by the same job; then both look at all that is there."""
    more = ["data.samples=2000"]
    one, out = cluster.work / "whole_shards", cluster.work / "rest_shards"
    cluster.alone("whole_build", *runs.build(cluster.photographs, one), *more)
    process = cluster.start("rest_build", runs.build(cluster.photographs, out) + more,
                            ["--lost-after", 8, "--restarts", 1, "--min-ranks", 2])
    cluster.wait_for("rest_build", process, lambda: len(list(out.glob("*.h5"))) > 20, "some shards")
    cluster.hosts.cut(2)
    cluster.wait_for("rest_build", process, lambda: "runs on 2 of 4 ranks" in cluster.log("rest_build"), "the restart",
                     8 + BUSY)
    cluster.end("rest_build", process)
    cluster.hosts.join(2)
    kept = re.search(r"(\d+) of 400 shards are complete and kept", cluster.log("rest_build"))
    assert kept and 20 < int(kept.group(1)) < 400, cluster.log("rest_build")
    assert contents(one, but=["config.yaml"]) == contents(out, but=["config.yaml"]), (
        "the shards of a build that lost a host are others than those of one process")
    cluster.expect_nobody()
    cluster.over_hosts("rest_verify", "data", "verify", out)
    assert re.search(r"all \d+ checksums of 2000 samples in 400 shards fit", cluster.log("rest_verify"))
    cluster.over_hosts("rest_compare", "data", "regenerate", out, "--first", 100, "--count", 300, "--compare")
    assert "300 samples made again, identical" in cluster.log("rest_compare"), cluster.log("rest_compare")
    # What is damaged is found by whichever host looks at it, and said by all.
    damaged = sorted(out.glob("shard-*.h5"))[7]
    with open(damaged, "r+b") as file:
        file.seek(damaged.stat().st_size // 2)
        file.write(b"\xff\x00" * 50)
    cluster.end("rest_damage", cluster.start("rest_damage", ["data", "verify", out]), status=2)
    assert damaged.name in cluster.log("rest_damage"), cluster.log("rest_damage")


def launcher_is_killed(cluster):
    """Ranks are asked to save and end when the script is killed, and end when mpirun is."""
    run, process = cluster.start_training("launcher")
    process.kill()
    process.wait()
    cluster.expect_nobody()
    assert "stopped by a signal at step" in cluster.log("launcher"), cluster.log("launcher")
    saved = (run / "latest").read_text().strip()
    assert int(saved[5:]) == steps(run)[-1]["step"]
    cluster.over_hosts("launcher", *runs.train(cluster.shards, run))
    expect_same_weights(run, cluster.straight)

    run, process = cluster.start_training("mpirun", "--restarts", 1)
    os.kill(cluster.hosts.processes("mpirun")[-1], signal.SIGKILL)
    cluster.end("mpirun", process)
    assert "restart 1 of 1" in cluster.log("mpirun")
    expect_same_weights(run, cluster.straight)
    cluster.expect_nobody()


def slow_rank_is_named(cluster):
    run = cluster.work / "slow"
    process = cluster.start("slow", runs.train(cluster.shards, run))
    cluster.wait_for("slow", process, lambda: steps(run), "a step")
    victim = cluster.hosts.rank(3)

    def hold_up():
        try:
            while process.poll() is None:
                os.kill(victim, signal.SIGSTOP)
                time.sleep(0.3)
                os.kill(victim, signal.SIGCONT)
                time.sleep(0.1)
        except ProcessLookupError:
            pass

    thread = threading.Thread(target=hold_up)
    thread.start()
    cluster.end("slow", process)
    thread.join()
    said = re.search(r"rank 3 on host h2 is the slowest in \d+ of \d+ steps: .*wait for (\d+) % of the step",
                     cluster.log("slow"))
    assert said, cluster.log("slow")[-3000:]
    print(f"    {said.group(0)}")
    expect_same_weights(run, cluster.straight)


CORE = (same_as_one_process, host_is_cut_off, host_stays_away)
MORE = (same_as_four_ranks_on_one_host, build_loses_a_host, build_goes_on_without_a_lost_host, launcher_is_killed,
        slow_rank_is_named, hosts_are_far_apart, clocks_are_apart, folder_like_nfs, over_ssh)
CASES = {case.__name__: case for case in (*CORE, *MORE)}


def main():
    chosen = list(CASES) if sys.argv[2:] == ["--all"] else sys.argv[2:] or [case.__name__ for case in CORE]
    if len(sys.argv) < 2 or not set(chosen) <= CASES.keys():
        print(f"usage: cluster_test.py SAMSR [--all | CASE…]; cases: {', '.join(CASES)}", file=sys.stderr)
        return 2
    os.environ["SAMSR_BINARY"] = os.path.abspath(sys.argv[1])
    failed = []
    with Hosts(2) as hosts:
        started = time.monotonic()
        cluster = Cluster(hosts)
        print(f"shards and {STEPS} steps over two hosts: {time.monotonic() - started:.0f} s", flush=True)
        for name in chosen:
            started = time.monotonic()
            try:
                CASES[name](cluster)
                print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)
            except AssertionError as error:
                failed.append(name)
                print(f"FAILED: {name}: {error}", flush=True)
                for process in hosts.processes():
                    os.kill(process, signal.SIGKILL)
                hosts.join(2)
    print(f"cluster test: {len(failed)} of {len(chosen)} cases failed: {', '.join(failed)}"
          if failed else "cluster test: passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""A shared folder that behaves like NFS: there are no locks, and what another host has made is seen late."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import runs
from runs import STEPS, contents, expect_same_losses, expect_same_weights, steps

LATE = 4000  # milliseconds


def missing():
    """What the machine lacks for such a folder; empty for nothing."""
    if not Path("/dev/fuse").exists():
        return "/dev/fuse is not there"
    if shutil.which("cc") is None or subprocess.run(["pkg-config", "--exists", "fuse3"], check=False).returncode != 0:
        return "a C compiler or FUSE's headers are not installed (packages gcc, pkg-config, libfuse3-dev)"
    return ""


def folder_like_nfs(cluster):
    """Build, train with a fault, upscale and measure in it: the bytes of any other folder."""
    if missing():
        print(f"    skipped: {missing()}")
        return
    cluster.hosts.share(LATE)
    shared = cluster.hosts.shared
    try:
        work_in(cluster, shared)
        one_run_at_a_time(cluster, shared)
    finally:
        cluster.hosts.unshare()


def work_in(cluster, shared):
    cluster.over_hosts("nfs_shards", *runs.build(cluster.photographs, shared / "shards"))
    assert contents(shared / "shards", but=["config.yaml"]) == contents(cluster.shards, but=["config.yaml"])

    run = shared / "run"
    process = cluster.start("nfs", runs.train(shared / "shards", run, "train.timeout=30"), ["--restarts", 3])
    cluster.wait_for("nfs", process, lambda: len(steps(run)) > STEPS // 2, "half the steps")
    os.kill(cluster.hosts.rank(3), signal.SIGKILL)
    cluster.end("nfs", process)
    assert "restart 1 of 3" in cluster.log("nfs"), cluster.log("nfs")
    expect_same_losses(run, cluster.straight)
    expect_same_weights(run, cluster.straight)

    cluster.alone("nfs_pictures", "data", "export", shared / "shards", shared / "pictures")
    cluster.over_hosts("nfs_upscale", "upscale", shared / "pictures/lq", shared / "upscaled", "--model", run)
    cluster.over_hosts("nfs_eval", "eval", "--ref", shared / "pictures/gt", "--lq", shared / "pictures/lq", "--pred",
                       f"student={shared / 'upscaled'}", "--metrics", "psnr_y,ssim_y", "--out", shared / "report")
    assert (shared / "report/results.csv").exists()


def one_run_at_a_time(cluster, shared):
    """Two hosts start a run at once in a folder whose holder is lost: one is let in, the other told who holds it."""
    run = shared / "contested"
    run.mkdir()
    lock = run / ".samsr-lock"
    lock.write_text("host: lost\nboot: lost\nprocess: 1\nstarted: 1\npurpose: train\nsince: noon\n")
    os.utime(lock, (time.time() - 3600, time.time() - 3600))
    both = [cluster.hosts.start([cluster.samsr, *runs.train(shared / "shards", run)],
                                cluster.work / f"contested_{host}.log", host) for host in (1, 2)]
    logs = ["contested_1", "contested_2"]
    found = sorted((process.wait(300), cluster.log(name)) for process, name in zip(both, logs))
    assert [status for status, _ in found] == [0, 2], found
    assert "is being written by `train` on h" in found[1][1], found[1][1]
    cluster.expect_nobody()

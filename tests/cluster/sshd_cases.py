"""Hosts that are reached by ssh, as those of a plain cluster are."""

import os
import shutil
from pathlib import Path

import runs
from hosts import call, until
from runs import EVERY, expect_same_losses, expect_same_weights, steps

SSHD = "/usr/sbin/sshd"
# What a person hands to the ranks on other hosts, whose shell knows nothing of this one.
HANDED = ("SAMSR_BINARY", "OMP_NUM_THREADS", "OMP_WAIT_POLICY", "SAMSR_GPU")


def over_ssh(cluster):
    """launch/mpirun --hostfile without an agent: OpenMPI starts its daemons by ssh. A host is lost on the way."""
    if not Path(SSHD).exists() or shutil.which("ssh") is None:
        print("    skipped: no sshd is installed (package openssh-server)")
        return
    hosts, folder = cluster.hosts, cluster.work / "ssh"
    configuration = write_configuration(folder, hosts.name)
    # Its folder for processes without rights, which a service would have made.
    Path("/run/sshd").mkdir(exist_ok=True)
    servers = [hosts.start([SSHD, "-D", "-e", "-f", folder / "sshd_config", "-o", f"ListenAddress={hosts.address(i)}"],
                           cluster.work / f"sshd_{i}.log", i) for i in hosts.numbers()]
    hosts.agent = f"ssh -F {configuration}"
    try:
        until(lambda: "Server listening" in cluster.log("sshd_2"), 30, "sshd listens")
        run, process = start(cluster)
        cluster.wait_for("ssh", process, lambda: len(steps(run)) > EVERY, "a checkpoint")
        os.kill(hosts.rank(3), 9)
        cluster.end("ssh", process)
    finally:
        hosts.agent = None
        for server in servers:
            server.terminate()
            server.wait()
    assert cluster.log("ssh").count("h1 (2 ranks), h2 (2 ranks)") == 2, cluster.log("ssh")
    assert "Accepted publickey" in cluster.log("sshd_2"), cluster.log("sshd_2")
    expect_same_losses(run, cluster.straight)
    expect_same_weights(run, cluster.straight)
    cluster.expect_nobody()


def start(cluster):
    run = cluster.work / "ssh_run"
    handed = [word for name in HANDED for word in ("-x", name)]
    return run, cluster.start("ssh", runs.train(cluster.shards, run, "train.timeout=60"), ["--restarts", 1, *handed])


def write_configuration(folder, mark):
    """Keys and settings of server and client, all of them in `folder`: the client's file."""
    folder.mkdir(mode=0o700)
    for key in ("host", "user"):
        call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key)
    shutil.copy(folder / "user.pub", folder / "authorized_keys")
    (folder / "sshd_config").write_text(
        f"HostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized_keys\nPidFile none\nStrictModes no\n"
        f"PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nUsePAM no\n"
        # By which the test finds its processes again.
        f"SetEnv SAMSR_CLUSTER={mark}\n")
    client = folder / "config"
    client.write_text(f"Host *\n  IdentityFile {folder}/user\n  IdentitiesOnly yes\n  BatchMode yes\n"
                      f"  UserKnownHostsFile {folder}/known_hosts\n  StrictHostKeyChecking accept-new\n")
    return client

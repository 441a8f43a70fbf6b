"""A real Slurm of three nodes: each a host of hosts.py with a slurmd, beside one with slurmctld, which sends the jobs."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

from hosts import HERE, ROOT, SKIPPED, Hosts, until

NODES = range(2, 5)  # numbers of hosts; the first has the controller
GPUS = 2  # a node, which are files
WAIT = 600  # seconds in which anything happens, on a busy machine


def configuration(folder):
    """Two partitions: jobs of `urgent` take the nodes of jobs in `main`, which get a minute to save."""
    nodes = f"h[{NODES[0]}-{NODES[-1]}]"
    addresses = "\n".join(f"NodeName=h{i} NodeAddr={Hosts.address(i)} CPUs=2 Gres=gpu:{GPUS}" for i in NODES)
    # cred_expire: Slurm lets a job that is queued again wait for as long, two minutes without.
    return f"""ClusterName=samsr
SlurmctldHost=h1({Hosts.address(1)})
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=15
SlurmctldPidFile={folder}/ctld.pid
SlurmctldLogFile={folder}/ctld.log
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmdLogFile={folder}/slurmd-%n.log
SlurmdSpoolDir={folder}/spool-%n
SlurmdParameters=config_overrides
SlurmdTimeout=30
StateSaveLocation={folder}/ctld
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
GresTypes=gpu
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
{addresses}
PartitionName=main Nodes={nodes} Default=YES MaxTime=INFINITE State=UP PriorityTier=1 GraceTime=60
PartitionName=urgent Nodes={nodes} MaxTime=INFINITE State=UP PriorityTier=2 PreemptMode=OFF
"""


class Slurm:
    """The daemons and a folder; a context, behind which neither is left."""

    def __init__(self):
        for program in ("munged", "slurmctld", "slurmd", "srun", "sbatch"):
            if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") is None:
                print(f"slurm test: skipped: {program} is not installed (packages slurm-wlm, slurm-wlm-basic-plugins, "
                      "munge)")
                sys.exit(SKIPPED)
        self.hosts = Hosts(1 + len(NODES))
        self.folder = self.hosts.work
        self.environment = self.hosts.environment() | {"SLURM_CONF": str(self.folder / "slurm.conf"),
                                                       "PATH": f"{os.environ['PATH']}:/usr/sbin"}

    def __enter__(self):
        self.hosts.__enter__()
        try:
            self.start()
        except BaseException:
            self.hosts.remove()
            raise
        return self

    def __exit__(self, *_):
        self.hosts.remove()

    def start(self):
        for name in ("munge", "ctld", *(f"spool-h{i}" for i in NODES)):
            (self.folder / name).mkdir()
        for i in range(GPUS):
            os.mknod(self.folder / f"gpu{i}", stat.S_IFCHR | 0o666, os.stat("/dev/null").st_rdev)
        os.chmod(self.folder, 0o755)
        place = self.folder / "munge"
        (place / "key").write_bytes(os.urandom(1024))
        os.chmod(place / "key", 0o600)
        (self.folder / "slurm.conf").write_text(configuration(self.folder))
        (self.folder / "gres.conf").write_text(f"AutoDetect=off\nName=gpu File={self.folder}/gpu[0-{GPUS - 1}]\n")
        self.daemon(1, "munged", "--foreground", "--force", f"--key-file={place}/key", f"--socket={place}/socket",
                    f"--pid-file={place}/pid", f"--log-file={place}/log", f"--seed-file={place}/seed")
        until((place / "socket").exists, 60, "munged")
        self.daemon(1, "slurmctld", "-D")
        for i in NODES:
            self.daemon(i, "slurmd", "-D")
        self.wait_for_nodes()

    def wait_for_nodes(self):
        until(lambda: self.call("sinfo", "-h", "-p", "main", "-o", "%D %t", status=None).split()
              == [str(len(NODES)), "idle"], WAIT, "idle nodes")

    def daemon(self, host, *command):
        """A process on that host; what a daemon says before it has a log is in the folder."""
        with open(self.folder / f"{command[0]}-{host}.out", "w", encoding="utf-8") as out:
            return subprocess.Popen([HERE / "enter", str(host), *command], env=self.environment, stdout=out,
                                    stderr=out, stdin=subprocess.DEVNULL)

    def call(self, *command, status=0, environment=None):
        """A command on the first host, which is to end with this status (None: any): what it says."""
        done = subprocess.run([HERE / "enter", "1", *map(str, command)], env=self.environment | (environment or {}),
                              cwd=ROOT, check=False, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        assert status in (None, done.returncode), f"{command}: status {done.returncode}\n{done.stdout}"
        return done.stdout

    def rank(self, run, number):
        """The process of a rank that trains in this folder."""
        for process in self.hosts.processes("samsr"):
            place = Path(f"/proc/{process}")
            if (f"PMIX_RANK={number}".encode() in (place / "environ").read_bytes().split(b"\0")
                    and f"train.out={run}".encode() in (place / "cmdline").read_bytes().split(b"\0")):
                return process
        raise AssertionError(f"rank {number} of {run} does not run")

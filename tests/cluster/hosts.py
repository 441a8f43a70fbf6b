"""Hosts that are network namespaces of this machine: each with its name, address, cable and /tmp.

All are joined by a bridge in a namespace of its own, so that nothing of it is seen, or can be reached, from outside.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SKIPPED = 77
NETWORK = "10.77.0"


def call(*command, environment=None):
    subprocess.run([str(each) for each in command], check=True, env=environment, stdout=subprocess.PIPE,
                   stderr=subprocess.PIPE, text=True)


def skip(reason):
    print(f"cluster test: skipped: {reason}")
    sys.exit(SKIPPED)


class Hosts:
    """Hosts 1 … count and a folder that they share; a context, behind which nothing is left."""

    def __init__(self, count, slots=2):
        self.count = count
        self.name = f"samsr{os.getpid()}"
        self.switch = f"{self.name}-switch"
        self.agent = None  # in place of the one of this folder
        self.distance = {}  # host -> process of move_away()
        self.shared = None  # the folder of share()
        self.mounts = {}  # folder -> process of share()
        if os.geteuid() != 0:
            skip("network namespaces need root")
        for program in ("ip", "unshare", "nsenter", "mpirun"):
            if shutil.which(program) is None:
                skip(f"{program} is not installed (packages iproute2, util-linux, openmpi-bin)")
        if Path("/tmp") in ROOT.parents:
            skip("the checkout lies in /tmp, of which each host has its own")
        # Also when ctest's time is over.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        self.remove_leftovers()
        self.work = Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir="/var/tmp"))
        self.file = self.work / "hosts"
        self.file.write_text("".join(f"{self.address(i)} slots={slots}\n" for i in self.numbers()))

    @staticmethod
    def remove_leftovers():
        """Of tests that were killed."""
        names = subprocess.run(["ip", "netns", "list"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                               check=False).stdout
        for name, process in re.findall(r"^(samsr(\d+)-(?:h\d+|switch))\b", names, re.MULTILINE):
            if not Path(f"/proc/{process}").exists():
                subprocess.run(["ip", "netns", "del", name], check=False)
        for folder in Path("/var/tmp").glob("samsr*-*"):
            process = re.fullmatch(r"samsr(\d+)-.*", folder.name)
            if process and not Path(f"/proc/{process[1]}").exists():
                shutil.rmtree(folder, ignore_errors=True)

    def numbers(self):
        return range(1, self.count + 1)

    @staticmethod
    def address(number):
        return f"{NETWORK}.{number}"

    def __enter__(self):
        try:
            self.connect()
        except subprocess.CalledProcessError as error:
            self.remove()
            skip(f"{' '.join(error.cmd)}: {error.stderr.strip()}")
        return self

    def __exit__(self, *_):
        self.remove()

    def connect(self):
        call("ip", "netns", "add", self.switch)
        call("ip", "-n", self.switch, "link", "add", "switch", "type", "bridge")
        call("ip", "-n", self.switch, "link", "set", "switch", "up")
        for i in self.numbers():
            host = f"{self.name}-h{i}"
            (self.work / f"tmp-h{i}").mkdir()
            (self.work / f"boot-h{i}").write_text(f"{uuid.uuid4()}\n")
            call("ip", "netns", "add", host)
            call("ip", "-n", self.switch, "link", "add", f"h{i}", "type", "veth", "peer", "name", "eth0", "netns", host)
            call("ip", "-n", self.switch, "link", "set", f"h{i}", "master", "switch", "up")
            call("ip", "-n", host, "addr", "add", f"{self.address(i)}/24", "dev", "eth0")
            call("ip", "-n", host, "link", "set", "eth0", "up")
            call("ip", "-n", host, "link", "set", "lo", "up")
        call(HERE / "enter", 1, "true", environment=self.environment())

    def remove(self):
        for process in self.distance.values():
            process.kill()
        for process in self.processes():
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.unshare()
        for name in [f"{self.name}-h{i}" for i in self.numbers()] + [self.switch]:
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.work, ignore_errors=True)

    def environment(self):
        return {name: value for name, value in os.environ.items() if not name.startswith("OMPI_")} | {
            "SAMSR_CLUSTER": self.name,
            "SAMSR_CLUSTER_WORK": str(self.work),
            "SAMSR_GPU": "no",
            "OMP_NUM_THREADS": "1",
            "OMP_WAIT_POLICY": "passive",
            "OMPI_MCA_plm_rsh_agent": self.agent or str(HERE / "agent"),
            "OMPI_MCA_btl_tcp_if_include": f"{NETWORK}.0/24",
            "OMPI_MCA_oob_tcp_if_include": f"{NETWORK}.0/24",
        }

    def cut(self, number):
        """Pulls a host's cable."""
        call("ip", "-n", self.switch, "link", "set", f"h{number}", "down")

    def join(self, number):
        call("ip", "-n", self.switch, "link", "set", f"h{number}", "up")

    def limit(self, rate):
        """Of what each host sends: "1gbit", as tc has it; None for as fast as the machine can."""
        for i in self.numbers():
            cable = ["ip", "netns", "exec", f"{self.name}-h{i}", "tc", "qdisc"]
            if rate is None:
                subprocess.run([*cable, "del", "dev", "eth0", "root"], stderr=subprocess.DEVNULL, check=False)
            else:
                call(*cable, "replace", "dev", "eth0", "root", "tbf", "rate", rate, "burst", "256kb", "latency", "50ms")

    def move_away(self, number, milliseconds, percent_lost):
        """Lengthens a host's cable: what it sends and gets comes so much later, and some of it never. The kernel's own
        means for that (tc netem) are missing in many containers."""
        name = f"far{number}"
        at_switch = ["ip", "-n", self.switch, "link"]
        call(*at_switch, "add", name, "type", "bridge")
        # pylint: disable-next=consider-using-with
        self.distance[number] = subprocess.Popen(
            ["ip", "netns", "exec", self.switch, HERE / "distance", f"near-end{number}", f"far-end{number}",
             str(milliseconds), str(percent_lost)], stdout=subprocess.PIPE, text=True)
        self.distance[number].stdout.readline()
        call(*at_switch, "set", f"near-end{number}", "master", "switch", "up")
        call(*at_switch, "set", f"far-end{number}", "master", name, "up")
        call(*at_switch, "set", name, "up")
        call(*at_switch, "set", f"h{number}", "master", name)

    def move_back(self, number):
        process = self.distance.pop(number, None)
        if process is None:
            return
        call("ip", "-n", self.switch, "link", "set", f"h{number}", "master", "switch")
        call("ip", "-n", self.switch, "link", "del", f"far{number}")
        process.kill()
        process.wait()

    def set_clock(self, number, seconds):
        """Of what is started on the host from now on: that much ahead. Files keep the time of their file system."""
        clock = self.work / f"clock-h{number}"
        clock.unlink(missing_ok=True)
        if seconds:
            library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
            clock.write_text(f"LD_PRELOAD={library}\nFAKETIME={seconds:+d}\nFAKETIME_DONT_FAKE_MONOTONIC=1\n"
                             "NO_FAKE_STAT=1\nFAKE_UTIME=1\n")

    def share(self, milliseconds):
        """Mounts the folder `shared` on all hosts, each with its own view of it (shared_folder.c)."""
        program, self.shared = self.work / "shared_folder", self.work / "shared"
        if not program.exists():
            flags = subprocess.run(["pkg-config", "--cflags", "--libs", "fuse3"], check=True, capture_output=True,
                                   text=True).stdout.split()
            call("cc", "-O1", HERE / "shared_folder.c", "-o", program, *flags)
            self.shared.mkdir()
            (self.work / "shared.old").mkdir()
        self.see_late(milliseconds)
        for i in self.numbers():
            mount = self.work / f"mount-h{i}"
            mount.mkdir()
            # pylint: disable-next=consider-using-with
            self.mounts[mount] = subprocess.Popen([program, f"h{i}", self.shared, self.work / "late", mount])
            until(lambda where=mount: os.path.ismount(where), 20, f"{mount} is mounted")

    def see_late(self, milliseconds):
        """After how long a host finds what another has made in the shared folder."""
        (self.work / "late").write_text(str(milliseconds))

    def unshare(self):
        while self.mounts:
            mount, process = self.mounts.popitem()
            subprocess.run(["umount", "--lazy", mount], check=False)
            process.kill()
            process.wait()
            mount.rmdir()

    def start(self, arguments, log, number=1):
        """A command on a host, in a process group of its own; both streams are appended to the file `log`."""
        with open(log, "a", encoding="utf-8") as out:
            return subprocess.Popen([HERE / "enter", str(number), *map(str, arguments)], env=self.environment(),
                                    stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                    start_new_session=True)

    def processes(self, program=None):
        """What runs of these hosts: all, or the processes of a program's name."""
        mark = f"SAMSR_CLUSTER={self.name}".encode()
        found = []
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit() or int(folder.name) == os.getpid():
                continue
            try:
                if mark not in (folder / "environ").read_bytes().split(b"\0"):
                    continue
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words != [b""] and (program is None or os.path.basename(words[0].decode()) == program):
                found.append(int(folder.name))
        return sorted(found)

    def rank(self, number):
        """The process of a rank of `train`."""
        for process in self.processes("samsr"):
            words = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
            if f"OMPI_COMM_WORLD_RANK={number}".encode() in words:
                return process
        raise AssertionError(f"rank {number} does not run")


def until(condition, seconds, what):
    """Waits for the condition; AssertionError after that many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.1)

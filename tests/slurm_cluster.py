"""A real Slurm of one node for tests: munged, slurmctld and slurmd in a temporary folder, on loopback, on ports of their own.

From Debian's packages slurmd, slurmctld, slurm-client and munge; the daemons that the packages may have started are left alone.
It is ready in about a second, and ends with the test process, however that goes. Not covered: accounting (so that ``sacct``
fails, as on sites without it), control groups, several nodes.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

_TOOLS = ("munged", "mungekey", "munge", "slurmctld", "slurmd", "sbatch", "srun", "setpriv")
_PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
NUM_CPUS = 8

_CONFIG = """\
ClusterName=hpcraft
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.sock
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,bf_interval=1
# The node may claim more cores than the machine has.
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=5
OverTimeLimit=0
MaxArraySize=1001
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES MaxTime=60 State=UP
"""


def missing() -> list[str]:
    """The programs that a cluster needs and this machine lacks."""
    return [tool for tool in _TOOLS if shutil.which(tool, path=_PATH) is None]


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Path]:
    """A running cluster; gives its ``slurm.conf``, the value of ``SLURM_CONF``."""
    for name in ("state", "spool"):
        (folder / name).mkdir()
    folder.chmod(0o755)
    config = folder / "slurm.conf"
    with _free_port() as one, _free_port() as two:
        ports = {"controller_port": one, "node_port": two}
    host = socket.gethostname().partition(".")[0]
    config.write_text(_CONFIG.format(folder=folder, host=host, user=getpass.getuser(), cpus=NUM_CPUS, **ports))
    environment = os.environ | {"SLURM_CONF": str(config), "PATH": _PATH}
    subprocess.run(["mungekey", "--create", f"--keyfile={folder / 'munge.key'}"], check=True, env=environment)
    files = {
        "socket": "munge.sock",
        "key-file": "munge.key",
        "pid-file": "munged.pid",
        "log-file": "munged.log",
        "seed-file": "munged.seed",
    }
    munged = ["munged", "--foreground", "--force", *(f"--{flag}={folder / name}" for flag, name in files.items())]
    daemons = []
    try:
        daemons.append(_daemon(munged, environment))
        _wait_for(["munge", "--no-input", f"--socket={folder / 'munge.sock'}"], environment, "")
        daemons.append(_daemon(["slurmctld", "-D"], environment))
        daemons.append(_daemon(["slurmd", "-D"], environment))
        _wait_for(["sinfo", "--noheader", "--format=%T"], environment, "idle")
        yield config
    finally:
        subprocess.run(["scancel", f"--user={getpass.getuser()}"], check=False, env=environment, capture_output=True)
        for daemon in reversed(daemons):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()


def _daemon(words: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """A daemon that is killed when the thread that starts it ends."""
    silent = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *words], env=environment, **silent)  # type: ignore[call-overload, no-any-return]


def _wait_for(words: list[str], environment: dict[str, str], answer: str) -> None:
    give_up = time.monotonic() + 30
    while True:
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
        if done.returncode == 0 and answer in done.stdout:
            return
        if time.monotonic() > give_up:
            raise RuntimeError(f"{words[0]}: {done.stdout}{done.stderr}")
        time.sleep(0.1)


@contextlib.contextmanager
def _free_port() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield probe.getsockname()[1]

"""``hpcraft sandbox check``: try the promises of the sandbox on this machine, one by one.

Each promise is tried by a program that does what must not work, on a canary where it could matter. Not covered: what
docs/sandbox.md lists as not promised.
"""

from __future__ import annotations

import argparse
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from hpcraft.command import Command, say
from hpcraft.errors import MachineError
from hpcraft.progress import track
from hpcraft.sandbox.builder import run
from hpcraft.sandbox.isolation import choose
from hpcraft.sandbox.outcome import Job, Limits, Outcome, Run, Verdict

_MEND = "run `hpcraft doctor`, update bubblewrap and the kernel, and report it"
_SHORT = Limits(wall_seconds=3.0, memory_mb=128, output_bytes=1 << 16, disk_mb=16, processes=32)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One promise and whether it held."""

    promise: str
    kept: bool
    detail: str
    mend: str


def findings() -> Iterator[Finding]:
    """Try every promise of the tier ``bubblewrap``; `MachineError` when there is no such tier."""
    choose("bubblewrap")
    with tempfile.TemporaryDirectory(prefix=f"hpcraft-canary-{os.getpid()}-") as name:
        canary = Path(name) / "secret"
        canary.write_text(f"canary-{secrets.token_hex(16)}")
        for promise, attempt in track(_PROMISES.items(), "sandbox check"):
            detail = attempt(canary)
            yield Finding(promise=promise, kept=not detail, detail=detail, mend=_MEND if detail else "")


def _c(code: str, *, args: tuple[str, ...] = (), limits: Limits = _SHORT) -> Outcome:
    head = "#define _GNU_SOURCE\n" + "".join(f"#include <{name}.h>\n" for name in _HEADERS)
    return run(Job(files={"try.c": (head + code).encode()}, language="c", run=Run(args=args, limits=limits)))


_HEADERS = (
    "errno",
    "fcntl",
    "signal",
    "stdio",
    "stdlib",
    "string",
    "unistd",
    "arpa/inet",
    "sys/mount",
    "sys/ptrace",
    "sys/socket",
    "sys/syscall",
)


def _exits(code: str, *args: str) -> str:
    """Empty when a program that exits with 0 only if the promise holds did so."""
    outcome = _c(code, args=args)
    return "" if outcome.ok else f"{outcome.verdict} {outcome.message} {outcome.stdout[:80]}".strip()


def _ends(code: str, verdict: Verdict) -> str:
    outcome = _c(code)
    return "" if outcome.verdict is verdict else f"{outcome.verdict} in place of {verdict}"


def _hidden(canary: Path) -> str:
    places = ["/etc/shadow", "/root", "/home", str(Path.home()), str(canary), f"/proc/{os.getpid()}/root{canary}"]
    code = "int main(int n,char**v){for(int i=1;i<n;i++)if(!access(v[i],F_OK)){puts(v[i]);return 1;}return 0;}"
    return _exits(code, *places)


def _network(_canary: Path) -> str:
    code = """int main(void){struct sockaddr_in a={.sin_family=AF_INET,.sin_port=htons(53)};inet_aton("198.51.100.1",&a.sin_addr);
    int s=socket(AF_INET,SOCK_DGRAM,0);return connect(s,(void*)&a,sizeof a)==0;}"""
    return _exits(code)


def _processes(_canary: Path) -> str:
    code = """#include <dirent.h>
    int main(void){int n=0;DIR*d=opendir("/proc");for(struct dirent*e;(e=readdir(d));)n+=e->d_name[0]>='0'&&e->d_name[0]<='9';printf("%d",n);return n>2;}"""
    return _exits(code)


def _status(_canary: Path) -> str:
    outcome = _c('int main(void){char b[8192];int n=fread(b,1,8191,fopen("/proc/self/status","r"));b[n]=0;puts(b);return 0;}')
    fields = {line.partition(":")[0]: line.partition(":")[2].strip() for line in outcome.stdout.splitlines()}
    wanted = {"NoNewPrivs": "1", "Seccomp": "2", **dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapAmb"), "0" * 16)}
    wrong = [f"{name} is {fields.get(name)}" for name, value in wanted.items() if fields.get(name) != value]
    if fields.get("Uid", "0").split()[0] == "0":
        wrong.append("it runs as root")
    return ", ".join(wrong)


def _supervisor(_canary: Path) -> str:
    code = """int main(void){char b[9];errno=0;if(!ptrace(PTRACE_ATTACH,1,0,0))return 1;if(open("/proc/1/mem",O_RDWR)>=0)return 2;
    if(open("/proc/1/environ",O_RDONLY)>=0)return 3;kill(1,SIGKILL);kill(1,SIGSTOP);return 0;}"""
    return _exits(code)


def _calls(_canary: Path) -> str:
    code = """int main(void){return !mount("x","/box","tmpfs",0,0)||!syscall(SYS_unshare,0x10000000)||syscall(SYS_keyctl,0,-3,0,0,0)>=0
    ||syscall(SYS_bpf,0,0,0)>=0||syscall(425,1,0)>=0||syscall(SYS_perf_event_open,0,0,-1,-1,0)>=0||errno!=EPERM;}"""
    return _exits(code)


def _tools(_canary: Path) -> str:
    return _exits(
        'int main(void){return open("/usr/bin/gcc",O_WRONLY)>=0||open("/usr/bin/new",O_CREAT|O_WRONLY,0700)>=0||open("program",O_WRONLY)>=0;}'
    )


def _tree(_canary: Path) -> str:
    marker = f"survivor-{secrets.token_hex(8)}"
    code = """int main(int n,char**v){for(int i=0;i<3;i++)if(!fork()){setsid();signal(SIGTERM,SIG_IGN);signal(SIGHUP,SIG_IGN);if(!fork())for(;;)pause();for(;;)pause();}
    usleep(20000);return 0;}"""
    outcome = _c(code, args=(marker,))
    left = [entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit() and marker.encode() in _command_line(entry)]
    mine = str(os.getpid())
    survivors = [pid for pid in left if pid != mine]
    return f"processes {' '.join(survivors)} live on" if survivors else "" if outcome.ok else f"{outcome.verdict}"


def _command_line(entry: Path) -> bytes:
    try:
        return (entry / "cmdline").read_bytes()
    except OSError:
        return b""


def _memory(_canary: Path) -> str:
    return _ends("int main(void){for(;;)memset(malloc(1<<20),1,1<<20);}", Verdict.MEMORY_LIMIT)


def _output(_canary: Path) -> str:
    return _ends('int main(void){for(;;)puts("flood");}', Verdict.OUTPUT_LIMIT)


def _forks(_canary: Path) -> str:
    return _ends("int main(void){for(;;)fork();}", Verdict.PROCESS_LIMIT)


def _disk(_canary: Path) -> str:
    return _ends(
        'int main(void){static char b[1<<16];FILE*f=fopen("x","w");while(fwrite(b,1,sizeof b,f)==sizeof b);return 1;}', Verdict.DISK_LIMIT
    )


def _embedding(canary: Path) -> str:
    for path in (Path("/etc/shadow"), canary):
        for code in (f'asm(".incbin \\"{path}\\"");int main(void){{return 0;}}', f'#include "{path}"\nint main(void){{return 0;}}'):
            outcome = run(Job(files={"try.c": code.encode()}, language="c", run=Run(limits=_SHORT)))
            if outcome.verdict is not Verdict.COMPILE_ERROR or canary.read_text() in (outcome.compile.stderr if outcome.compile else ""):
                return f"the compiler read {path}"
    return ""


_PROMISES: dict[str, Callable[[Path], str]] = {
    "no network": _network,
    "host files hidden": _hidden,
    "host processes invisible": _processes,
    "no root, no capabilities, no new privileges, calls filtered": _status,
    "supervisor out of reach": _supervisor,
    "mounting, namespaces, keys, tracing refused": _calls,
    "toolchain and program read-only": _tools,
    "whole tree killed": _tree,
    "process limit": _forks,
    "memory limit": _memory,
    "output limit": _output,
    "disk limit": _disk,
    "compiler cannot read host files": _embedding,
}


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """No flags of its own."""


def main(args: argparse.Namespace) -> int:
    """Exit 4 when a promise is broken."""
    found = list(findings())
    width = max(len(finding.promise) for finding in found)
    lines = [f"{finding.promise:{width}}  {'yes' if finding.kept else 'NO   ' + finding.detail + '; ' + finding.mend}" for finding in found]
    isolation = choose("bubblewrap").isolation
    text = "\n".join([*lines, f"isolation {isolation.tier}: {', '.join(isolation.rests_on)}"])
    say(args, {"promises": [asdict(finding) for finding in found], "tier": isolation.tier, "rests_on": list(isolation.rests_on)}, text)
    broken = [finding.promise for finding in found if not finding.kept]
    if broken:
        raise MachineError(f"the sandbox does not keep {len(broken)} of {len(found)} promises here ({', '.join(broken)}); {_MEND}")
    return 0


COMMAND = Command(
    summary="try the promises of the sandbox on this machine",
    example="hpcraft sandbox check",
    add_arguments=add_arguments,
    main=main,
)

"""The promises of the tiers, each with a program that does what must not work.

Where it could matter the program tries it on a canary. An attempt returns nothing when the promise held, else what
went wrong. Not covered: what docs/sandbox.md lists as not promised; the whole list of attacks is played by the tests.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hpcraft.sandbox.builder import run
from hpcraft.sandbox.launcher import home
from hpcraft.sandbox.outcome import TIERS, Job, Limits, Outcome, Run, Tier, Verdict
from hpcraft.sandbox.packages import install_command

_SHORT = Limits(wall_seconds=20.0, memory_mb=128, output_bytes=1 << 16, disk_mb=16, file_mb=8, processes=32)
_HEADERS = (
    "errno",
    "fcntl",
    "signal",
    "stddef",
    "stdio",
    "stdlib",
    "string",
    "unistd",
    "arpa/inet",
    "sys/mman",
    "sys/mount",
    "sys/ptrace",
    "sys/socket",
    "sys/stat",
    "sys/syscall",
    "sys/time",
    "sys/un",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Where a promise is tried."""

    tier: Tier
    canary: Path
    """A file of ours with a secret."""

    def run(self, code: str, *, args: tuple[str, ...] = (), limits: Limits = _SHORT) -> Outcome:
        """Build and run a C program."""
        head = "#define _GNU_SOURCE\n" + "".join(f"#include <{name}.h>\n" for name in _HEADERS)
        job = Job(
            files={"try.c": (head + code).encode()}, language="c", run=Run(args=args, limits=limits), tier=self.tier, min_isolation="none"
        )
        return run(job)

    def exits(self, code: str, *args: str) -> str:
        """Empty when a program that exits with 0 only if the promise holds did so."""
        outcome = self.run(code, args=args)
        return "" if outcome.ok else f"{outcome.verdict} {outcome.message} {outcome.stdout[:80]}".strip()

    def ends(self, code: str, verdict: Verdict, limits: Limits = _SHORT) -> str:
        """Empty when a program meets the limit that it should."""
        outcome = self.run(code, limits=limits)
        return "" if outcome.verdict is verdict else f"{outcome.verdict} in place of {verdict}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """One promise and how it is tried."""

    name: str
    tiers: tuple[Tier, ...]
    """The tiers that make it."""
    attempt: Callable[[Scene], str]
    rests_on: str
    """A key of `MENDS`: the mechanism behind it."""


def _hidden(scene: Scene) -> str:
    places = ["/etc/shadow", "/root", "/home", str(home() or "/root"), str(scene.canary), f"/proc/{os.getpid()}/root{scene.canary}"]
    code = "int main(int n,char**v){for(int i=1;i<n;i++)if(!access(v[i],F_OK)){puts(v[i]);return 1;}return 0;}"
    return scene.exits(code, *places)


def _unreadable(scene: Scene) -> str:
    places = ["/etc/shadow", "/root", "/home", str(home() or "/root"), str(scene.canary.parent), str(scene.canary)]
    places += [f"/proc/{os.getpid()}/{name}" for name in ("environ", "mem", "maps", "fd", "cmdline")]
    code = "int main(int n,char**v){for(int i=1;i<n;i++)if(open(v[i],O_RDONLY)>=0){puts(v[i]);return 1;}return 0;}"
    return scene.exits(code, *places)


def _unchangeable(scene: Scene) -> str:
    code = """int main(int n,char**v){struct timeval t[2]={{1,0},{1,0}};char other[4096];snprintf(other,sizeof other,"%s.x",v[1]);
    return open(v[1],O_WRONLY)>=0||open(other,O_WRONLY|O_CREAT,0600)>=0||!chmod(v[1],0777)||!utimes(v[1],t)||!unlink(v[1])||!rename(v[1],other)||!link(v[1],"x")
    ||!truncate(v[1],0);}"""
    before = scene.canary.stat()
    wrong = scene.exits(code, str(scene.canary))
    after = scene.canary.stat()
    return wrong or (
        "" if (before.st_mode, before.st_mtime_ns, before.st_size) == (after.st_mode, after.st_mtime_ns, after.st_size) else "changed"
    )


def _network(scene: Scene) -> str:
    code = """int main(void){struct sockaddr_in a={.sin_family=AF_INET,.sin_port=htons(53)};inet_aton("198.51.100.1",&a.sin_addr);
    int s=socket(AF_INET,SOCK_DGRAM,0);return s>=0&&connect(s,(void*)&a,sizeof a)==0;}"""
    return scene.exits(code)


@contextlib.contextmanager
def _listeners() -> Iterator[tuple[str, str]]:
    """A TCP port on the loopback and the name of an abstract socket, both open for anybody."""
    name = f"hpcraft-{secrets.token_hex(8)}"
    with socket.create_server(("127.0.0.1", 0)) as port, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(f"\0{name}")
        abstract.listen()
        yield str(port.getsockname()[1]), name


def _sockets(scene: Scene) -> str:
    code = """int main(int n,char**v){struct sockaddr_in a={.sin_family=AF_INET,.sin_port=htons(atoi(v[1]))};inet_aton("127.0.0.1",&a.sin_addr);
    struct sockaddr_un u={.sun_family=AF_UNIX};strcpy(u.sun_path+1,v[2]);
    if(!connect(socket(AF_INET,SOCK_STREAM,0),(void*)&a,sizeof a))return 1;
    return !connect(socket(AF_UNIX,SOCK_STREAM,0),(void*)&u,offsetof(struct sockaddr_un,sun_path)+1+strlen(v[2]))?2:0;}"""
    with _listeners() as (port, name):
        return scene.exits(code, port, name)


def _signals(scene: Scene) -> str:
    with subprocess.Popen(["/bin/sleep", "60"]) as ours:
        try:
            code = "int main(int n,char**v){return !kill(atoi(v[1]),SIGKILL);}"
            return scene.exits(code, str(ours.pid)) or ("" if ours.poll() is None else "a process of ours was ended")
        finally:
            ours.kill()


def _processes(scene: Scene) -> str:
    code = """#include <dirent.h>
    int main(void){int n=0;DIR*d=opendir("/proc");for(struct dirent*e;(e=readdir(d));)n+=e->d_name[0]>='0'&&e->d_name[0]<='9';printf("%d",n);return n>2;}"""
    return scene.exits(code)


def _status(scene: Scene) -> str:
    outcome = scene.run('int main(void){char b[8192];int n=fread(b,1,8191,fopen("/proc/self/status","r"));b[n]=0;puts(b);return 0;}')
    fields = {line.partition(":")[0]: line.partition(":")[2].strip() for line in outcome.stdout.splitlines()}
    wanted = {"NoNewPrivs": "1", "Seccomp": "2", **dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapAmb"), "0" * 16)}
    wrong = [f"{name} is {fields.get(name)}" for name, value in wanted.items() if fields.get(name) != value]
    if fields.get("Uid", "0").split()[0] == "0":
        wrong.append("it runs as root")
    return ", ".join(wrong)


def _supervisor(scene: Scene) -> str:
    code = """int main(void){char m[64],e[64];int p=getppid();snprintf(m,64,"/proc/%d/mem",p);snprintf(e,64,"/proc/%d/environ",p);
    if(!ptrace(PTRACE_ATTACH,p,0,0))return 1;if(open(m,O_RDWR)>=0)return 2;if(open(e,O_RDONLY)>=0)return 3;kill(p,SIGKILL);kill(p,SIGSTOP);return 0;}"""
    return scene.exits(code)


def _calls(scene: Scene) -> str:
    code = """int main(void){return !mount("x","/box","tmpfs",0,0)||!syscall(SYS_unshare,0x10000000)||syscall(SYS_keyctl,0,-3,0,0,0)>=0
    ||syscall(SYS_bpf,0,0,0)>=0||syscall(425,1,0)>=0||syscall(SYS_perf_event_open,0,0,-1,-1,0)>=0||errno!=EPERM;}"""
    return scene.exits(code)


def _tools(scene: Scene) -> str:
    return scene.exits(
        'int main(void){return open("/usr/bin/gcc",O_WRONLY)>=0||open("/usr/bin/new",O_CREAT|O_WRONLY,0700)>=0||open("program",O_WRONLY)>=0;}'
    )


def _tree(scene: Scene) -> str:
    marker = f"survivor-{secrets.token_hex(8)}"
    code = """int main(int n,char**v){for(int i=0;i<3;i++)if(!fork()){setsid();signal(SIGTERM,SIG_IGN);signal(SIGHUP,SIG_IGN);if(!fork())for(;;)pause();for(;;)pause();}
    usleep(20000);return 0;}"""
    outcome = scene.run(code, args=(marker,))
    left = [entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit() and marker.encode() in _command_line(entry)]
    mine = str(os.getpid())
    survivors = [pid for pid in left if pid != mine]
    return f"processes {' '.join(survivors)} live on" if survivors else "" if outcome.ok else f"{outcome.verdict}"


def _command_line(entry: Path) -> bytes:
    try:
        return (entry / "cmdline").read_bytes()
    except OSError:
        return b""


def _memory(scene: Scene) -> str:
    return scene.ends("int main(void){for(;;)memset(malloc(1<<20),1,1<<20);}", Verdict.MEMORY_LIMIT)


def _output(scene: Scene) -> str:
    return scene.ends('int main(void){for(;;)puts("flood");}', Verdict.OUTPUT_LIMIT)


def _forks(scene: Scene) -> str:
    return scene.ends("int main(void){for(;;)fork();}", Verdict.PROCESS_LIMIT)


def _cpu(scene: Scene) -> str:
    limits = Limits(wall_seconds=10.0, cpu_seconds=0.3, memory_mb=64)
    outcome = scene.run("int main(void){fork();for(;;);}", limits=limits)
    right = outcome.verdict is Verdict.TIME_LIMIT and outcome.wall_seconds < limits.wall_seconds
    return "" if right else f"{outcome.verdict} after {outcome.wall_seconds:.1f} s"


def _burst(scene: Scene) -> str:
    code = """int main(void){char*p=mmap(0,(size_t)1<<30,PROT_READ|PROT_WRITE,MAP_PRIVATE|MAP_ANONYMOUS|MAP_POPULATE,-1,0);
    return p==MAP_FAILED||munmap(p,(size_t)1<<30);}"""
    return scene.ends(code, Verdict.MEMORY_LIMIT)


def _file(scene: Scene) -> str:
    code = 'int main(void){static char b[1<<16];FILE*f=fopen("x","w");while(fwrite(b,1,sizeof b,f)==sizeof b);return 1;}'
    return scene.ends(code, Verdict.DISK_LIMIT)


def _disk(scene: Scene) -> str:
    code = """int main(void){static char b[1<<16];for(int i=0;;i++){char n[9];snprintf(n,9,"%d",i);FILE*f=fopen(n,"w");if(!f)return 1;
    for(int j=0;j<64;j++)if(fwrite(b,1,sizeof b,f)!=sizeof b)return 1;fclose(f);}}"""
    return scene.ends(code, Verdict.DISK_LIMIT)


def _embedding(scene: Scene) -> str:
    for path in (Path("/etc/shadow"), scene.canary):
        for code in (f'asm(".incbin \\"{path}\\"");int main(void){{return 0;}}', f'#include "{path}"\nint main(void){{return 0;}}'):
            job = Job(files={"try.c": code.encode()}, language="c", run=Run(limits=_SHORT), tier=scene.tier, min_isolation="none")
            outcome = run(job)
            if outcome.verdict is not Verdict.COMPILE_ERROR or scene.canary.read_text() in (
                outcome.compile.stderr if outcome.compile else ""
            ):
                return f"the compiler read {path}"
    return ""


_ISOLATED: tuple[Tier, ...] = TIERS[1:]
_CONTAINED: tuple[Tier, ...] = TIERS[2:]

PROMISES = (
    Promise(name="no network", tiers=_ISOLATED, attempt=_network, rests_on="namespaces"),
    Promise(name="no way to sockets of the host", tiers=_ISOLATED, attempt=_sockets, rests_on="namespaces"),
    Promise(name="host files unreadable", tiers=_ISOLATED, attempt=_unreadable, rests_on="view"),
    Promise(name="host files unchangeable", tiers=_ISOLATED, attempt=_unchangeable, rests_on="view"),
    Promise(name="host files invisible", tiers=_CONTAINED, attempt=_hidden, rests_on="view"),
    Promise(name="host processes out of reach", tiers=_ISOLATED, attempt=_signals, rests_on="namespaces"),
    Promise(name="host processes invisible", tiers=_CONTAINED, attempt=_processes, rests_on="namespaces"),
    Promise(name="no root, no capabilities, no new privileges, calls filtered", tiers=_ISOLATED, attempt=_status, rests_on="filter"),
    Promise(name="supervisor out of reach", tiers=_ISOLATED, attempt=_supervisor, rests_on="filter"),
    Promise(name="mounting, namespaces, keys, tracing refused", tiers=_ISOLATED, attempt=_calls, rests_on="filter"),
    Promise(name="toolchain and program read-only", tiers=_ISOLATED, attempt=_tools, rests_on="view"),
    Promise(name="compiler cannot read host files", tiers=_ISOLATED, attempt=_embedding, rests_on="view"),
    Promise(name="whole tree killed", tiers=TIERS, attempt=_tree, rests_on="launcher"),
    Promise(name="process limit", tiers=TIERS, attempt=_forks, rests_on="launcher"),
    Promise(name="memory limit", tiers=TIERS, attempt=_memory, rests_on="launcher"),
    Promise(name="memory limit for a burst", tiers=TIERS[-1:], attempt=_burst, rests_on="groups"),
    Promise(name="CPU time limit", tiers=TIERS, attempt=_cpu, rests_on="launcher"),
    Promise(name="output limit", tiers=TIERS, attempt=_output, rests_on="launcher"),
    Promise(name="limit of one file", tiers=TIERS, attempt=_file, rests_on="launcher"),
    Promise(name="disk limit", tiers=TIERS, attempt=_disk, rests_on="launcher"),
)

_KERNEL = "boot a kernel with it: grep -E 'SECCOMP|LANDLOCK|_NS=|MEMCG' /boot/config-$(uname -r) shows what this one has"
MENDS = {
    "namespaces": f"sudo sysctl user.max_user_namespaces=15000 user.max_net_namespaces=15000 user.max_pid_namespaces=15000; {install_command('bwrap')}",
    "view": f"update what makes the view: {install_command('bwrap')}; or {_KERNEL}",
    "filter": _KERNEL,
    "groups": "systemd-run --user --scope -p Delegate=yes hpcraft sandbox check",
    "launcher": "mount -t proc proc /proc, where processes are counted; then report it with this command's --json",
}
"""For each mechanism the command that mends it when a promise that rests on it is broken."""

"""A29 to A37: files and secrets."""

from __future__ import annotations

from dataclasses import replace

from hpcraft.errors import ConfigError
from hpcraft.sandbox import Outcome, Verdict, build, run
from tests.sandbox.attacks.record import BOXES, CONFINED, Attack, Scene, c, ends, never_reads, stopped

_SHOW = "int f = open(%s, O_RDONLY); char b[4096]; ssize_t k; while (f >= 0 && (k = read(f, b, sizeof b)) > 0) fwrite(b, 1, k, stdout);"


def _nothing_collected(outcome: Outcome, scene: Scene) -> str:
    return stopped(outcome, scene) or (f"{list(outcome.outputs)} came back" if set(outcome.outputs) - {"real"} else "")


def _twice(scene: Scene) -> Outcome | str:
    """One program in two boxes: it leaves a file everywhere it can, and looks for those of its forerunner."""
    body = """const char *folders[] = {".", "/box", "/tmp", "/dev/shm", "/var/tmp", "/src"}; int seen = 0; char p[99];
    for (int i = 0; i < 6; i++) { sprintf(p, "%s/%s", folders[i], MARKER); seen += !access(p, F_OK); }
    for (int i = 0; i < 6; i++) { sprintf(p, "%s/%s", folders[i], MARKER); close(open(p, O_CREAT | O_WRONLY, 0666)); }
    if (seen) BAD("%d files left", seen);"""
    job = replace(c(body)(scene), tier=scene.tier, min_isolation="none")
    with build(job) as built:
        built.run(job.run)
        return built.run(job.run)


def _bad_names(scene: Scene) -> str:
    """Paths to collect and names of files that lead out of the box are refused before anything runs."""
    job = replace(c("")(scene), tier=scene.tier, min_isolation="none")
    names = ("/etc/passwd", "../x", "a/../../x", "/proc/self/fd/0", "x" * 5000, "a\0b", "a\nb", "\udcff", "", ".", "-x", "a//b", "program")
    accepted = []
    with build(job) as built:
        for name in names:
            for more in ({"collect": (name,)}, {"data": {name: b""}}):
                try:
                    built.run(replace(job.run, **more))
                except ConfigError:
                    continue
                accepted.append(name[:20])
    for name in names:
        try:
            run(replace(job, files={name: b"int main(void) { return 0; }"}))
        except ConfigError:
            continue
        accepted.append(name[:20])
    return f"accepted: {accepted}" if accepted else ""


def _read_only_data(scene: Scene) -> Outcome | str:
    """Data of a run is its own copy: the next run sees it whole."""
    body = r"""int f = open("given", O_RDWR | O_TRUNC); if (f >= 0) { write(f, "bad", 3); close(f); } unlink("given"); rename("given", "taken"); chmod("given", 0777);
    f = open("given", O_RDONLY); char b[9] = ""; if (f >= 0) read(f, b, 8); return 0;"""
    job = replace(c(body, data={"given": b"good"}, collect=("given",))(scene), tier=scene.tier, min_isolation="none")
    reader = replace(
        c('char b[9] = ""; int f = open("given", O_RDONLY); read(f, b, 8); return strcmp(b, "good");')(scene),
        tier=scene.tier,
        min_isolation="none",
    )
    with build(job) as built:
        built.run(job.run)
        built.run(job.run)
    with build(reader) as built:
        return built.run(replace(reader.run, data=job.run.data))


def _program_stays(scene: Scene) -> Outcome | str:
    """A program that destroys its own file runs again as it was built."""
    body = """int f = open("program", O_RDWR | O_TRUNC); if (f >= 0) close(f); unlink("program"); rename("program", "x"); link("program", "other"); f = open("/proc/self/exe", O_RDWR);
    chmod("program", 0); symlink("/bin/true", "program"); if (n > 9) return 3;"""
    job = replace(c(body)(scene), tier=scene.tier, min_isolation="none")
    with build(job) as built:
        built.run(job.run)
        again = built.run(replace(job.run, args=(*job.run.args, "more")))
    return again if again.exit_code != 3 else ""


_PROC = "".join(
    f'{{ char p[99]; sprintf(p, "/proc/%s/{name}", HARNESS); {_SHOW % "p"} }}\n'
    for name in ("environ", "maps", "mem", "fd/0", "root/etc/shadow")
)

ATTACKS = (
    Attack(
        id="A29",
        name="looks for sources and answers",
        must="While it runs, a program finds neither the sources, nor those of other boxes, nor the harness.",
        job=c(
            'const char *p[] = {"/src", "try.c", "../src", "../../src", "/box/try.o", "/work", "/home", "/root"}; for (int i = 0; i < 8; i++) if (!access(p[i], R_OK)) BAD("%s", p[i]);'
        ),
        check=stopped,
        stopped_in=BOXES,
    ),
    Attack(
        id="A30",
        name="reads secrets",
        must="The harness's files are not read, by any name.",
        job=c(
            _SHOW % "SECRET_FILE"
            + 'char p[400]; sprintf(p, "/proc/1/root%s", SECRET_FILE); { '
            + _SHOW % "p"
            + "} {"
            + _SHOW % '"/etc/shadow"'
            + '} sprintf(p, "/proc/self/root%s", SECRET_FILE); {'
            + _SHOW % "p"
            + "}"
        ),
        check=never_reads,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A30",
        name="reads environments",
        must="The harness's environment is in no environment and under no /proc.",
        job=c(
            "for (char **e = environ; *e; e++) puts(*e); "
            + _SHOW % '"/proc/1/environ"'
            + "{ "
            + _SHOW % '"/proc/self/environ"'
            + " }"
            + '{ char q[99]; sprintf(q, "/proc/%d/environ", getppid()); '
            + _SHOW % "q"
            + " }",
            "extern char **environ;",
        ),
        check=never_reads,
    ),
    Attack(
        id="A30",
        name="reads the harness",
        must="Environment, memory and files of the harness's process are out of reach.",
        job=c(_PROC),
        check=never_reads,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A30",
        name="walks all of /proc",
        must="No process is readable that isn't the program's own.",
        job=c(
            """DIR *d = opendir("/proc"); for (struct dirent *e; d && (e = readdir(d));) { int pid = atoi(e->d_name); if (pid < 1 || pid == getpid()) continue; const char *w[] = {"environ", "mem", "maps", "auxv", "cwd/x", "root/x"};
            for (int i = 0; i < 4; i++) { char p[64]; sprintf(p, "/proc/%d/%s", pid, w[i]); int f = open(p, O_RDONLY); char b; if (f >= 0 && (i == 1 || read(f, &b, 1) > 0)) BAD("%s", p); } }""",
            "#include <dirent.h>",
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A31",
        name="special files as outputs",
        must="Links, FIFOs, folders, sockets and hard links are not collected, nothing hangs, and a regular file is.",
        job=c(
            """symlink(SECRET_FILE, "link"); symlink("missing", "dangling"); mkfifo("fifo", 0666); mkdir("folder", 0777); close(open("twin", O_CREAT | O_RDWR, 0666)); link("twin", "other");
            struct sockaddr_un a = {AF_UNIX, "socket"}; bind(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, sizeof a); mknod("node", S_IFCHR | 0666, 0x103); close(open("real", O_CREAT | O_RDWR, 0666));""",
            "#include <sys/socket.h>\n#include <sys/un.h>",
            collect=("link", "dangling", "fifo", "folder", "twin", "socket", "node", "missing", "real"),
        ),
        check=_nothing_collected,
    ),
    Attack(
        id="A31",
        name="folder on the way is a link",
        must="An output behind a linked folder is not collected.",
        job=c(
            'char p[400]; strcpy(p, SECRET_FILE); *strrchr(p, \'/\') = 0; symlink(p, "way"); symlink("/etc", "etc");',
            collect=("way/secret", "etc/passwd"),
        ),
        check=_nothing_collected,
    ),
    Attack(
        id="A31",
        name="linked box",
        must="Replacing the box itself by a link changes nothing.",
        job=c(
            'chdir("/"); rmdir("/box"); rename("/box", "/box2"); symlink("/etc", "/box"); const char *h = getenv("HOME"); rmdir(h); rename(h, "x"); symlink("/etc", h);',
            collect=("passwd",),
        ),
        check=_nothing_collected,
    ),
    Attack(
        id="A31",
        name="hard link to the harness's file",
        must="No hard link can be made to a file outside, nor to the program.",
        job=c(
            'if (!link(SECRET_FILE, "h")) BAD("linked"); if (!link("/usr/bin/env", "e")) BAD("linked env"); if (!linkat(AT_FDCWD, "/proc/self/exe", AT_FDCWD, "p", AT_SYMLINK_FOLLOW)) BAD("linked the program");'
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A31",
        name="writes outside",
        must="The harness's files, of which one is writable for all, are not written.",
        job=c(
            'const char *p[] = {SECRET_FILE, SHARED_FILE, "/etc/x", "/usr/x", "/var/tmp/x", "/x", "/run/x"}; for (int i = 0; i < 7; i++) { int f = open(p[i], O_WRONLY | (i > 1 ? O_CREAT : O_TRUNC), 0666); if (f >= 0) { write(f, "bad", 3); if (i > 1) unlink(p[i]); BAD("%s", p[i]); } }'
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A32",
        name="slash at the end",
        must="Paths with slashes and dots at their ends lead nowhere else.",
        job=c(
            """int d = open(".", O_RDONLY | O_DIRECTORY); const char *p[] = {"a/", "../", "./../", "..//..//etc/shadow", "/../etc/shadow", "/./proc/1/root/"};
            for (int i = 3; i < 6; i++) { int f = openat(d, p[i], O_RDONLY); char b; if (f >= 0 && read(f, &b, 1) > 0) BAD("%s", p[i]); } chroot("."); fchdir(d); for (int i = 0; i < 50; i++) chdir(".."); """
            + _SHOW % "SECRET_FILE + 1"
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A33",
        name="overwrites tools",
        must="Compilers, shells, libraries and the launcher can't be written, replaced or removed.",
        job=c(
            """const char *p[] = {"/usr/bin/gcc", "/bin/sh", "/usr/bin/python3", "/lib/x86_64-linux-gnu/libc.so.6", "/run/launch", "/etc/passwd"};
            for (int i = 0; i < 6; i++) { if (open(p[i], O_WRONLY) >= 0) BAD("%s", p[i]); if (!chmod(p[i], 0777)) BAD("chmod %s", p[i]); if (!rename(p[i], "/tmp/x") || !unlink(p[i])) BAD("gone %s", p[i]); }"""
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A33",
        name="overwrites itself",
        must="A program that destroys its own file runs again as it was built.",
        play=_program_stays,
    ),
    Attack(
        id="A33",
        name="spoils its data",
        must="Input files come whole to the next run.",
        play=_read_only_data,
        check=stopped,
    ),
    Attack(
        id="A34",
        name="other roots",
        must="Neither another process's root, nor its folder, nor a descriptor leads out.",
        job=c(
            """for (int pid = 1; pid < 400; pid++) { char p[99]; const char *w[] = {"root/etc/shadow", "cwd/etc/shadow", "map_files"}; for (int i = 0; i < 2; i++) { sprintf(p, "/proc/%d/%s", pid, w[i]); if (open(p, O_RDONLY) >= 0) BAD("%s", p); } }
            if (!chroot("/box") || !chroot(".")) BAD("chroot");"""
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A35",
        name="files of groups",
        must="No group of the harness is the program's.",
        job=c(
            'gid_t g[64]; int k = getgroups(64, g); for (int i = 0; i < k; i++) if (g[i] == 0 || g[i] == 42) BAD("group %d", g[i]); if (getgid() == 0 || getegid() == 0) BAD("gid 0"); if (!setgid(0) || !setgroups(0, 0)) BAD("setgroups");',
            "#include <grp.h>",
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A36",
        name="leaves files for the next run",
        must="Nothing that one run leaves is seen by the next.",
        play=_twice,
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A37",
        name="bad paths",
        must="Absolute, empty, long, odd and upward names are refused with one line.",
        play=_bad_names,
    ),
    Attack(
        id="N23",
        name="program without a file",
        must="A program started from memory has the same limits and rights.",
        job=c(
            """if (n > 9) return 4; int m = memfd_create("x", 0), f = open("/proc/self/exe", O_RDONLY); if (m < 0) return 4; char b[4096]; ssize_t k; while ((k = read(f, b, sizeof b)) > 0) write(m, b, k);
            char *a[] = {"x", "", "", "", "", "", "", "", "", "y", 0}; syscall(SYS_execveat, m, "", a, environ, AT_EMPTY_PATH); return 4;""",
            "extern char **environ;",
        ),
        check=lambda outcome, _scene: "" if outcome.exit_code == 4 else f"{outcome.verdict}",
    ),
    Attack(
        id="N24",
        name="script with an interpreter",
        must="A script that names an interpreter gains nothing over the program that starts it.",
        job=c(
            r"""int f = open("s", O_CREAT | O_WRONLY, 0755); dprintf(f, "#!/bin/cat %s\n", SECRET_FILE); close(f); char *a[] = {"s", 0}; if (!fork()) { execv("./s", a); _exit(0); } wait(0);
            f = open("t", O_CREAT | O_WRONLY, 0755); dprintf(f, "#!./t\n"); close(f); if (!fork()) { execv("./t", a); _exit(0); } wait(0);"""
        ),
        check=never_reads,
        stopped_in=CONFINED,
    ),
    Attack(
        id="N25",
        name="files written on after the end",
        must="What a daemon still writes while outputs are collected harms nothing: the file comes back as it was at some moment, or not at all.",
        job=c(
            """int f = open("real", O_CREAT | O_RDWR, 0666); ftruncate(f, 1 << 20); for (int i = 0; i < 4; i++) if (!fork()) { setsid(); for (;;) { ftruncate(f, 4 << 20); pwrite(f, "x", 1, 0); ftruncate(f, 0); unlink("real"); symlink("/etc/passwd", "real");
            unlink("real"); f = open("real", O_CREAT | O_RDWR, 0666); } } usleep(30000);""",
            collect=("real",),
        ),
        check=lambda outcome, scene: stopped(outcome, scene) or ("passwd" if b"root:" in outcome.outputs.get("real", b"") else ""),
    ),
    Attack(
        id="N26",
        name="huge outputs by holes",
        must="Many outputs that are large by their holes don't come back larger than the limit.",
        job=c(
            "signal(SIGXFSZ, SIG_IGN); for (char k = 97; k < 109; k++) { char p[] = {k, 0}; int f = open(p, O_CREAT | O_RDWR, 0666); if (ftruncate(f, 7 << 20)) return 1; }",
            collect=tuple("abcdefghijkl"),
        ),
        check=lambda outcome, scene: (
            ends(Verdict.OK, Verdict.DISK_LIMIT)(outcome, scene)
            or ("" if sum(map(len, outcome.outputs.values())) <= 8 << 20 else "more came back")
        ),
    ),
)

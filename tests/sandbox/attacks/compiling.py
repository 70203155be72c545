"""A48 to A55: sources that attack the compiler."""

from __future__ import annotations

from dataclasses import replace

from hpcraft.errors import HpcError
from hpcraft.sandbox import Job, Outcome, Verdict, run
from tests.sandbox.attacks.record import CONFINED, SHORT_COMPILE, Attack, Scene, compile_fails, ends, never_reads, source, stopped

_MAIN = "int main(int n, char **v) { return 0; }\n"
_SECRETS = ("{secret_file}", "/etc/shadow")
BUSY = compile_fails(Verdict.TIME_LIMIT, Verdict.MEMORY_LIMIT, Verdict.COMPILE_ERROR, Verdict.DISK_LIMIT)


def _read_by(name: str, text: str, suffix: str = "c", **more: object) -> tuple[Attack, ...]:
    """One way to read a file at compile time, on the harness's secret and on the host's passwords."""
    language = {"c": "c", "cpp": "cpp", "f90": "fortran"}[suffix]
    return tuple(
        Attack(
            id="A49",
            name=f"{name} of {'a secret' if number == 0 else 'passwords'}",
            must="No file of the host comes into diagnostics or binary.",
            job=source(text.replace("FILE", path), suffix, language=language, **more),  # type: ignore[arg-type]
            check=never_reads,
            needs=("gfortran",) if suffix == "f90" else ("g++",) if suffix == "cpp" else (),
            stopped_in=CONFINED,
        )
        for number, path in enumerate(_SECRETS)
    )


# A program that prints what was embedded; the runner looks for the secret in what it prints and in all diagnostics.
_PRINT = "extern char begin[], end[]; extern long write(int, const void *, unsigned long); int main(void) { write(1, begin, end - begin); return 0; }"
_ASM = '__asm__(".data\\n.globl begin,end\\nbegin:\\n%s\\nend:\\n");\n' + _PRINT


def _flags(scene: Scene) -> str:
    """Names that a compiler, a linker or a shell would read as something else are refused."""
    names = ("-o.c", "a b.c", "@file.c", "a.c;rm", "$(id).c", "a\n.c", "-fplugin=x.c", "..", "src/../../x.c")
    accepted = []
    for name in names:
        try:
            run(Job(files={name: b"int main(void) { return 0; }"}, language="c", tier=scene.tier, min_isolation="none"))
        except HpcError:
            continue
        accepted.append(name)
    return f"accepted: {accepted}" if accepted else ""


def _private_modules(scene: Scene) -> Outcome | str:
    """A module file that one compilation writes is not there for the next."""
    limits = {"tier": scene.tier, "min_isolation": "none"}
    first = b"module shared\n integer, parameter :: x = 3\nend module\nprogram p\n use shared\n if (x /= 3) stop 1\nend program\n"
    made = run(Job(files={"a.f90": first}, language="fortran", **limits))  # type: ignore[arg-type]
    if not made.ok:
        return f"{made.verdict} {made.message}"
    found = run(Job(files={"b.f90": b"program q\n use shared\n if (x /= 3) stop 1\nend program\n"}, language="fortran", **limits))  # type: ignore[arg-type]
    return "" if found.verdict is Verdict.COMPILE_ERROR else f"the module was found ({found.verdict})"


def _after_a_bomb(scene: Scene) -> Outcome | str:
    """A compiler that is killed leaves neither children nor files, and the next compilation works."""
    bomb = replace(_bomb(scene), tier=scene.tier, min_isolation="none")
    for _ in range(3):
        run(bomb)
    return run(Job(files={f"{scene.marker}.c": _MAIN.encode()}, language="c", tier=scene.tier, min_isolation="none"))


_bomb = source(
    "program p\n integer :: i, a(100000000) = [(mod(i * 7, 13), i = 1, 100000000)]\n print *, a(5)\nend\n",
    "f90",
    language="fortran",
    limits=replace(SHORT_COMPILE, wall_seconds=0.4),
)

ATTACKS = (
    *(
        Attack(
            id="A48",
            name=f"include of {path.rsplit('/', 1)[1]}",
            must="Including a device neither hangs nor takes the machine's memory.",
            job=source(f'#include "{path}"\n{_MAIN}', limits=SHORT_COMPILE),
            check=ends(Verdict.OK, Verdict.COMPILE_ERROR),
        )
        for path in ("/dev/zero", "/dev/stdin", "/dev/tty", "/dev/urandom", "/proc/self/fd/0", "/proc/self/environ")
    ),
    *_read_by("include", f'#include "FILE"\n{_MAIN}'),
    *_read_by("incbin", _ASM % '.incbin \\"FILE\\"'),
    *_read_by("include in assembler", _ASM % '.include \\"FILE\\"'),
    *_read_by("embed", 'const char begin[] = {\n#embed "FILE"\n}; int main(void) { return begin[0]; }\n'),
    *_read_by("include by Fortran", "include 'FILE'\nend\n", "f90"),
    *_read_by("include by Fortran's preprocessor", '#include "FILE"\nend\n', "f90", flags=("-cpp",)),
    *_read_by("raw string", f'const char *s = R"x(\n#include "FILE"\n)x";\n#include "FILE"\n{_MAIN}', "cpp"),
    *_read_by("include_next", f'#include_next "FILE"\n{_MAIN}'),
    Attack(
        id="A49",
        name="oracle of names",
        must="Names of the host's files can't be learned with __has_include.",
        job=source(
            f'#if __has_include("{{secret_file}}") || __has_include("/root/.bashrc") || __has_include("/home") || __has_include("/etc/shadow")\nint seen;\n#else\n{_MAIN}\n#endif\n'
        ),
        check=stopped,
        stopped_in=("bubblewrap+cgroup", "bubblewrap"),
    ),
    Attack(
        id="A49",
        name="pragma for other files",
        must="Pragmas and line directives bring no other file into a diagnostic.",
        job=source('#line 1 "{secret_file}"\n#pragma GCC dependency "{secret_file}"\nint main(void) { return undeclared; }\n'),
        check=never_reads,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A50",
        name="self-include",
        must="A file that includes itself without end meets the compiler's limits, and its diagnostics are capped.",
        job=source("#include __FILE__\n#include __FILE__\n", limits=SHORT_COMPILE),
        check=BUSY,
    ),
    Attack(
        id="A50",
        name="flood of warnings",
        must="Diagnostics are capped.",
        job=source(
            "\n".join(f"#warning w{number} {'x' * 400}" for number in range(2000)) + "\nint main(void) { return x; }\n",
            limits=SHORT_COMPILE,
        ),
        check=lambda outcome, scene: (
            compile_fails()(outcome, scene) or ("" if outcome.compile and len(outcome.compile.stderr) <= 1 << 16 else "not capped")
        ),
    ),
    Attack(
        id="A51",
        name="macro bomb",
        must="It meets the compiler's limits.",
        job=source(
            "#define A(x) x x x x x x x x\n#define B(x) A(A(A(x)))\n#define C(x) B(B(B(x)))\nint main(void) { " + "C(C(;)) }\n",
            limits=SHORT_COMPILE,
        ),
        check=BUSY,
    ),
    Attack(
        id="A51",
        name="template bomb",
        must="It meets the compiler's limits.",
        job=source(
            "template <int N, int M> struct T { enum { v = T<N - 1, 2 * M>::v + T<N - 1, 2 * M + 1>::v }; };\ntemplate <int M> struct T<0, M> { enum { v = M }; };\nint main() { return T<22, 1>::v; }\n",
            "cpp",
            limits=SHORT_COMPILE,
            language="cpp",
        ),
        check=BUSY,
        needs=("g++",),
    ),
    Attack(
        id="A51",
        name="constexpr bomb",
        must="It meets the compiler's limits.",
        job=source(
            "constexpr long f(long n) { long s = 0; for (long i = 0; i < n; i++) for (long k = 0; k < 200000; k++) s += i ^ k; return s; }\nconstexpr long x = f(100000);\nint main() { return x; }\n",
            "cpp",
            limits=SHORT_COMPILE,
            language="cpp",
        ),
        check=BUSY,
        needs=("g++",),
    ),
    Attack(
        id="A51",
        name="deep parentheses",
        must="It ends within the compiler's limits.",
        job=source("int main(void) { return " + "(" * 100000 + "0" + ")" * 100000 + "; }\n", limits=SHORT_COMPILE),
        check=ends(Verdict.OK, Verdict.COMPILE_ERROR),
    ),
    Attack(
        id="A51",
        name="a hundred thousand errors",
        must="The compiler stops early, and diagnostics are capped.",
        job=source("int main(void) {\n" + "".join(f"u{number} = {number};\n" for number in range(100000)) + "}\n", limits=SHORT_COMPILE),
        check=BUSY,
    ),
    Attack(
        id="A52",
        name="giant array",
        must="An object larger than the disk's limit is a compile error.",
        job=source("int a[1 << 30] = {1}; " + _MAIN, limits=SHORT_COMPILE),
        check=BUSY,
    ),
    Attack(
        id="A52",
        name="fill in assembler",
        must="It meets the limit on disk or memory.",
        job=source('__asm__(".data\\n.fill 2000000000, 1, 1\\n"); ' + _MAIN, limits=SHORT_COMPILE),
        check=BUSY,
    ),
    Attack(
        id="A52",
        name="constructor of a Fortran array",
        must="It meets the clock, and the compiler's children die too.",
        job=_bomb,
        check=BUSY,
        needs=("gfortran",),
    ),
    Attack(
        id="A53",
        name="names that are flags",
        must="No file name is taken for a flag or by a shell.",
        play=_flags,
    ),
    Attack(
        id="A53",
        name="code that would run in the compiler",
        must="Constructors and ifunc resolvers run in the run's box only, where the sources are not.",
        job=source(
            '#include <unistd.h>\n__attribute__((constructor)) static void early(void) { if (!access("/src", F_OK)) _exit(9); }\nint main(void) { return 0; }\n'
        ),
        check=stopped,
    ),
    Attack(
        id="A53",
        name="linker script as a header",
        must="A linker script among the files does not pull host files into the program.",
        job=source('__asm__(".section .note.x\\n.incsrc \\"x\\"\\n");\n' + _MAIN),
        check=compile_fails(),
    ),
    Attack(
        id="A54",
        name="modules stay private",
        must="A Fortran module of one compilation is not seen by another.",
        play=_private_modules,
        needs=("gfortran",),
    ),
    Attack(
        id="A55",
        name="killed compiler",
        must="A compiler that was killed leaves no child and no file, and the next compilation works.",
        play=_after_a_bomb,
        check=stopped,
        needs=("gfortran",),
    ),
)


def _given(name: str, *flags: str) -> Attack:
    """Flags of the job that would make a compiler run a program or read a file of the host."""
    return Attack(
        id="N31",
        name=f"flag {name}",
        must="Flags of a job can't start other programs outside the box, nor read or write the host's files.",
        job=source(_MAIN, flags=flags),
        check=never_reads,
        stopped_in=CONFINED,
    )


ATTACKS += (
    _given("wrapper", "-wrapper", "/bin/cat,/etc/shadow"),
    _given("B", "-B/proc/1/root/usr/bin/"),
    _given("include", "-include", "/etc/shadow"),
    _given("imacros", "-imacros", "/etc/shadow"),
    _given("response file", "@/etc/shadow"),
    _given("linker script", "-Wl,-T,/etc/shadow"),
    _given("linker input", "-Wl,/etc/shadow"),
    _given("output elsewhere", "-Wl,-Map,/var/tmp/hpcraft-map"),
    _given("specs", "-specs=/etc/shadow"),
    Attack(
        id="N32",
        name="link time instructions in an object",
        must="A section that asks the linker or the compiler for more takes no file of the host.",
        job=source(
            '__asm__(".section .drectve\\n.ascii \\"-include:/etc/shadow\\"\\n.section .gnu.linkonce.x\\n.section .note.GNU-stack\\n.previous\\n.reloc ., R_X86_64_NONE, secret\\n"); int secret; '
            + _MAIN
        ),
        check=never_reads,
    ),
    Attack(
        id="N33",
        name="interpreter of the program",
        must="A program that names another loader or library path in itself gets none of the host's.",
        job=source(_MAIN, flags=("-Wl,--dynamic-linker=/proc/1/root/tmp/ld.so", "-Wl,-rpath,/proc/1/root/tmp")),
        check=ends(Verdict.RUNTIME_ERROR, Verdict.COMPILE_ERROR),
    ),
    Attack(
        id="N34",
        name="assembler that repeats",
        must="Repetition in assembler meets the compiler's limits.",
        job=source('__asm__(".rept 30000\\n.rept 30000\\nnop\\n.endr\\n.endr\\n"); ' + _MAIN, limits=SHORT_COMPILE),
        check=BUSY,
    ),
)

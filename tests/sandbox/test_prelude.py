"""Headers that are precompiled once and included ahead of every source."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcraft.errors import ConfigError
from hpcraft.sandbox import Job, Run, Verdict, build, prelude, run
from hpcraft.sandbox.cache import Cache
from hpcraft.sandbox.cuda import build as emulation
from hpcraft.sandbox.outcome import Compiler, Language

Need = Callable[..., None]
Commands = tuple[tuple[str, ...], ...]
PRELUDE = b'#include <stdio.h>\n#define ANSWER 42\nstatic inline void say(int n) { printf("%d\\n", n); }\n'


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("language", ["c", "cpp"])
def test_a_prelude_is_included_and_precompiled_once(language: Language, compiler: Compiler, watched: list[Commands], need: Need) -> None:
    """The source needs no include of its own; for the next source the header isn't compiled again."""
    need("bwrap", "gcc")
    name = "a.c" if language == "c" else "a.cpp"
    files = {name: b"int main(void) { say(ANSWER); }", "inc/pre.h": PRELUDE}
    job = Job(files=files, language=language, prelude="inc/pre.h", compiler=compiler)
    outcome = run(job)
    if outcome.verdict is Verdict.UNSUPPORTED:
        pytest.skip(outcome.message)
    assert (outcome.stdout, outcome.message) == ("42\n", "")
    assert [("-x" in commands[0], "-include" in commands[0]) for commands in watched] == [(True, False), (False, True), (False, False)]
    watched.clear()
    other = dataclasses.replace(job, files={**job.files, name: b"int main(void) { say(ANSWER + 1); }"})
    assert run(other).stdout == "43\n"
    assert len(watched) == 2  # the source and the run


@pytest.mark.parametrize(("compiler", "words"), [("gcc", "! ./inc/pre.h.gch\n"), ("clang", "")])
def test_the_precompiled_form_is_used(compiler: Compiler, words: str, kept: Cache, need: Need) -> None:
    """Asked for the headers that it reads, gcc names the precompiled one and clang none."""
    need("bwrap", "gcc")
    files = {"a.c": b"int main(void) { say(ANSWER); }", "inc/pre.h": PRELUDE}
    outcome = run(Job(files=files, language="c", prelude="inc/pre.h", compiler=compiler, flags=("-H",)))
    if outcome.verdict is Verdict.UNSUPPORTED:
        pytest.skip(outcome.message)
    assert outcome.compile is not None
    assert outcome.compile.stderr == words


def test_a_changed_prelude_is_compiled_again(kept: Cache, need: Need) -> None:
    """Another text is another key."""
    need("bwrap", "gcc")
    for answer in (1, 2, 1):
        files = {"a.c": b"int main(void) { say(ANSWER); }", "pre.h": PRELUDE.replace(b"42", b"%d" % answer)}
        assert run(Job(files=files, language="c", prelude="pre.h")).stdout == f"{answer}\n"


def test_a_prelude_may_include_other_headers(kept: Cache, need: Need) -> None:
    """Their texts count, too."""
    need("bwrap", "gcc")
    for answer in (1, 2):
        files = {
            "a.c": b"int main(void) { say(ANSWER); }",
            "pre.h": b'#include "real.h"\n',
            "real.h": PRELUDE.replace(b"42", b"%d" % answer),
        }
        assert run(Job(files=files, language="c", prelude="pre.h")).stdout == f"{answer}\n"


def test_an_error_in_the_prelude_is_said_as_such(kept: Cache, need: Need) -> None:
    """It is no fault of the source's."""
    need("bwrap", "gcc")
    outcome = run(Job(files={"a.c": b"int main(void) {}", "pre.h": b"nonsense;\nint x"}, language="c", prelude="pre.h"))
    assert outcome.verdict is Verdict.COMPILE_ERROR
    assert outcome.message.startswith("the prelude pre.h: ")
    assert outcome.compile is not None
    assert "-x c-header ./pre.h" in outcome.compile.command


@pytest.mark.parametrize("name", ["missing.h", "a.c"])
def test_a_prelude_that_is_no_header_of_the_job_is_refused(name: str) -> None:
    """It is the caller's mistake."""
    with pytest.raises(ConfigError, match="not a header among the files"):
        run(Job(files={"a.c": b"", "pre.h": b""}, language="c", prelude=name))


def test_a_precompiled_header_survives_the_end_of_its_build(kept: Cache, need: Need) -> None:
    """Runs of an open build and later builds don't depend on the first one's folder."""
    need("bwrap", "g++")
    job = Job(files={"a.cpp": b"int main() { say(ANSWER); }", "pre.h": PRELUDE}, language="cpp", prelude="pre.h")
    with build(job) as first:
        with build(dataclasses.replace(job, files={**job.files, "a.cpp": b"int main() { say(1); }"})) as second:
            assert second.run(Run()).stdout == "1\n"
        assert first.run(Run()).stdout == "42\n"


def test_our_headers_are_written_once_a_process(tmp_path: Path) -> None:
    """Each build gets links to one copy; a file of that name with another text is the job's own, and a lost copy is made again."""
    headers = dict(emulation.headers())
    name = next(iter(headers))
    prelude.write(tmp_path / "a", headers)
    prelude.write(tmp_path / "b", {**headers, "a.cu": b"int x;"})
    assert {path: (tmp_path / "b" / path).read_bytes() for path in headers} == headers
    assert all((tmp_path / "a" / path).samefile(tmp_path / "b" / path) for path in headers)
    prelude.write(tmp_path / "c", {**headers, name: b"other"})
    assert (tmp_path / "c" / name).read_bytes() == b"other"
    assert (tmp_path / "a" / name).read_bytes() == headers[name]
    shutil.rmtree(prelude.own_folder())
    prelude.write(tmp_path / "d", headers)
    assert {(tmp_path / "d" / path).read_bytes() == text for path, text in headers.items()} == {True}

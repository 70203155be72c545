"""Comments and raw strings out of the way: as one pattern would do it, in time that grows with the text alone."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.data.parallel.c_text import strip

PLAIN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))|(?P<raw>\b(?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)")"""
    r"""|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'""",
    re.DOTALL,
)
PARTS = [*('R"(', ')"', 'R"ab(', ')ab"', 'u8R"(', 'R"a"b(', ')a"b"', '"', "'", '\\"', "/*", "*/", "//"), *"\n x()R"]


def plainly(code: str) -> str:
    """The same by one pattern, which looks through the rest of the code for each raw string that nothing closes."""
    return PLAIN.sub(lambda m: " " if m["comment"] else '""' if m["raw"] else m[0], code)


@given(st.lists(st.sampled_from(PARTS), max_size=16).map("".join))
def test_as_one_pattern_would(code: str) -> None:
    """Whatever opens and closes in whatever order."""
    assert strip(code) == plainly(code)


@pytest.mark.parametrize(
    "make",
    [
        lambda size: 'R"(\n' * size,
        lambda size: "".join(f'R"{number}(\n' for number in range(size)),
        lambda size: ")" * size + 'R"(' + ')"' * size,
    ],
)
def test_many_unclosed_raw_strings_take_time_in_proportion(make) -> None:
    """Eight times as many would take sixty-four times as long if each were looked for to the end."""
    times = [min(took(make(size)) for _ in range(3)) for size in (2_000, 16_000)]
    assert times[1] < 24 * times[0]


def took(code: str) -> float:
    """Seconds of the processor that it takes."""
    begin = time.process_time()
    strip(code)
    return time.process_time() - begin

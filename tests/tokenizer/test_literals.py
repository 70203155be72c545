"""Literals: placeholders of the same kind, and the text back whatever it was."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft.errors import ConfigError
from hpcraft.tokenizer.lexer import LANGUAGES, lex
from hpcraft.tokenizer.literals import abstract, restore_literals

WORDS = """"s0" "a" 'c0' 'x' 10 11 10.0 3.5f 1.0_dp 2.d0 0x1F 7 ' " \\ x . + !$omp // /* ! 5Habcde f10.3 1e5 extern R"( )"""
PARTS = st.sampled_from((*WORDS.split(), " ", "\n", "#define N", "#pragma omp"))


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(st.lists(PARTS, max_size=30).map("".join), st.text(max_size=100)), language=st.sampled_from(LANGUAGES))
def test_any_text_comes_back(text: str, language: str) -> None:
    """Restoring gives the text byte for byte, also when placeholders stand in it already or it is no program."""
    assert restore_literals(abstract(text, language)) == text


def test_placeholders_are_literals_of_the_same_kind() -> None:
    """Equal literals share a placeholder, prefixes and suffixes stay, and so do digits."""
    source = 'double a = 3.14f + 0x1FUL + 1234 + 1234; puts("hi"); wputs(L"hi"); int c = \'x\', d = 7, e = 3.14f;\n'
    done = abstract(source, "c")
    assert done.text == 'double a = 10.0f + 11UL + 12 + 12; puts("s0"); wputs(L"s1"); int c = \'c0\', d = 7, e = 10.0f;\n'
    assert done.literals["10.0f"] == "3.14f"
    assert [t.kind for t in lex(done.text, "c")] == [t.kind for t in lex(source, "c")]


def test_placeholders_of_the_text_are_skipped() -> None:
    """A literal that looks like a placeholder is never mistaken for one."""
    assert abstract('#pragma omp parallel num_threads(10)\nf("s0", 99, "x");\n', "c").text == (
        '#pragma omp parallel num_threads(10)\nf("s1", 11, "s2");\n'
    )


@pytest.mark.parametrize(
    ("source", "language"),
    [
        ('#include "abc.h"\n#if V > 300\n#pragma omp for schedule(static, 64)\nextern "C" {\n', "cpp"),
        ("!$omp parallel num_threads(16)\n100 format(1x, f10.3)\n      goto 100\n", "fortran"),
    ],
)
def test_what_is_read_by_its_value_stays(source: str, language: str) -> None:
    """Directives, includes, linkage, labels and formats keep their literals."""
    assert abstract(source, language).text == source


def test_fortran_kinds_and_exponents() -> None:
    """The kind and the letter of the exponent stay, since they are types."""
    assert abstract("x = 1.5d0 + 2.25_dp + 12_8 + 1e-6 + 'it''s'\n", "fortran").text == "x = 10.0d0 + 11.0_dp + 13_8 + 14.0 + 's0'\n"


def test_macros_are_abstracted() -> None:
    """The value of a macro is a constant of the program like another."""
    assert abstract("#define N 1024\nint a[N + 1024];\n", "c").text == "#define N 10\nint a[N + 10];\n"


def test_unknown_language_is_refused() -> None:
    """The message names what is allowed."""
    with pytest.raises(ConfigError, match="expected one of c, cpp, cuda, fortran"):
        abstract("", "ada")

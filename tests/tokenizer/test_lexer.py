"""The cut of programs into tokens."""

from __future__ import annotations

import mmap
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft.errors import ConfigError, InputError
from hpcraft.tokenizer import _native, lexer
from hpcraft.tokenizer.lexer import LANGUAGES, MAX_BYTES, lex
from hpcraft.tokenizer.rename import rename

_CUTS = {
    "#include <a> // b\nx": ["include", "comment", "newline", "word"],
    "#include <a//b>/*\n*/x": ["include", "comment", "word"],
    "# include <a>\\\nx": ["include", "newline", "word"],
    "// a \\\n b\nc": ["comment", "newline", "word"],
    "/* a\n */b /* c": ["comment", "word", "space", "comment"],
    'R"x(a)" )x" u8"b" L\'c\' "d\\"e" "f': ["string", "space", "string", "space", "string", "space", "string", "space", "other", "word"],
    "0x1.8p-3+1'000'000ull .5e+1f": ["number", "other", "number", "space", "number"],
    "a$b_é ²x": ["word", "space", "word"],
    "f<<<g>>>(h)": ["word", "other", "word", "other", "other", "word", "other"],
    "a \\\r\n b\r\n": ["word", "space", "word", "space", "newline"],
    "\ufeff#include <a>\n\0": ["space", "other", "word", "space", "other", "word", "other", "newline", "other"],
}


@pytest.mark.parametrize("text", _CUTS)
def test_kinds_of_tokens(text: str) -> None:
    """Comments, strings, numbers and directives are one token each."""
    tokens = lex(text, "cpp")
    assert [t.kind for t in tokens] == _CUTS[text]
    assert "".join(t.text for t in tokens) == text


@given(text=st.text(st.characters(codec=None), max_size=60), language=st.sampled_from(LANGUAGES))
@settings(max_examples=200, deadline=None)
def test_nothing_is_lost(text: str, language: str) -> None:
    """The tokens joined are the text, surrogates and control characters included."""
    assert "".join(t.text for t in lex(text, language)) == text


def test_unknown_language_and_form_are_named() -> None:
    """What can't be cut is a usage error that lists what can."""
    with pytest.raises(ConfigError, match=r"cobol.*fortran"):
        lex("x", "cobol")
    with pytest.raises(ConfigError, match=r"punched.*fixed"):
        lex("x", "fortran", "punched")


def test_texts_over_four_gibibytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every entry point of the native half refuses a longer text (here address space that nothing fills), and Python says so in one line."""
    calls: dict[str, Callable[[mmap.mmap], object]] = {
        "lex": lambda text: _native.lex(text, 0, 0),
        "lex of Fortran": lambda text: _native.lex(text, 3, 1),
        "resolve": lambda text: _native.resolve(text, 1, 0),
        "resolve of Fortran": lambda text: _native.resolve(text, 3, 0),
        "substitute": lambda text: _native.substitute(text, b"", []),
        "occurring": lambda text: _native.occurring(text, b"", b"", b"v"),
        "replace_words": lambda text: _native.replace_words(text, 0, 0, [], []),
        "restores": lambda text: _native.restores(text, 0, 0, [], [], b""),
        "substitute_fortran": lambda text: _native.substitute_fortran(text, 1, b"", []),
        "restore_fortran": lambda text: _native.restore_fortran(text, 1, [], [], [], []),
    }
    with mmap.mmap(-1, MAX_BYTES + 1) as text:
        for call in calls.values():
            with pytest.raises(OverflowError, match="4 GiB"):
                call(text)
    monkeypatch.setattr(lexer, "MAX_BYTES", 10)
    for read in (lambda text: lex(text, "c"), lambda text: rename(text, "cpp"), lambda text: rename(text, "fortran")):
        with pytest.raises(InputError, match="a text of 11 bytes: expected at most 10; cut it into files"):
            read("int x = 11;")

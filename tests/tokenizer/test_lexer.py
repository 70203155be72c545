"""The cut of programs into tokens."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft.errors import ConfigError
from hpcraft.tokenizer.lexer import LANGUAGES, lex

_CUTS = {
    "#include <a> // b\nx": ["include", "newline", "word"],
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

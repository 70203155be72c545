"""Filters: tables in every guise are data, and the error share counts what the grammar could not read."""

from __future__ import annotations

import pytest
import tree_sitter_c
from hypothesis import given
from hypothesis import strategies as st
from tree_sitter import Language, Parser

from hpcraft.data.filters import Limits, check_errors, check_text, error_share, is_data

_LIMITS = Limits(max_bytes=500_000, max_line_length=1000, max_mean_line_length=120, min_alnum_share=0.25, min_tokens=15)
_PARSER = Parser(Language(tree_sitter_c.language()))
_CODE = "int f(int a) {\n  if (a > 0) return a * 2;\n  return a;\n}\n"


def _share(text: str) -> float:
    raw = text.encode()
    return error_share(_PARSER.parse(raw).root_node, len(raw))


@pytest.mark.parametrize(
    "text",
    [
        "const unsigned char logo[] = {\n" + "  0xde, 0xad, 0xbe, 0xef, 0xfa, 0xce, 0xca, 0xfe,\n" * 200 + "};\n",
        "const char *names[] = {\n" + '  "a row of the table of names",\n' * 300 + "};\n",
        "      block data\n"
        + "      data wleb( 664),(gjk(i, 664),i=1,2)/\n     &  3.054555883947677D-04,\n     &  4.959365651560963D-01, 7.348318468484349D-02/\n"
        * 60
        + "      end\n",
        "".join(f"#define K{i} 0.6895405447370669{i}\n" for i in range(300)),
        "void f(double a[99][99]) {\n" + "".join(f"  a[{i}][{i}] = 3.87314624569984621023e-03;\n" for i in range(300)) + "}\n",
        "static const double c[] = {\n" + "  1.0, -2.5e-3, 7.25f,\n" * 300 + "};\n",
    ],
)
def test_tables_are_data(text):
    """Bytes in hexadecimal, strings, Fortran data statements, macros, single elements and coefficients are all tables."""
    assert is_data(text)
    assert check_text(text, _LIMITS) == "data-as-code"


@pytest.mark.parametrize("text", [_CODE * 120, 'puts("usage");\nrun(1, 2);\n' * 300, "      X(I+1) = X(I) + 2.0D0*Y(I+3)\n" * 200])
def test_code_with_numbers_is_not_data(text):
    """Statements that compute or call are code, however many numbers and strings they hold."""
    assert not is_data(text)


@given(st.text(alphabet='0123456789.,{}()"abcdefx =;/&*\n', max_size=6000))
def test_any_table_is_answered_in_time(text):
    """No arrangement of a table's signs keeps the filter busy."""
    is_data(text * 3)


def test_clean_text_has_no_errors():
    """A text that parses has a share of zero."""
    assert _share(_CODE) == 0.0
    assert error_share(_PARSER.parse(b"").root_node, 0) == 0.0


def test_error_share_counts_lost_bytes():
    """Garbage between functions counts by its bytes, a missing sign as one, and the rest doesn't count."""
    garbage = "@@ ]] $$ ?? >> ) ) @@\n"
    share = _share(_CODE * 5 + garbage + _CODE * 5)
    assert 0.3 * len(garbage) <= share * len(_CODE * 10 + garbage) <= 2 * len(garbage)
    missing = "int a = 1\nint b;\n"
    assert 0 < _share(missing) <= 10 / len(missing)


def test_whole_functions_inside_an_error_are_not_lost():
    """A brace too many, as branches of the preprocessor give, leaves the rest of the file readable."""
    opened = "#if A\nint g(int a) {\n#else\nint g(long a) {\n#endif\n  return 1;\n}\n"
    assert 0 < _share(_CODE * 20 + opened + _CODE * 20) < 0.1


@given(st.text(max_size=300))
def test_error_share_is_a_share(text):
    """Whatever the text, the share lies between 0 and 1."""
    assert 0.0 <= _share(text) <= 1.0


def test_the_limit_of_errors_is_a_limit():
    """Files above the limit are rejected, those at it are kept."""
    assert check_errors(0.31, _LIMITS) == "parse-errors"
    assert check_errors(0.3, _LIMITS) == ""

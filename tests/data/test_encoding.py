"""Decoding: every encoding that is claimed comes back as the text it was, and bytes that aren't text are refused."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.data.encoding import decode, normalise

_UNICODE = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufeff\ufffe\uffff"), max_size=200)
_LINES = st.lists(st.one_of(_UNICODE, st.just("  int a;\t ")), min_size=1, max_size=6)
_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
_JAPANESE = (
    "/* 行列の積を計算する関数。配列は行優先で格納される。\n * 引数 n は次数を表す。並列化は外側のループで行う。*/\nvoid f(int n);\n"
)
_CHINESE = "/* 计算矩阵乘法的函数。数组按行优先存储。参数表示阶数。\n 并行化在外层循环进行。 */\nvoid f(int n);\n"
_KOREAN = "/* 행렬 곱을 계산하는 함수. 배열은 행 우선으로 저장된다. 병렬화는 바깥쪽 반복문에서 수행한다 */\nvoid f(int n);\n"
_GERMAN = "/* Größe der Matrix für die Lösung; äußere Schleife läuft über Blöcke */\nint f(void);\n"


@given(_LINES, _ENDS, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_unicode_comes_back_normalised(lines, end, encoding):
    """Any text in UTF-8, or in a Unicode encoding with its mark, is read as it was but for line ends and trailing blanks."""
    text = "int x;" + end.join(lines)
    found = decode(text.encode(encoding))
    assert found.text == normalise(text)
    assert found.encoding == encoding


@given(_LINES)
def test_normalising_twice_changes_nothing(lines):
    """A normalised text is its own normal form, and no line of it ends in a blank."""
    text = normalise("\r\n".join(lines))
    assert normalise(text) == text
    assert not any(line.endswith((" ", "\t")) for line in text.split("\n"))


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=8),
    st.sampled_from(["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]),
)
def test_wide_code_needs_no_mark(text, encoding):
    """UTF-16 and UTF-32 without a mark are known by their zero bytes where the text is code."""
    code = "int main(void);\n" + text
    assert decode(code.encode(encoding)).text == normalise(code)


@given(
    st.lists(st.sampled_from(["Größe", "résolution", "måling", "año", "naïve", "x = y;", "Schrödinger"]), min_size=1, max_size=30),
    st.sampled_from(["latin-1", "cp1252"]),
)
def test_western_text_comes_back(words, encoding):
    """Western comments in Latin-1 or Windows-1252 keep their letters."""
    text = "/* " + " ".join(words) + " */\n"
    assert decode(text.encode(encoding)).text == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (_JAPANESE, "shift_jis"),
        (_JAPANESE, "euc_jp"),
        (_CHINESE, "gb18030"),
        (_CHINESE, "gbk"),
        (_KOREAN, "euc_kr"),
        (_GERMAN, "latin-1"),
        ("/* l’échelle */\n", "cp1252"),
    ],
)
def test_legacy_encodings_are_told_apart(text, encoding):
    """Comments of a few words are enough to tell the common legacy encodings."""
    assert decode(text.encode(encoding)).text == text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n\t\r\n", "empty"),
        (codecs.BOM_UTF8 + b" \n", "empty"),
        (b"\x7fELF\0\0\1", "binary"),
        (b"int a;\x01\n", "binary"),
        (codecs.BOM_UTF16_LE + b"i\0n\0t", "binary"),
        (codecs.BOM_UTF32_LE + b"\xff\xff\xff\xff", "binary"),
        (bytes(range(256)) * 20, "binary"),
    ],
)
def test_what_is_no_text_is_refused(content, reason):
    """Empty files, binaries and broken Unicode give a reason and no text."""
    found = decode(content)
    assert (found.reason, found.text, found.encoding) == (reason, "", "")


@given(st.binary(max_size=300))
def test_any_bytes_are_answered(content):
    """No bytes make the decoder fail: there is a text or a reason, never both."""
    found = decode(content)
    assert bool(found.text) != bool(found.reason)

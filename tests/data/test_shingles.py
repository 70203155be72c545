"""Features of texts: what changes them and what doesn't, and the similarity that they give."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft.data.shingles import FEW, LENGTH, Features, features, jaccard
from tests.data.near_inputs import edited, of_text, programs, renamed

SETS = st.sets(st.integers(0, 50)).map(lambda numbers: np.array(sorted(numbers), np.uint32))
FORTRAN = "\n".join(
    f"call step{n}(a{n}, b) ; x{n} = {'+'.join(['y', 'z(i)', '2.0'][: n % 3 + 1])} * w ; if (x{n} > b) exit" for n in range(20)
)


@given(st.sampled_from(programs()), st.integers(0, 9))
@settings(max_examples=30, deadline=None)
def test_renaming_changes_nothing(text, salt):
    """Consistent new names give the same features, also where the old ones were words of another language."""
    other = renamed(text, f"name{salt}_")
    assert other != text
    assert np.array_equal(of_text(text), of_text(other))


@pytest.mark.parametrize(
    "name", ["data", "acc", "value", "result", "type", "end", "map", "master", "cutoff", "accumulate", "closest", "hipster", "current"]
)
def test_plain_words_are_names(name):
    """Names that begin like an interface, or are keywords of Fortran or directives, are names in C."""
    text = programs()[0] + "\n" + "\n".join(f"float f{n}(float q) {{ return q * {n} + other[q]; }}" for n in range(3))
    assert np.array_equal(of_text(text.replace("other", name)), of_text(text))


@pytest.mark.parametrize("name", ["MPI_Send", "omp_get_thread_num", "cudaMalloc", "cuMemAlloc", "hipMalloc", "while", "__syncthreads__"])
def test_interfaces_and_keywords_are_not(name):
    """A call of a parallel interface is not like another call."""
    text = programs()[0] + "\nvoid f() { other(1); }"
    assert not np.array_equal(of_text(text.replace("other", name)), of_text(text))


def test_comments_layout_numbers_includes():
    """Comments, blanks, values of numbers, contents of strings and included files don't count."""
    body = programs()[1]
    text = "#include <a.h>\n" + body + '\nint q = 1; const char *s = "x"; // one\n'
    other = (
        '#include "b.h"\n#  include <c.h>\n' + body.replace(";", " ; ") + '\nint   q = 0x7fUL; /* two */ const char *s = "other words";\n'
    )
    assert np.array_equal(of_text(text), of_text(other))


def test_fortran_case_and_continuation():
    """Fortran is the same in upper case and on continued lines."""
    assert np.array_equal(features("fortran", FORTRAN), features("fortran", FORTRAN.upper().replace(";", "; &\n  &")))


def test_who_is_repeated_counts():
    """Which names are the same still matters within a shingle."""
    one = programs()[0] + "\nvoid f() { x = x + y; }"
    assert not np.array_equal(of_text(one), of_text(one.replace("x + y", "y + x")))


def test_short_texts_keep_their_names():
    """A text that is little more than a guard or a list of includes isn't like another such text."""
    one, other = (f"#ifndef {name}_H\n#define {name}_H\n#include <x.h>\nvoid {name}(void);\n#endif\n" for name in ("ONE", "OTHER"))
    assert 0 < len(of_text(one)) < FEW
    assert jaccard(of_text(one), of_text(other)) < 0.5
    assert jaccard(of_text(one), of_text(one + "// more")) == 1
    assert len(of_text("#include <x.h>\n#include <y.h>\n")) == 0


@pytest.mark.parametrize(("text", "count"), [("", 0), (" \n\t", 0), ("x", 1), ("a = 1", 1), ("a = 1 ;" + " ;" * LENGTH, LENGTH)])
def test_tiny_texts(text, count):
    """Nothing has no feature, and a text shorter than a shingle has one."""
    assert len(features("c", text)) == count


def test_repeated_shingles_are_told_apart():
    """The features are those of a multiset: twice the text is half as alike."""
    one = of_text(programs()[2])
    assert jaccard(one, of_text(programs()[2] * 2)) == pytest.approx(0.5, abs=0.02)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300), st.sampled_from(["c", "cpp", "cuda", "fortran"]))
@settings(max_examples=100, deadline=None)
def test_any_text(text, language):
    """Any text has sorted features, each once, and gives the same ones again."""
    found = features(language, text)
    assert found.dtype == np.uint32
    assert (np.diff(found.astype(np.int64)) > 0).all()
    assert np.array_equal(found, features(language, text))


@given(SETS, SETS)
def test_similarity(one: Features, other: Features):
    """Symmetric, between 0 and 1, 1 for the same set only, and what sets give."""
    similarity = jaccard(one, other)
    assert similarity == jaccard(other, one)
    assert jaccard(one, one) == 1
    union = set(one.tolist()) | set(other.tolist())
    assert similarity == (len(set(one.tolist()) & set(other.tolist())) / len(union) if union else 1)


def test_more_edits_less_alike():
    """On average the similarity falls with the share of lines that were edited, and 10 % stay above the threshold."""
    rng = random.Random(5)
    means = [
        np.mean([jaccard(of_text(text), of_text(edited(text, rng, share))) for text in programs()[:40]])
        for share in (0, 0.05, 0.1, 0.2, 0.5, 1)
    ]
    assert means == sorted(means, reverse=True)
    assert means[0] == 1
    assert means[2] > 0.6
    assert means[-1] < 0.2

"""Files of completions as anybody may have written them."""

import codecs
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpcraft.errors import InputError
from hpcraft.eval.completions import read_completions
from hpcraft.eval.extract import extract
from hpcraft.eval.suites import kernel_tasks
from hpcraft.samples import Completion
from hpcraft.store import read_jsonl, write_jsonl

ROW = {"task_id": "a", "sample_id": 0, "completion": "x", "model": "m", "prompt_sha256": ""}
TASK = kernel_tasks()[0]
rows = st.builds(
    lambda task, sample, text, extra: ROW | {"task_id": task, "sample_id": sample, "completion": text} | extra,
    st.sampled_from(["a", "b", "\ud800"]),
    st.integers(-1, 2),
    st.text(st.characters(exclude_categories=()), max_size=20),  # halves of surrogate pairs among them
    st.sampled_from([{}, {}, {"more": 1}, {"sampling": {"seed": 1, "x": "\udfff"}}, {"model": 7}, {"schema": "other/1"}]),
)
lines = st.one_of(rows.map(lambda row: json.dumps(row).encode()), st.binary(max_size=30).map(lambda b: b.replace(b"\n", b"")))


@given(st.lists(lines, max_size=12), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_line_is_taken_or_told(tmp_path, given_lines, torn):
    """Whatever the bytes: each line is a completion or counted under a reason, each (task, sample) comes once, and what is taken can be written."""
    path = tmp_path / "answers.jsonl"
    path.write_bytes(b"\n".join(given_lines) + (b"" if torn else b"\n"))
    found = read_completions(path)
    taken = list(found.completions)
    count = sum(1 for line in path.read_bytes().split(b"\n") if line.strip())
    assert len(taken) + found.dropped.total() == count
    assert len({(c.task_id, c.sample_id) for c in taken}) == len(taken)
    assert found.dropped.keys() == found.first.keys()
    assert len(found.notes("file")) == len(found.dropped)
    write_jsonl(tmp_path / "again.jsonl", taken)
    assert list(read_jsonl(tmp_path / "again.jsonl", Completion)) == taken
    for completion in taken:
        extract(TASK, completion.completion).code.encode()


def test_a_refused_answer_holds_its_place(tmp_path):
    """The second of two with one number doesn't count instead of a first that can't be judged."""
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(ROW | {"completion": text}) + "\n" for text in ("bad", "good")))
    found = read_completions(path, lambda c: "no good: it is bad" if c.completion == "bad" else "")
    assert list(found.completions) == []
    assert found.dropped == {"no good": 1, "a second answer with the same task and sample": 1}
    assert found.first["no good"] == "line 1: it is bad"


def test_a_byte_order_mark_costs_no_line(tmp_path):
    """Some editors write one before UTF-8; a second one within the file is no part of a line that can be read."""
    path = tmp_path / "answers.jsonl"
    line = json.dumps(ROW).encode()
    path.write_bytes(codecs.BOM_UTF8 + line + b"\n" + codecs.BOM_UTF8 + line + b"\n")
    found = read_completions(path)
    assert [c.completion for c in found.completions] == ["x"]
    assert found.dropped == {"unreadable": 1}


def test_a_missing_file_is_one_line(tmp_path):
    """No file, and a folder in its place."""
    for path in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(InputError, match="no such file"):
            read_completions(path)

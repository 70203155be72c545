"""The view of a file: nothing is lost on the way to the terminal or the page, and nothing in a file acts on either."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from hpcraft.cli import main
from hpcraft.tokenizer import bpe
from hpcraft.tokenizer.inspect_page import render
from hpcraft.tokenizer.inspect_terminal import coloured, plain, visible
from hpcraft.tokenizer.lexer import LANGUAGES
from hpcraft.tokenizer.names import decode, encode
from hpcraft.tokenizer.streams import Encoder
from hpcraft.tokenizer.token_plan import SMALLEST
from hpcraft.tokenizer.view import KINDS, Options, make_view

SOURCE = """#include <math.h>
/* sums ☃ */
double total(int count, const double *values)
{
    double sum = 0.0;
    #pragma omp parallel for reduction(+:sum)
    for (int i = 0; i < count; i++)
        sum += sqrt(values[i]); // "</script><b>"
    return sum;
}
"""
TOKENIZER = bpe.train([SOURCE], SMALLEST)


@settings(max_examples=150, deadline=None)
@given(
    text=st.one_of(st.text(max_size=120), st.lists(st.sampled_from(["x", " ", "\n", "#pragma omp", "é", "☃", '"', "1"])).map("".join)),
    language=st.sampled_from(("", *LANGUAGES)),
    cut=st.booleans(),
)
def test_a_view_holds_all_of_the_text(text: str, language: str, cut: bool) -> None:
    """Fragments and pieces joined are the text, every token has a fragment, and rows end with newlines."""
    view = make_view(text, TOKENIZER if cut else None, Options(language=language))
    fragments = [fragment for row in view.rows for fragment in row.fragments]
    assert "".join(fragment.text for fragment in fragments) == view.renamed.text
    assert "".join(view.pieces) == view.renamed.text
    assert {fragment.token for fragment in fragments} == set(range(len(view.pieces)))
    assert all("\n" not in fragment.text.rstrip("\n") for fragment in fragments)
    if cut:
        assert view.ids == TOKENIZER.encode(view.renamed.text, add_special_tokens=False).ids


def test_names_kinds_and_directives() -> None:
    """Renamed words know what they were, kept ones are the platform's, and a directive is a row of its own kind."""
    view = make_view(SOURCE, TOKENIZER, Options(language="c"))
    seen = {(KINDS[f.kind][0], f.text, f.original) for row in view.rows for f in row.fragments}
    assert {("variable", "v0", "count"), ("function", "f0", "total"), ("platform", "const", "")} <= {
        (kind, text.strip(), original) for kind, text, original in seen
    }
    assert [number for number, row in enumerate(view.rows, 1) if row.directive] == [6]
    assert view.names == {"variable": 4, "function": 1}
    assert view.uses["v0"] == 2
    assert (view.directive_words, view.fertility > 0) == (11, True)


def test_without_renaming_and_laid_out() -> None:
    """The options show the names as they are, and the canonical layout."""
    assert make_view(SOURCE, None, Options(language="c", renames=False)).renamed.text == SOURCE
    laid = make_view(SOURCE, None, Options(language="c", layout=True)).renamed.text
    assert "double f0(int v0,const double*v1){\n" in laid


def test_page_loads_nothing_and_escapes_the_text(tmp_path: Path) -> None:
    """The page forbids every request, and holds the text as escaped data alone."""
    view = make_view(SOURCE, TOKENIZER, Options(language="c"))
    page = render(view, tmp_path / "<b>.c", "tok", {number: TOKENIZER.id_to_token(number) or "" for number in view.ids})
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|src=|href=|url\(", page)
    assert "<b>" not in page
    assert page.count("</script>") == 2
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    texts = [row[at] for block in data["blocks"] for row in block for at in range(3, len(row), 4)]
    assert "".join(texts) == view.renamed.text
    assert data["ids"] == view.ids


def test_a_long_line_is_more_than_one_block(tmp_path: Path) -> None:
    """No block of the page is large, however long a line is, so that a browser never makes many elements at once."""
    view = make_view("x+" * 20000, None, Options(language="c"))
    page = render(view, tmp_path / "a.c", "", {})
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert max(sum(len(row) for row in block) for block in data["blocks"]) < 4 * 2600
    assert [row[0] for block in data["blocks"] for row in block][:2] == [1, 0]


def test_terminal_shows_marks_for_what_would_act() -> None:
    """Escape sequences, and characters that turn text, are marks; each name says once what it was."""
    assert visible("a\x1b[31m\u202eb\n\t") == "a␣[31m␣b⏎→"
    view = make_view(SOURCE, TOKENIZER, Options(language="c"))
    lines = [line.plain for line in coloured(view)]
    assert sum(line.count("‹sum›") for line in lines) == 1
    assert lines[5].startswith("▌")
    assert "\x1b" not in plain(make_view("\x1b[2J", None, Options()))


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Plain text without a terminal, JSON with pieces and names, and a page; a tokenizer is optional."""
    source = tmp_path / "a.c"
    source.write_text(SOURCE)
    bpe.save(TOKENIZER, tmp_path)
    assert main(["tokenizer", "inspect", str(tmp_path), str(source)]) == 0
    assert "names: 4 variables, 1 function" in capsys.readouterr().out
    assert main(["tokenizer", "inspect", str(source), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["names"]["v0"] == "count"
    assert "".join(shown["pieces"]).startswith("#include <math.h>\n")
    assert main(["tokenizer", "inspect", str(tmp_path), str(source), "--html", str(tmp_path / "a.html"), "--quiet"]) == 0
    assert (tmp_path / "a.html").read_text().startswith("<!doctype html>")
    (tmp_path / "a.txt").write_text("no source")
    assert main(["tokenizer", "inspect", str(tmp_path / "a.txt"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["language"] == ""


@pytest.mark.parametrize("tokenizer", [None, TOKENIZER], ids=["lexer", "bpe"])
def test_bytes_that_are_not_utf8_are_shown(tokenizer: Tokenizer | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file in Latin-1 is cut and renamed like any other; its odd bytes are escapes in the terminal and on the page, also in names."""
    data = b'int caf\xe9(void)\n{ return puts("\xff\xfe \xc3\xa9"); } /* \xe9 */\n'
    view = make_view(decode(data), tokenizer, Options(language="c"))
    assert encode("".join(view.pieces)) == encode(view.renamed.text)
    assert encode("".join(fragment.text for row in view.rows for fragment in row.fragments)) == encode(view.renamed.text)
    if tokenizer:
        assert view.ids == Encoder(tokenizer).encode(view.renamed.text)
    shown = plain(view).replace("|", "")
    assert '"\\xff\\xfe é"' in shown
    assert "/* \\xe9 */" in shown
    assert "caf" not in shown
    assert any("‹caf\\xe9›" in line.plain for line in coloured(view))
    (tmp_path / "a.c").write_bytes(data)
    bpe.save(TOKENIZER, tmp_path)
    folder = [str(tmp_path)] if tokenizer else []
    assert main(["tokenizer", "inspect", *folder, str(tmp_path / "a.c"), "--html", str(tmp_path / "a.html")]) == 0
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "caf\\\\xe9" in page.partition('id="data">')[2]
    assert main(["tokenizer", "inspect", *folder, str(tmp_path / "a.c")]) == 0
    assert "\\xff" in capsys.readouterr().out
    assert main(["tokenizer", "inspect", *folder, str(tmp_path / "a.c"), "--layout", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["names"]["f0"] == "caf\\xe9"


@pytest.mark.slow
def test_browser_draws_what_is_near(tmp_path: Path) -> None:
    """In a browser a large file has few elements, scrolling draws more, and the own names can be shown."""
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("no Chromium")
    view = make_view(SOURCE * 1500, TOKENIZER, Options(language="c"))
    (tmp_path / "a.html").write_text(render(view, tmp_path / "a.c", "tok", {}))
    with sync_api.sync_playwright() as playwright:
        # Chromium's own sandbox can't be set up by root; the page is ours and its policy allows no request.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        problems: list[str] = []
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.goto((tmp_path / "a.html").as_uri())
        tab.wait_for_selector(".t")
        assert tab.evaluate("document.querySelectorAll('.t').length") < 20000
        assert tab.locator("#code .line").nth(2).inner_text() == "double·f0(int·v0,·const·double·*v1)⏎"
        tab.evaluate("window.scrollTo(0, document.body.scrollHeight / 2)")
        tab.wait_for_timeout(300)
        assert tab.evaluate("Number(document.querySelector('.row').dataset.n)") > 500
        tab.evaluate("window.scrollTo(0, 0)")
        tab.wait_for_timeout(300)
        tab.locator("#own").check()
        assert tab.locator("#code .line").nth(2).inner_text() == "double·total(int·count,·const·double·*values)⏎"
        tab.locator("#code .line").nth(2).locator(".t", has_text="count").first.hover()
        assert "its own name count" in tab.locator("#told").inner_text()
        browser.close()
    assert problems == []

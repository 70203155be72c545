"""What a bar shows of a long work."""

import io
import sys

import pytest

from hpcraft import progress


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        """As a terminal says."""
        return True


@pytest.mark.parametrize("width", [80, 160])
def test_a_narrow_terminal_shows_how_far_it_is_and_how_long_it_takes(width, monkeypatch):
    """Words are cut before the count and the time left are."""
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    progress.set_quiet(False)
    with progress.bar("pretrain", 3600) as advance:
        for _ in range(3):
            advance(311, "loss 2.345, 2.980 bits/byte, 1,056 tokens/s, MFU 61%, step 933")
    shown = terminal.getvalue()
    assert "933/3600" in shown
    assert "0:00:0" in shown
    assert "loss 2.345" in shown
    assert ("step 933" in shown) == (width == 160)

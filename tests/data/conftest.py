"""What tests of the corpus share."""

from __future__ import annotations

import pytest

from tests.data.in_place import Here, plain_map


@pytest.fixture
def in_place(monkeypatch: pytest.MonkeyPatch) -> Here:
    """An executor, and files cleaned without a process of their own; nothing is drawn."""
    monkeypatch.setattr("hpcraft.data.cleaning.ordered_map", plain_map)
    monkeypatch.setattr("hpcraft.data.statistics.draw", lambda _facts: {})
    return Here()

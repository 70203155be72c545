"""Every attack of the list that this machine can play, as an ordinary user, in every tier that this machine has."""

from __future__ import annotations

import pytest

from tests.sandbox.attacks.batch import cases, verify


@pytest.mark.parametrize(("attack", "tier"), cases("user"))
def test_is_stopped(attack: str, tier: str) -> None:
    """What the attack's record says must hold does, and nothing is left behind."""
    verify(attack, tier, "user")

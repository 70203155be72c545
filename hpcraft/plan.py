"""The plan in a stage's partial folder: which call left what lies there, and whether another call may go on with it.

A call goes on with what one of the same fingerprint left. A training whose numbers were none is told to go on with other settings, which change
the fingerprint (`Stage.alike`): its plan is marked, and a call that differs in those settings alone goes on with it, too. What was changed stays in the
plan, and comes into the manifest's notes.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from hpcraft.command import note
from hpcraft.errors import ConfigError
from hpcraft.store import JSON, MANIFEST, read_json, sha256_json, write_json

PLAN = ".plan.json"


def plan_of(fingerprint: str, alike: str, config: JSON) -> JSON:
    """The plan of a call.

    Args:
        fingerprint: of the call.
        alike: of the call without the settings that may change once its numbers were none; empty where there is no such setting.
        config: the settings that decide the output.
    """
    return {"fingerprint": fingerprint, "alike": alike, "config": config}


def prepare_partial(partial: Path, mine: JSON, *, fresh: bool, keep: bool) -> list[str]:
    """Keep what may be gone on with, and with ``keep`` whatever there is; empty the folder otherwise.

    Args:
        partial: the folder.
        mine: `plan_of` this call.
        fresh: whether to begin anew whatever there is.
        keep: see `Stage.keeps`.

    Returns:
        Notes for the manifest: which settings were changed on the way.

    Raises:
        ConfigError: hpcraft didn't make the folder.
    """
    plan = partial / PLAN
    others = [entry for entry in partial.iterdir() if not entry.name.startswith(f".{PLAN}.") and entry != plan]
    if others and not plan.exists():
        raise ConfigError(f"{partial}: exists and was not written by hpcraft; remove it or give another output folder")
    before = read_json(plan) if plan.exists() and not fresh else {}
    same = before.get("fingerprint") == mine["fingerprint"]
    mended = not same and _goes_on(partial, before, mine)
    if before and (keep or same or mended):
        for leftover in [p for p in partial.rglob(".*.tmp") if p.is_file()]:
            leftover.unlink()
        notes: list[str] = before.get("notes", [])
        if mended:
            notes = [*notes, _changed(before["config"], mine["config"])]
            note(f"note: {notes[-1]}; --force begins anew")
        write_json(plan, {**mine, "notes": notes, "diverged": before.get("diverged", False)})
        return notes
    write_json(plan, {})  # of no call: a crash in between leaves a folder that is known as ours, and that nothing goes on with
    for entry in others:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    write_json(plan, mine)
    return []


def mark_diverged(partial: Path) -> None:
    """Let calls with other settings go on, as far as `Stage.alike` allows."""
    write_json(partial / PLAN, {**read_json(partial / PLAN), "diverged": True})


def _goes_on(partial: Path, before: JSON, mine: JSON) -> bool:
    """Whether this call is the earlier one with what may change; one that had ended well has nothing to mend."""
    return bool(before.get("diverged") and mine["alike"] and before["alike"] == mine["alike"]) and not (partial / MANIFEST).exists()


def _changed(before: JSON, now: JSON) -> str:
    # By their text, since a tuple comes back from a file as a list.
    keys = [key for key in now if sha256_json(before.get(key)) != sha256_json(now[key])]
    return (
        f"gone on with {', '.join(f'{key}={now[key]}' for key in keys)}, begun with {', '.join(f'{key}={before.get(key)}' for key in keys)}"
    )

"""The table of attacks in docs/attacks.md: every attack in every tier of this machine, as root and as an ordinary user.

.venv/bin/python -m benchmarks.attack_table > docs/attacks.md      (as root)
"""

from __future__ import annotations

from collections import Counter

from tests.sandbox.attacks.batch import PLAYED, batch
from tests.sandbox.attacks.catalogue import ATTACKS

HEAD = """# Attacks on the sandbox

Each attack that `make attacks` and the tests play, and how it ended: the verdict where the attack was stopped, `not promised` where
the tier doesn't stop it (it is not played there), `-` where this machine, this user or the tier can't play it. Made by `python -m benchmarks.attack_table`; the machine is
that of [results.md](results.md). What must hold stands with each attack in `tests/sandbox/attacks/`."""


def main() -> None:
    """Play all, print the table."""
    columns = [(tier, user) for user in ("root", "user") for tier in PLAYED if (tier, user) != ("bubblewrap+cgroup", "user")]
    rows = {column: batch(*column)[0] for column in columns}
    counts = Counter(row["state"] for played in rows.values() for row in played.values())
    print(HEAD, end="\n\n")
    print(", ".join(f"{number} {state}" for state, number in sorted(counts.items())), end=".\n\n")
    print("| attack | " + " | ".join(f"{tier}, {user}" for tier, user in columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    elsewhere = []
    for attack in ATTACKS:
        if attack.skip:
            elsewhere.append(f"- {attack.slug}: {attack.skip}")
        else:
            print(f"| {attack.slug} | " + " | ".join(_cell(rows[column].get(attack.slug)) for column in columns) + " |")
    print("\nNot played by the runner:\n", *elsewhere, sep="\n")


def _cell(row: dict[str, object] | None) -> str:
    if row is None:
        return "-"
    if row["state"] == "stopped":
        return str(row["verdict"]) or "stopped"
    return ("not promised" if "promise" in str(row["detail"]) else "-") if row["state"] == "skipped" else f"**{row['state']}**"


if __name__ == "__main__":
    main()

"""A56 to A66 and A73 to A86: rows of the list that are played elsewhere, or that no machine of the tests can play."""

from __future__ import annotations

from tests.sandbox.attacks.record import Attack

_JUDGE = "played elsewhere: tests/eval/test_cheats.py"
_SYNTAX = "played elsewhere: tests/data/test_parallel_cheats.py"
_GPU = "GPU: needs a CUDA device"

_ROWS = (
    ("A56", "leaves before the checks", "An exit with code 0 before the calls are made is no success.", _JUDGE),
    ("A57", "redefines functions of the driver", "Own versions of main, memcmp and clocks change no verdict.", _JUDGE),
    ("A58", "tampers with the driver", "Constructors and writes into the driver's memory give no right answer.", _JUDGE),
    ("A59", "modifies inputs", "An input that is const must not be changed.", _JUDGE),
    ("A60", "returns what it finds", "Old memory holds no expected result.", _JUDGE),
    ("A61", "works on in the background", "What is written after the call returned doesn't count.", _JUDGE),
    ("A62", "caches by pointer", "Each call has new values, and each is verified.", _JUDGE),
    ("A63", "parallel in comments only", "Words in comments and strings are no use of a parallel model.", _SYNTAX),
    ("A64", "one rank does all", "Ranks that don't take part are no MPI program.", _SYNTAX),
    ("A65", "right for few sizes", "Hidden sizes, seeds and numbers of threads are judged too.", _JUDGE),
    ("A66", "suspicious speed-up", "A speed-up over ten a core is flagged.", "played elsewhere: tests/eval/test_judge.py"),
    ("A73", "sticky context", "An illegal access costs its own program only.", _GPU),
    ("A74", "endless kernel", "It meets the clock, and the device works afterwards.", _GPU),
    ("A75", "all device memory", "The next program waits until the device shows it free.", _GPU),
    ("A76", "memory of the last process", "Nothing of another program is readable on the device.", _GPU),
    ("A77", "clocks and modes", "Settings of the device can't be changed.", _GPU),
    ("A78", "launch errors", "A kernel that never started gives no right answer.", _GPU),
    ("A79", "device reset and floods", "Resets, printf floods and thrashing end with a verdict.", _GPU),
    (
        "A80",
        "killed harness",
        "A run that was killed resumes without doubled or missing samples.",
        "played elsewhere: tests/test_run.py and tests/eval/test_stopped.py",
    ),
    (
        "A81",
        "terminated harness",
        "SIGTERM ends with exit code 143 after writing what is done.",
        "played elsewhere: tests/test_run.py and tests/eval/test_stopped.py",
    ),
    ("A82", "full disk", "A full disk is a nonzero exit, and old results stay whole.", "played elsewhere: tests/test_run.py"),
    ("A83", "a thousand samples", "A thousand programs at once share no name.", "played elsewhere: tests/sandbox/test_stress.py"),
    ("A84", "clock step", "Verdicts don't depend on the wall clock.", "played elsewhere: tests/sandbox/test_stress.py"),
    ("A85", "two harnesses on one folder", "The second one ends with exit code 2.", "played elsewhere: tests/test_run.py"),
    ("A86", "network file systems", "Boxes work on NFS and Lustre or say why not.", "no network file system: none is mounted here"),
)

ATTACKS = tuple(Attack(id=number, name=name, must=must, skip=skip) for number, name, must, skip in _ROWS)

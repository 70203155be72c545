"""A67 to A72: programs of several ranks."""

from __future__ import annotations

from dataclasses import replace

from hpcraft.sandbox import Outcome, Verdict, run_many
from hpcraft.sandbox.outcome import Tier
from tests.sandbox.attacks.record import BOXES, FAST, Attack, MakeJob, Scene, c, ends, stopped

_LIMITS = replace(FAST, memory_mb=512, disk_mb=64, processes=64)
_SHORT = replace(_LIMITS, wall_seconds=1.5)
_IN: tuple[Tier, ...] = BOXES
"""The tiers in which mpirun finds what it needs."""


def _ranks(body: str, *, ranks: int = 2, **more: object) -> MakeJob:
    """The body of a program between MPI_Init and MPI_Finalize, with its rank as ``r``."""
    limits = more.pop("limits", _LIMITS)
    head = "int r, size; MPI_Init(&n, &v); MPI_Comm_rank(MPI_COMM_WORLD, &r); MPI_Comm_size(MPI_COMM_WORLD, &size); "
    return c(head + body + " MPI_Finalize();", "#include <mpi.h>", model="mpi", ranks=ranks, limits=limits, **more)  # type: ignore[arg-type]


def _attack(id: str, name: str, must: str, body: str, *verdicts: Verdict, **more: object) -> Attack:  # noqa: A002 - as in the record
    return Attack(id=id, name=name, must=must, job=_ranks(body, **more), check=ends(*verdicts), needs=("mpicc", "mpirun"), stopped_in=_IN)  # type: ignore[arg-type]


def _two_jobs(scene: Scene) -> Outcome | str:
    """Two MPI jobs side by side, whose shared memory and rendezvous files have the same names."""
    job = _ranks("int sum; MPI_Allreduce(&r, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD); if (sum != 1) MPI_Abort(MPI_COMM_WORLD, 5);")(
        scene
    )
    job = replace(job, tier=scene.tier, min_isolation="none")
    outcomes = list(run_many([job, job], workers=2))
    return next((outcome for outcome in outcomes if not outcome.ok), outcomes[0])


FAILED = (Verdict.RUNTIME_ERROR, Verdict.SIGNALED)
ATTACKS = (
    _attack(
        "A67",
        "rank exits early",
        "A rank that leaves before the end fails the job.",
        "if (r) _exit(0); MPI_Barrier(MPI_COMM_WORLD);",
        *FAILED,
        Verdict.TIME_LIMIT,
        limits=_SHORT,
    ),
    _attack(
        "A67",
        "rank aborts with zero",
        "MPI_Abort with code 0 is no success.",
        "if (r) MPI_Abort(MPI_COMM_WORLD, 0); MPI_Barrier(MPI_COMM_WORLD);",
        *FAILED,
    ),
    _attack("A67", "rank crashes", "A rank's signal fails the job.", "if (r) raise(SIGSEGV); MPI_Barrier(MPI_COMM_WORLD);", *FAILED),
    _attack(
        "A67",
        "deadlock",
        "A deadlock meets the clock, and all ranks are gone.",
        "if (!r) MPI_Recv(&size, 1, MPI_INT, 1, 9, MPI_COMM_WORLD, MPI_STATUS_IGNORE); MPI_Barrier(MPI_COMM_WORLD);",
        Verdict.TIME_LIMIT,
        limits=_SHORT,
    ),
    _attack(
        "A67",
        "deaf ranks",
        "Ranks that ignore signals and leave their sessions are gone.",
        "setsid(); for (int s = 1; s < 65; s++) signal(s, SIG_IGN); if (!fork()) { setsid(); for (;;) pause(); } for (;;);",
        Verdict.TIME_LIMIT,
        limits=_SHORT,
    ),
    _attack(
        "A68",
        "spawns more ranks",
        "MPI_Comm_spawn fails or stays within the limits.",
        'MPI_Comm inter; int code; if (size == 2) MPI_Comm_spawn("./program", MPI_ARGV_NULL, 90, MPI_INFO_NULL, 0, MPI_COMM_WORLD, &inter, &code);',
        *FAILED,
        Verdict.TIME_LIMIT,
        Verdict.PROCESS_LIMIT,
        limits=_SHORT,
    ),
    _attack(
        "A68",
        "starts a launcher inside",
        "mpirun, srun and ssh inside reach no other machine and no outer job.",
        'if (!r) for (int i = 0; i < 3; i++) { const char *t[] = {"srun -n 1 true", "ssh -o BatchMode=yes localhost true", "sbatch x"}; char w[99]; sprintf(w, "%s >/dev/null 2>&1 </dev/null", t[i]); if (!system(w)) BAD("%s", t[i]); } MPI_Barrier(MPI_COMM_WORLD);',
        Verdict.OK,
    ),
    _attack(
        "A70",
        "more ranks than cores",
        "Seven ranks on fewer cores run, also as root.",
        "int s; for (int i = 0; i < 20; i++) MPI_Allreduce(&r, &s, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD); if (s != 21) MPI_Abort(MPI_COMM_WORLD, 5);",
        Verdict.OK,
        ranks=7,
    ),
    _attack(
        "A71",
        "batch system's variables",
        "Ranks don't see the harness's Slurm or PMI variables.",
        'extern char **environ; for (char **e = environ; *e; e++) if (!strncmp(*e, "SLURM_", 6) || !strncmp(*e, "HF_", 3) || !strncmp(*e, "SSH_", 4)) BAD("%s", *e);',
        Verdict.OK,
    ),
    Attack(
        id="A72",
        name="torn output",
        must="Output of ranks that print at once changes no verdict.",
        job=_ranks('for (int i = 0; i < 200; i++) { printf("rank %d ", r); printf("says %d\\n", i); fflush(stdout); }'),
        check=lambda outcome, scene: stopped(outcome, scene) or ("" if outcome.stdout.count("says") == 400 else "lines are lost"),
        needs=("mpicc", "mpirun"),
        stopped_in=_IN,
    ),
    Attack(
        id="A69",
        name="two jobs side by side",
        must="The shared memory and the session folders of two jobs don't meet, and none is left.",
        play=_two_jobs,
        check=stopped,
        needs=("mpicc", "mpirun"),
        stopped_in=_IN,
    ),
)

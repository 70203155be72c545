"""Words and habits of people who write HPC code: names for arrays, sizes and functions, and a layout style.

`Names` hands out names that are unique within one function; `Style` is drawn once per function.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


def _words(text: str) -> list[str]:
    return text.split()


ARRAYS = _words(
    "x y z u v w a b c p q r s f g rho phi psi eta temp temperature pressure density velocity energy flux grid field mass force pos vel "
    "acc weights values data src dst input output in out buf result mat vec signal samples pixels image residual rhs sol coeff diag "
    "field_old field_new tmp_field u_old u_new charge potential conc height_map depth table arr array hostData xs ys vx vy px py fx"
)
INDICES = _words("idx index map perm cols neighbor lookup ids order parent cell_id owner indices nbr")
SCALARS = _words(
    "alpha beta gamma dt dx scale factor omega eps tol lambda mu sigma threshold cutoff h kappa a0 c0 c1 weight shift bias coef nu "
    "theta learning_rate decay gain offset_value cfl k0 mean base val fac"
)
SIZES = _words("n N size len length count num num_elements nx npoints ncells n_particles dim total nelem nnodes numElements sz nvals")
ROWS = _words("rows m M nrows height ny numRows n_rows nr")
COLS = _words("cols n N ncols width nx numCols n_cols nc")
DEPTHS = _words("k K depth inner nk kdim ndim dims taps nz")
LOOPS = _words("i j k ii idx tid index t p q l")
ROW_LOOPS = _words("i row r iy y_idx j")
COL_LOOPS = _words("j col cc ix x_idx i")
INNER_LOOPS = _words("k kk l t d e m_i w_i")
ACCUMULATORS = _words("sum acc total s res result_val accum tally partial")
LOCALS = _words("tmp t0 val diff d left right xi cur elem aux v0 delta prod term")
VERBS = _words(
    "compute update apply calc init scale add eval process accumulate build advance transform relax filter set get run do fill project "
    "assemble combine correct"
)
NOUNS = _words(
    "flux velocity field array vector matrix grid energy density forces residual weights pressure cells particles image rows boundary "
    "state source gradient values laplacian norm system elements step buffer spectrum potential"
)
SUFFIXES = ("", "", "", "_cpu", "_seq", "_serial", "_ref", "_host", "_loop", "CPU", "_c")


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """How one author lays out one function; the same for both sides of a pair."""

    indent: str
    allman: bool
    """Opening braces on their own line."""
    always_braces: bool
    early: bool
    """Variables are declared at the top of the function, as C89 had it."""
    increment: str
    """``i++``, ``++i`` or ``i += 1``, with ``i`` for the variable."""
    compact: bool
    """No blanks around operators within indices and loop heads."""
    star: str
    """``* `` binds to the type, `` *`` to the name."""
    const: bool
    index_type: str
    threads: int
    block_side: int
    inline_launch: bool
    early_return: bool
    """CUDA guards by ``if (i >= n) return;`` rather than by a block."""
    collapse: bool
    schedule: str


def draw_style(rng: Random) -> Style:
    """A style at random."""
    return Style(
        indent=rng.choice(["  ", "    ", "    ", "\t"]),
        allman=rng.random() < 0.25,
        always_braces=rng.random() < 0.6,
        early=rng.random() < 0.35,
        increment=rng.choice(["i++", "i++", "i++", "++i", "i += 1"]),
        compact=rng.random() < 0.25,
        star=rng.choice([" *", " *", "* "]),
        const=rng.random() < 0.6,
        index_type=rng.choice(["int"] * 5 + ["long"]),
        threads=rng.choice([64, 128, 256, 256, 256, 512]),
        block_side=rng.choice([8, 16, 16, 32]),
        inline_launch=rng.random() < 0.4,
        early_return=rng.random() < 0.3,
        collapse=rng.random() < 0.5,
        schedule=rng.choice(["", "", "", " schedule(static)"]),
    )


class Names:
    """Draws names without repeating one (in any letter case) within a function."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._taken: set[str] = set()

    def pick(self, words: list[str]) -> str:
        """A free word out of ``words``."""
        free = [w for w in words if w.lower() not in self._taken]
        if not free:
            free = [f"{w}{number}" for w in words for number in (1, 2, 3) if f"{w}{number}".lower() not in self._taken]
        word = self._rng.choice(free)
        self._taken.add(word.lower())
        return word

    def function(self) -> str:
        """A function name of two words in one of the usual spellings."""
        verb, noun, suffix = self._rng.choice(VERBS), self._rng.choice(NOUNS), self._rng.choice(SUFFIXES)
        spelling = self._rng.randrange(4)
        if spelling == 0:
            return f"{verb}{noun.capitalize()}{suffix}"
        if spelling == 1:
            return f"{noun}_{verb}{suffix}"
        return f"{verb}_{noun}{suffix}"

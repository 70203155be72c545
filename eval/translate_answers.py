"""What a model writes when it is asked for a translation: each text once, and whether it came to its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpcraft.data.standalone import Standalone
from hpcraft.errors import InputError, MachineError
from hpcraft.eval.translate_evidence import Choice
from hpcraft.tokenizer.prompt import BACK

if TYPE_CHECKING:
    from hpcraft.decoding import Reply
    from hpcraft.inference import Generator, Item


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What is asked of the model."""

    to: str
    """``openmp``, ``cuda`` or ``c``."""
    samples: int
    """Answers: the likeliest, and draws."""
    temperature: float
    max_new_tokens: int
    seed: int
    tests: bool
    """Whether tests are wanted too, of a model that was taught to write them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What came of it."""

    choices: list[Choice]
    tests: tuple[str, ...]
    cut: str
    """How many candidates aren't whole, and why; empty for none."""


def load_translator(model: str) -> Generator:
    """One of hpcraft's models, by its folder or its name.

    Raises:
        InputError: it isn't one.
    """
    from hpcraft.inference import find_folder, load

    generator = load(find_folder(model))
    if not generator.is_own:
        raise InputError(f"{model}: not one of hpcraft's models; give the model/ or translator/ folder of a training stage, or a release")
    return generator


def write(generator: Generator, alone: Standalone, wish: Wish) -> Answers:
    """Ask for candidates, the likeliest first.

    Raises:
        InputError: the function is longer than the model can see, or the model wasn't taught this.
        MachineError: the model failed.
    """
    item: list[Item] = [(alone.code, wish.to)]
    if wish.to == "c":
        item = [(alone.code, BACK[alone.model], alone.signature if alone.model == "cuda" else "")]
    replies = generator.translations(item, max_new_tokens=wish.max_new_tokens, seed=wish.seed)[0]
    if wish.samples > 1 and replies[0].finish != "no-room":
        drawn = generator.translations(
            item, max_new_tokens=wish.max_new_tokens, samples=wish.samples - 1, temperature=wish.temperature, seed=wish.seed
        )
        replies = replies + drawn[0]
    _check(alone, replies, generator.facts.context)
    choices = _choices(replies)
    tests: tuple[str, ...] = ()
    if wish.tests and wish.to != "c" and "tests" in generator.facts.tasks:
        tests = generator.write_tests([alone.code], max_new_tokens=wish.max_new_tokens, seed=wish.seed)[0][0]
    return Answers(choices=choices, tests=tests, cut=_cut(choices, replies[0].prompt_tokens, generator.facts.context, wish.max_new_tokens))


def _check(alone: Standalone, replies: Sequence[Reply], context: int) -> None:
    for reply in replies:
        if reply.finish == "no-room":
            raise InputError(
                f"{alone.name}: {reply.prompt_tokens} tokens with what it needs, and this model sees {context} with its answer; "
                "give a shorter function, such as the loop alone in one of its own, or a model with a larger context"
            )
        if reply.error:
            raise MachineError(f"the model failed on {alone.name} ({reply.error}); free some memory, or give a shorter function")


def _choices(replies: Sequence[Reply]) -> list[Choice]:
    """Each text once, in the order of its first answer; a text that was whole once is whole."""
    counts = Counter(reply.text for reply in replies)
    whole = {reply.text for reply in replies if reply.finish != "length"}
    return [Choice(number=number, code=text, times=times, cut=text not in whole) for number, (text, times) in enumerate(counts.items())]


def _cut(choices: Sequence[Choice], prompt_tokens: int, context: int, max_new_tokens: int) -> str:
    if not (cut := sum(c.cut for c in choices)):
        return ""
    room = context - prompt_tokens
    why, way = f"--max-new-tokens {max_new_tokens}", "give more"
    if room < max_new_tokens:
        why = f"{room} tokens, which is what the function's {prompt_tokens} leave of the {context} that this model sees"
        way = "give a shorter function, or a model with a larger context"
    return f"{cut} of {len(choices)} different candidates {'was' if cut == 1 else 'were'} cut at {why}; {way}"

"""``hf:``: a folder, or a repository in the Hub's cache here, that ``transformers`` loads; hpcraft's own translators translate.

A model that continues texts gets the prompt as it is, and is stopped where the function that it continues ends. With ``chat``, and a
tokenizer that has a template, it gets the prompt as a request. For a hole in a program it gets both sides, where its tokenizer has the
tokens for that (`hpcraft.tokenizer.infilling`), else what stands before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hpcraft.data.missing_locals import with_missing_locals
from hpcraft.errors import ConfigError, InputError
from hpcraft.eval.babeltower import TextPair, UnitTests
from hpcraft.eval.completion import Infill
from hpcraft.eval.extract import end_of_answer
from hpcraft.eval.kernel_fit import fit_kernel
from hpcraft.eval.models import Answer, Ask, AskError, Fact
from hpcraft.eval.perplexity import Text, to_answer
from hpcraft.eval.prompts import chat_request
from hpcraft.eval.task import Task
from hpcraft.tokenizer.fim import Tokens, find_tokens
from hpcraft.tokenizer.infilling import TASK, infill, shortened
from hpcraft.tokenizer.prompt import BACK, build_translation, parse_translation

if TYPE_CHECKING:
    from hpcraft.decoding import Query, Reply
    from hpcraft.eval.generate import GenerateConfig
    from hpcraft.inference import Generator
    from hpcraft.tokenizer.prompt import Prompt


def resolve(where: str, folder: Path | None) -> Path:
    """The folder that a name stands for.

    Raises:
        ConfigError: the name points into an input that wasn't given.
        InputError: there is no such folder, here or in the Hub's cache.
    """
    from hpcraft.inference import find_folder

    if not where.startswith("@"):
        return find_folder(where)
    name, _, below = where[1:].partition("/")
    if name != "model" or folder is None:
        raise ConfigError(f"model 'hf:{where}': '@model/...' means a folder inside the input 'model', which was not given")
    path = folder / below
    if not (path / "config.json").is_file():
        raise InputError(f"model 'hf:{where}': {path} holds no config.json; give a folder that transformers can load")
    return path


def open_folder(where: str, folder: Path | None, config: GenerateConfig) -> HuggingFace:
    """Load the model."""
    # transformers and torch are needed by this kind alone.
    from hpcraft.inference import load

    return HuggingFace(load(resolve(where, folder), dtype=config.dtype), config)


class HuggingFace:
    """A loaded model; `hpcraft.eval.models.Model`."""

    def __init__(self, generator: Generator, config: GenerateConfig) -> None:
        if config.chat == "always" and not generator.chats:
            raise ConfigError("chat=always: the model's tokenizer has no template for conversations; give auto or never")
        self._generator = generator
        self._config = config
        self._chat = generator.chats and config.chat != "never"
        self._tokens = find_tokens(generator.codec.vocabulary()) if self._fills(generator) else None

    @staticmethod
    def _fills(generator: Generator) -> bool:
        """Whether a model was taught to fill in, as far as anybody says: ours say it, others have the tokens only if they were."""
        return not generator.is_own or TASK in generator.facts.tasks

    def answer(self, asks: Sequence[Ask], done: Collection[tuple[str, int]]) -> Iterator[Answer | AskError]:
        """Translations where the model is a translator and the task has what it translates, else continuations of the prompt."""
        if asks and isinstance(asks[0].task.case, Text):
            yield from self._measure([ask for ask in asks if ask.key not in done])
            return
        to_translate = [a for a in asks if self._taught(a.task)]
        to_complete = [a for a in asks if not self._taught(a.task)]
        if to_translate:
            yield from self._translate(to_translate, done)
        if to_complete:
            yield from self._replies(to_complete, [self._query(ask) for ask in to_complete], done, lambda _number, text: text)

    def _taught(self, task: Task) -> str:
        """The kind of translation that a task is, as `hpcraft.tokenizer.prompt.TASKS` has it; empty where it is none that the model was taught."""
        kind = BACK[task.back.model] if task.back else task.model if task.source else ""
        return kind if kind in self._generator.facts.tasks else ""

    def _prompt(self, task: Task) -> Prompt:
        if task.back:
            return self._generator.translation_prompt(task.back.source, self._taught(task), task.back.head)
        return build_translation(task.source, task.model)

    def _translate(self, asks: list[Ask], done: Collection[tuple[str, int]]) -> Iterator[Answer | AskError]:
        from hpcraft.decoding import Query
        from hpcraft.inference import read_translation

        prompts = [self._prompt(ask.task) for ask in asks]
        queries = [Query(prompt=prompt.text, seed=ask.seed) for prompt, ask in zip(prompts, asks, strict=True)]

        def answer_of(number: int, text: str) -> str:
            prompt, task = prompts[number], asks[number].task
            if isinstance(task.case, UnitTests) and task.case.kind == "cuda":
                return fit_kernel(with_missing_locals(parse_translation(prompt, text), task.source), task.empty.partition("{")[0])
            # Where nothing is run, a host function that the gold text lacks would only make the two less alike.
            if isinstance(task.case, TextPair) and not task.back:
                return parse_translation(prompt, text)
            return read_translation(prompt, text, task.source, task.prototype)

        yield from self._replies(asks, queries, done, answer_of)

    def _measure(self, asks: list[Ask]) -> Iterator[Answer | AskError]:
        """Likelihoods of documents; all asks of a shard are of one suite."""
        from hpcraft.eval.scoring import Scorer

        config = self._config
        scorer = Scorer(self._generator, window=config.window, stride=config.stride)
        texts = [ask.task.case.text if isinstance(ask.task.case, Text) else "" for ask in asks]
        told: dict[str, Fact] = {"finish": "measured", "window": scorer.window, "stride": scorer.stride, "begin": scorer.begin.name}
        for i, scored in scorer.score(texts):
            text = to_answer(scored, window=scorer.window, stride=scorer.stride, begin=scorer.begin.name)
            yield Answer(ask=asks[i], text=text, facts=told)

    def _query(self, ask: Ask) -> Query:
        from hpcraft.decoding import Query

        if isinstance(ask.task.case, Infill) and self._tokens:
            # Taught to fill in, it is better at that than at requests, whether or not it can converse.
            return Query(prompt=self._infill(ask.task.case, self._tokens), seed=ask.seed, cut=_cut(ask.task))
        if self._chat:
            return Query(prompt=chat_request(ask.task), seed=ask.seed, chat=True)
        return Query(prompt=ask.task.leading or ask.task.prompt, seed=ask.seed, cut=_cut(ask.task))

    def _infill(self, case: Infill, tokens: Tokens) -> str:
        def count(text: str) -> int:
            return len(self._generator.codec.encode(text))

        room = self._generator.facts.context - min(self._config.max_new_tokens, self._generator.facts.context // 2) - len(tokens) - 1
        return infill(tokens, *shortened(case.prefix, case.suffix, room, count))

    def _replies(
        self, asks: list[Ask], queries: list[Query], done: Collection[tuple[str, int]], text_of: Callable[[int, str], str]
    ) -> Iterator[Answer | AskError]:
        from hpcraft.decoding import Drawing

        config = self._config
        drawing = Drawing(max_new_tokens=config.max_new_tokens, temperature=config.temperature, top_p=config.top_p, stop=config.stop)
        finished = {i for i, ask in enumerate(asks) if ask.key in done}
        for i, reply in self._generator.replies(queries, drawing, finished):
            if reply.error:
                yield AskError(f"{asks[i].task.task_id}: {reply.error}")
            else:
                yield Answer(ask=asks[i], text=text_of(i, reply.text), facts=self._facts(asks[i].task, reply))

    def _facts(self, task: Task, reply: Reply) -> dict[str, Fact]:
        fills = isinstance(task.case, Infill) and self._tokens is not None
        facts: dict[str, Fact] = {"finish": reply.finish, "chat": self._chat and not fills}
        if isinstance(task.case, Infill):
            facts["hole"] = "both sides, with tokens" if fills else "both sides, as a request" if self._chat else "what stands before"
        return facts | ({"prompt_tokens_cut": reply.tokens_cut} if reply.tokens_cut else {})


def _cut(task: Task) -> Callable[[str], int | None]:
    return lambda text: end_of_answer(task, text)

"""``hf:``: a folder, or a repository in the Hub's cache here, that ``transformers`` loads; hpcraft's own translators translate.

A model that continues texts gets the prompt as it is, and is stopped where the function that it continues ends. With ``chat``, and a
tokenizer that has a template, it gets the prompt as a request.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hpcraft.errors import ConfigError, InputError
from hpcraft.eval.extract import end_of_answer
from hpcraft.eval.models import Answer, Ask, AskError, Fact
from hpcraft.eval.prompts import chat_request
from hpcraft.eval.task import Task

if TYPE_CHECKING:
    from hpcraft.eval.generate import GenerateConfig
    from hpcraft.inference import Generator, Query, Reply
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

    def answer(self, asks: Sequence[Ask], done: Collection[tuple[str, int]]) -> Iterator[Answer | AskError]:
        """Translations where the model is a translator and the task has sequential C, else continuations of the prompt."""
        told = self._generator.facts.tasks
        to_translate = [a for a in asks if a.task.source and a.task.model in told]
        to_complete = [a for a in asks if not (a.task.source and a.task.model in told)]
        if to_translate:
            yield from self._translate(to_translate, done)
        if to_complete:
            yield from self._replies(to_complete, [self._query(ask) for ask in to_complete], done, lambda _number, text: text)

    def _translate(self, asks: list[Ask], done: Collection[tuple[str, int]]) -> Iterator[Answer | AskError]:
        from hpcraft.inference import Query
        from hpcraft.tokenizer.prompt import build_translation, parse_translation

        prompts: list[Prompt] = [build_translation(ask.task.source, ask.task.model) for ask in asks]
        queries = [Query(prompt=prompt.text, seed=ask.seed) for prompt, ask in zip(prompts, asks, strict=True)]
        yield from self._replies(asks, queries, done, lambda number, text: parse_translation(prompts[number], text))

    def _query(self, ask: Ask) -> Query:
        from hpcraft.inference import Query

        if self._chat:
            return Query(prompt=chat_request(ask.task), seed=ask.seed, chat=True)
        return Query(prompt=ask.task.prompt, seed=ask.seed, cut=_cut(ask.task))

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
                yield Answer(ask=asks[i], text=text_of(i, reply.text), facts=self._facts(reply))

    def _facts(self, reply: Reply) -> dict[str, Fact]:
        facts: dict[str, Fact] = {"finish": reply.finish, "chat": self._chat}
        return facts | ({"prompt_tokens_cut": reply.tokens_cut} if reply.tokens_cut else {})


def _cut(task: Task) -> Callable[[str], int | None]:
    return lambda text: end_of_answer(task, text)

"""Encodes and decodes files of any size in bounded memory, byte for byte, whatever bytes they hold.

A text is cut into chunks only where a piece ends in any case and no added token reaches across, so that the ids are those
of the whole text. A byte that isn't UTF-8 has a token of its own. Decoding writes bytes, so half a character is no loss.
Not covered: a run of one kind of character, such as letters, over 4 MB, which may not be cut.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING

from hpcraft.errors import InputError
from hpcraft.store import JSON
from hpcraft.tokenizer.bpe import PIECES
from hpcraft.tokenizer.token_plan import BYTES, one_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer

CHUNK = 1 << 18
"""Characters that are encoded at a time, about."""
_LONGEST_RUN = 1 << 22
STRAY = re.compile(r"[\udc80-\udcff]")
"""A byte that was no UTF-8, decoded with ``surrogateescape``."""
_SPLIT_STRAY = re.compile(f"({STRAY.pattern})")
_CUTS = re.compile(r"(?<=[ \t\r\n])(?=[^ \t\r\n])")
_TIGHT_CUTS = re.compile(r"(?<=[A-Za-z_])(?=[^A-Za-z_ \t\r\n0-9])|(?<=[^A-Za-z_0-9\s])(?=[A-Za-z_])|(?<=[0-9])(?=[0-9])")
"""Where a line without blanks may be cut."""


def is_utf8(text: str) -> bool:
    """Whether no byte of a text that was decoded with ``surrogateescape`` stands for itself."""
    return STRAY.search(text) is None


class Encoder:
    """Encodes texts in chunks."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        vocabulary = tokenizer.get_vocab()
        self._byte_ids = [vocabulary[token] for token in BYTES]
        added = [token.content for token in tokenizer.get_added_tokens_decoder().values()]
        self._longest = max(map(len, added), default=1)
        self._added = one_of(token for token in added if _may_be_cut(token))
        # A closed vocabulary cuts words and numbers by rules of its own, but never without regard to white space.
        self._cuts = (_CUTS, _TIGHT_CUTS) if _pattern(tokenizer) == PIECES else (_CUTS,)

    def encode(self, text: str) -> list[int]:
        """Ids of a text, whose bytes that aren't UTF-8 are written as with ``surrogateescape``."""
        return self.tokenizer.encode(text, add_special_tokens=False).ids if is_utf8(text) else self.places(text)[0]

    def places(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """The same ids, and where in the text the token of each begins and ends."""
        ids: list[int] = []
        offsets: list[tuple[int, int]] = []
        begin = 0
        for part in _SPLIT_STRAY.split(text):
            if STRAY.match(part):
                ids.append(self._byte_ids[ord(part) - 0xDC00])
                offsets.append((begin, begin + 1))
            elif part:
                encoding = self.tokenizer.encode(part, add_special_tokens=False)
                ids += encoding.ids
                offsets += [(begin + first, begin + last) for first, last in encoding.offsets]
            begin += len(part)
        return ids, offsets

    def encode_file(self, file: IO[bytes], *, chunk: int = CHUNK) -> Iterator[list[int]]:
        """Ids of a file, chunk by chunk.

        Raises:
            InputError: it holds a run of one kind of character that is longer than memory is meant for.
        """
        decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        held, tried = "", 0
        for data in iter(lambda: file.read(chunk), b""):
            held += decoder.decode(data)
            if len(held) < chunk:
                continue
            if at := self._cut(held, tried):
                yield self.encode(held[:at])
                held, tried = held[at:], 0
            elif len(held) > _LONGEST_RUN:
                raise InputError(f"{len(held):,} characters have no place to cut at; break the line, this is no source code")
            else:
                tried = max(0, len(held) - 2 * self._longest)
        held += decoder.decode(b"", final=True)
        if held:
            yield self.encode(held)

    def _cut(self, text: str, begin: int) -> int | None:
        """The last place behind ``begin`` where ``text`` may be cut, or None."""
        end = len(text) - self._longest
        window = 4096
        while end > begin:
            start = max(begin, end - window)
            for cuts in self._cuts:
                for found in reversed(list(cuts.finditer(text, start + 1, end))):
                    if self._is_free(text, found.start()):
                        return found.start()
            end = start + 1 if start > begin else begin
            window *= 8
        return None

    def _is_free(self, text: str, at: int) -> bool:
        """Whether no added token stands across ``at``."""
        first = max(0, at - self._longest)
        for start in range(first, at):
            found = self._added.match(text, start)
            if found and found.end() > at:
                return False
        return True


def _pattern(tokenizer: Tokenizer) -> str | None:
    rule: JSON = json.loads(tokenizer.to_str())["pre_tokenizer"] or {}
    pattern: JSON = rule.get("pattern", {})
    return pattern.get("Regex")


def _may_be_cut(token: str) -> bool:
    return _CUTS.search(token) is not None or _TIGHT_CUTS.search(token) is not None


class Decoder:
    """Turns ids back into bytes."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        byte_of = {token: bytes([number]) for number, token in enumerate(BYTES)}
        vocabulary = tokenizer.get_vocab()
        self._bytes = [b""] * len(vocabulary)
        for token, number in vocabulary.items():
            self._bytes[number] = byte_of[token] if token in byte_of else token.encode()

    def decode(self, ids: Iterable[int]) -> bytes:
        """The bytes that ids stand for.

        Raises:
            InputError: an id isn't the tokenizer's.
        """
        size = len(self._bytes)
        wanted = list(ids)
        if wrong := next((number for number in wanted if not 0 <= number < size), None):
            raise InputError(f"id {wrong} is not one of the tokenizer's {size}")
        return b"".join([self._bytes[number] for number in wanted])


def read_ids(file: IO[bytes], *, chunk: int = CHUNK) -> Iterator[list[int]]:
    """Ids that a file holds in decimal with white space between, chunk by chunk; JSON's brackets and commas are read over.

    Raises:
        InputError: it holds anything else.
    """
    held = b""
    for data in iter(lambda: file.read(chunk), b""):
        held += data.translate(_TO_BLANK)
        done, separator, held = held.rpartition(b" ")
        if separator:
            yield _numbers(done)
        elif len(held) > chunk:
            break
    yield _numbers(held)


_TO_BLANK = bytes(0x20 if chr(byte) in "\t\n\r\f\v,[]" else byte for byte in range(256))


def _numbers(data: bytes) -> list[int]:
    words = data.split()
    for word in words:
        if not word.isdigit() or len(word) > 9:
            raise InputError(f"not token ids ({word[:20].decode(errors='replace')!r}); give decimal numbers with blanks between")
    return [int(word) for word in words]

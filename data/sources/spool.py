"""What was taken out of an archive, on disk until it is read back in path order: memory stays flat, and nothing has a name to write to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from hpcraft.data.sources.base import Entry
from hpcraft.data.sources.wanted import is_wanted


@dataclass(frozen=True, slots=True)
class _Stored:
    offset: int
    size: int
    year: int


class Spool:
    """The wanted members of one archive in an anonymous temporary file."""

    def __init__(self, file: IO[bytes], skipped: Counter[str]) -> None:
        self._file = file
        self._skipped = skipped
        self._stored: dict[str, _Stored] = {}
        self._tops: set[str] = set()
        self._offset = 0

    def note_top(self, path: str, *, is_folder: bool) -> None:
        """Note what stands at the top: a folder alone there is the usual PACKAGE-VERSION, a file keeps the paths as they are."""
        self._tops.add(path.split("/", 1)[0] if "/" in path or is_folder else "")

    def add(self, path: str, content: bytes, year: int) -> None:
        """Keep a member; of two with one name the later counts, as it does where archives are unpacked."""
        self._skipped["duplicate-name"] += path in self._stored
        self._file.write(content)
        self._stored[path] = _Stored(self._offset, len(content), year)
        self._offset += len(content)

    def entries(self) -> list[Entry]:
        """What was kept, sorted by path, a single top folder taken off."""
        prefix = len(next(iter(self._tops))) + 1 if len(self._tops) == 1 and "" not in self._tops else 0
        found = []
        for path, stored in sorted(self._stored.items()):
            # A member may be wanted for its name at the top alone, and not stand there after all.
            if is_wanted(path[prefix:]):
                found.append(Entry(path[prefix:], self._reader(stored), stored.year))
            else:
                self._skipped["not-code"] += 1
        return found

    def _reader(self, stored: _Stored) -> Callable[[], bytes]:
        def read() -> bytes:
            self._file.seek(stored.offset)
            return self._file.read(stored.size)

        return read

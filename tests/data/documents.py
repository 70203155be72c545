"""Documents for tests: a path and a text, with what the corpus says of them."""

from __future__ import annotations

from hpcraft.data.comments import blank_c, blank_fortran
from hpcraft.data.fortran_form import to_free
from hpcraft.data.languages import language_of, promise
from hpcraft.data.parallel_models import find_models
from hpcraft.records import Document
from hpcraft.store import sha256_bytes


def document(path: str, text: str, package: str = "x") -> Document:
    """A document as `hpcraft.data.clean` makes it, whatever its size and licence."""
    if promise(path) == "fixed":
        text = to_free(text)
    code = blank_fortran(text) if promise(path) in ("fixed", "free") else blank_c(text)
    language = language_of(path, code)
    assert language is not None, path
    return Document(
        document_id=sha256_bytes(text.encode()),
        source=f"path:{package}",
        package=package,
        version="1",
        path=path,
        sha256=sha256_bytes(text.encode()),
        language=language,
        form="free" if language == "fortran" else "",
        models=find_models(language, code),
        licence="MIT",
        licence_evidence="spdx-header",
        split="train",
        text=text,
    )

"""Files of any bytes and size: chunks give the ids of the whole, and every byte comes back."""

from __future__ import annotations

import io
import tracemalloc
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from typing_extensions import Buffer

from hpcraft.errors import InputError
from hpcraft.tokenizer import bpe, closed, streams
from hpcraft.tokenizer.streams import Decoder, Encoder, read_ids
from hpcraft.tokenizer.token_plan import plan
from tests.tokenizer.corpus_folder import source_texts

KINDS = ("bpe", "lexer", "tokompiler")


@cache
def coders(kind: str) -> tuple[Encoder, Decoder]:
    """An encoder and a decoder of a kind."""
    if kind == "tokompiler":
        tokenizer: Tokenizer = closed.tokompiler()
    else:
        tokenizer = (bpe.train if kind == "bpe" else closed.train_lexer)(source_texts(), 2048)
    return Encoder(tokenizer), Decoder(tokenizer)


def in_chunks(encoder: Encoder, data: bytes, chunk: int) -> list[int]:
    """Ids of a file that is read in small chunks."""
    return [number for ids in encoder.encode_file(io.BytesIO(data), chunk=chunk) for number in ids]


_PARTS = st.one_of(
    st.sampled_from([token.encode() for token in plan(2048).added]),
    st.sampled_from(
        [b"\n", b"\r\n", b"    ", b"\t", b"reduction", b";\n", b"v12", b"12.5e-3", b"\xc3\xa9", b"\xef\xbb\xbf", b"\x00", b"<0x41>"]
    ),
    st.binary(max_size=6),
    st.text("omp #agr_", max_size=12).map(str.encode),
)


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None)  # the first example trains
@given(parts=st.lists(_PARTS, max_size=80), chunk=st.integers(1, 120))
def test_chunks_give_the_ids_of_the_whole_and_every_byte_comes_back(kind: str, parts: list[bytes], chunk: int) -> None:
    """Directive heads across chunk ends, broken UTF-8, NUL, BOM and CRLF change nothing."""
    encoder, decoder = coders(kind)
    data = b"".join(parts)
    whole = encoder.encode(data.decode("utf-8", "surrogateescape"))
    assert in_chunks(encoder, data, chunk) == whole
    assert decoder.decode(whole) == data


@pytest.mark.parametrize("kind", KINDS)
def test_sources_come_back(kind: str) -> None:
    """Real sources survive encoding in chunks and decoding."""
    encoder, decoder = coders(kind)
    for text in source_texts()[:40]:
        ids = in_chunks(encoder, text.encode(), 1000)
        assert ids == encoder.encode(text)
        assert decoder.decode(ids) == text.encode()


@pytest.mark.ci
def test_memory_does_not_grow_with_the_file() -> None:
    """Of a file of 3 MB no more than a few chunks are held."""
    encoder, _ = coders("bpe")
    text = "\n".join(source_texts()[:20]).encode()

    class Endless(io.RawIOBase):
        left = 3_000_000

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Buffer) -> int:
            view = memoryview(buffer)
            size = min(len(view), self.left, len(text))
            view[:size] = text[:size]
            self.left -= size
            return size

    tracemalloc.start()
    total = sum(len(ids) for ids in encoder.encode_file(io.BufferedReader(Endless(), 1 << 16), chunk=1 << 16))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total > 500_000
    assert peak < 2_500_000


@pytest.mark.parametrize("line", ["x=1;", "a", "1", " ", "-", "é"])
def test_a_megabyte_on_one_line_is_encoded(line: str) -> None:
    """One long line, with places to cut at or without, takes no longer for its length than others."""
    encoder, decoder = coders("bpe")
    data = (line * 1_000_000).encode()[:1_000_000]
    assert decoder.decode(in_chunks(encoder, data, streams.CHUNK)) == data


def test_a_run_without_end_is_one_clear_error() -> None:
    """Many megabytes of one letter are refused before they fill the memory."""
    with pytest.raises(InputError, match="no place to cut at"):
        in_chunks(coders("bpe")[0], b"a" * 6_000_000, streams.CHUNK)


@settings(deadline=None)
@given(st.lists(st.integers(0, 99_999), max_size=50), st.integers(1, 30))
def test_ids_are_read_in_chunks(ids: list[int], chunk: int) -> None:
    """Ids as printed, plain or as JSON, are read whatever the chunks."""
    for text in (" ".join(map(str, ids)) + "\n", str(ids)):
        assert [number for part in read_ids(io.BytesIO(text.encode()), chunk=max(chunk, 6)) for number in part] == ids


@pytest.mark.parametrize("text", ["1 x 2", "-1", "1.5", "9999999999", "7" * 100])
def test_what_is_no_id_is_refused(text: str) -> None:
    """Words, signs, fractions and numbers beyond all vocabularies are bad input."""
    with pytest.raises(InputError, match="not token ids"):
        list(read_ids(io.BytesIO(text.encode()), chunk=16))
    with pytest.raises(InputError, match="not one of"):
        coders("bpe")[1].decode([2048])

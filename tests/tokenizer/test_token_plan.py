"""The vocabulary: what it holds, that it decides the cut alone, and that no token spans a place where a text is cut."""

from __future__ import annotations

import re
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from hpcraft.tokenizer import bpe
from hpcraft.tokenizer.prompt import LATER
from hpcraft.tokenizer.token_plan import ALPHABET, BYTES, SMALLEST, complete, cut, merges, one_of, plan
from hpcraft.tokenizer.whole import LONG, NAMES, SHORT
from tests.old_tokenizer import aged
from tests.tokenizer.corpus_folder import source_texts

SIZES = (SMALLEST, 1024, 4096)


@cache
def tokenizer_of(size: int) -> Tokenizer:
    """A tokenizer trained on sources of this repository."""
    return bpe.train(source_texts(), size)


def tokens(tokenizer: Tokenizer, text: str) -> list[str]:
    """The tokens of a text."""
    return list(tokenizer.encode(text, add_special_tokens=False).tokens)


@pytest.mark.parametrize("size", SIZES)
def test_the_vocabulary_has_the_size_that_was_asked_for(size: int) -> None:
    """Every size is met exactly, all bytes and the whole alphabet are in it, and ids have no gap."""
    vocabulary = tokenizer_of(size).get_vocab()
    assert sorted(vocabulary.values()) == list(range(size))
    assert {*BYTES, *ALPHABET, *NAMES} <= vocabulary.keys()


@pytest.mark.parametrize("size", SIZES)
def test_words_of_the_plan_are_whole_between_other_characters(size: int) -> None:
    """A short word is one token, bare or with the blank behind, at any place without letters beside it."""
    tokenizer = tokenizer_of(size)
    for word in plan(size).whole:
        assert tokens(tokenizer, word) == [word]
        assert word in tokens(tokenizer, f"({word};")
        assert word in tokens(tokenizer, f"x = {word};")
    for word in plan(size).added:
        assert tokens(tokenizer, f"a{word}b")[1:-1] == [word]


def test_a_large_vocabulary_holds_every_word() -> None:
    """From 8192 tokens on nothing of the lists is left out."""
    large = plan(8192)
    assert set(LONG) <= set(large.added)
    assert {w for word in SHORT for w in (word, f"{word} ")} == set(large.whole)


@pytest.mark.parametrize("size", SIZES)
def test_no_token_spans_a_place_where_texts_are_cut(size: int) -> None:
    """Every piece that merging makes is one piece for the pre-tokenizer, and none holds two digits."""
    tokenizer = tokenizer_of(size)
    fixed = {*plan(size).added, *BYTES}
    for token in tokenizer.get_vocab():
        if token not in fixed and not token.startswith("<|reserved_"):
            assert [piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str(token)] == [token]
            assert len(re.findall(r"\d", token)) < 2


_TOKENS = st.deferred(lambda: st.sampled_from(sorted(tokenizer_of(1024).get_vocab())))
_CHARACTERS = st.sampled_from([*"ab_e1;-=*/>(", " ", "\t", "\n", "\r", "é", "\x00"])


@settings(deadline=None)  # the first example trains
@given(st.text(_CHARACTERS, max_size=60))
def test_boundaries_depend_on_two_characters(text: str) -> None:
    """Whether two neighbours are parted is the same in every text."""
    whole = tokenizer_of(1024).pre_tokenizer.pre_tokenize_str(text)
    ends = {end for _, (_, end) in whole}
    for at in range(1, len(text)):
        pair = tokenizer_of(1024).pre_tokenizer.pre_tokenize_str(text[at - 1 : at + 1])
        if all(c in ALPHABET for c in text[at - 1 : at + 1]):
            assert (len(pair) == 2) == (at in ends), text[at - 1 : at + 1]


@settings(deadline=None)  # the first example trains
@given(st.lists(st.one_of(st.text(_CHARACTERS, max_size=8), _TOKENS), max_size=6).map("".join))
def test_the_cut_needs_no_pre_tokenizer(text: str) -> None:
    """Merging by rank over the bare text, as SentencePiece does, gives the tokens of the library."""
    tokenizer = tokenizer_of(1024)
    vocabulary, added = tokenizer.get_vocab(), plan(1024).added
    pieces = [t for t in sorted(vocabulary, key=vocabulary.__getitem__) if t not in (*added, *BYTES, *ALPHABET)]
    ranks = {piece: rank for rank, piece in enumerate(pieces)}
    expected: list[str] = []
    pattern, place = one_of(added), 0
    for found in [*pattern.finditer(text), None]:
        between = text[place : found.start() if found else len(text)]
        for part in cut(between, ranks) if between else []:
            expected += [part] if part in vocabulary else [BYTES[byte] for byte in part.encode()]
        if found:
            expected.append(found[0])
            place = found.end()
    assert tokens(tokenizer, text) == expected


def test_merges_take_the_leftmost_of_overlapping_pieces() -> None:
    """Of ``aba`` at two places that share a letter, the pair of the first is listed first."""
    assert merges(["ab", "ba", "aba"])[2:] == [("ab", "a"), ("a", "ba")]
    assert merges(["xy", "yz", "xyz"])[2:] == [("x", "yz"), ("xy", "z")]


@given(
    st.lists(st.text("abc", min_size=1, max_size=5), min_size=1, max_size=6), st.lists(st.text("abc", min_size=2, max_size=4), max_size=12)
)
def test_completing_makes_every_word_whole(words: list[str], learnt: list[str]) -> None:
    """Whatever was learnt, the words are whole in the end and the room is kept."""
    room = 40
    pieces = complete(list(dict.fromkeys(learnt)), words, room)
    ranks = {piece: rank for rank, piece in enumerate(pieces)}
    assert len(pieces) <= room
    assert all(cut(word, ranks) == [word] for word in words)


@given(st.lists(st.text("ab<|", min_size=1, max_size=5), max_size=8), st.text("ab<|", max_size=20))
def test_one_of_finds_the_longest_word(words: list[str], text: str) -> None:
    """The pattern matches what trying all words at a place would."""
    found = one_of(words).match(text)
    longest = max((word for word in words if text.startswith(word)), key=len, default=None)
    assert (found[0] if found else None) == longest


def test_added_tokens_that_overlap_need_a_text_without_any_boundary() -> None:
    """llama.cpp looks for the longest token of all first, others from the left: they differ only where names run into each other."""
    added = plan(8192).added
    for one in added:
        for other in added:
            shared = [size for size in range(1, min(len(one), len(other))) if one.endswith(other[:size])]
            for size in shared if one != other and len(other) > len(one) else []:
                assert other[:size].replace("_", "a").isalpha() or other[:2] == "<|", (one, other)


def test_pieces_of_random_vocabulary_strings_come_back() -> None:
    """Tokens strung together at random decode to what they were strung to."""
    tokenizer, random = tokenizer_of(4096), Random(0)
    strings = [t for t in tokenizer.get_vocab() if t not in BYTES]
    for _ in range(300):
        text = "".join(random.choices(strings, k=6))
        assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False).ids, skip_special_tokens=False) == text


def test_tokenizers_made_now_have_the_tokens_that_older_ones_lack() -> None:
    """What was added to the task format later is whole in a new tokenizer; an old one is still read without it."""
    new = bpe.train(["int main(void) { return 0; }\n"], SMALLEST + 8)
    old = aged(new)
    for token in LATER:
        assert new.encode(f"{token}x", add_special_tokens=False).tokens[0] == token
        assert old.token_to_id(token) is None
    assert old.encode("int x;", add_special_tokens=False).tokens == new.encode("int x;", add_special_tokens=False).tokens

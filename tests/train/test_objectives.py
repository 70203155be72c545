"""Each objective on hand-made batches: the exact ids, labels and masks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from hpcraft.errors import ConfigError, InputError
from hpcraft.train.batches import Row, padded, pieces
from hpcraft.train.objectives.causal import Causal, CausalConfig
from hpcraft.train.objectives.entities import Entities, EntitiesConfig, entities_of, scores
from hpcraft.train.objectives.fill import Fill, FillConfig
from hpcraft.train.objectives.masking import Spans, SpansConfig, Words, WordsConfig, with_gaps
from hpcraft.train.objectives.objective import PairRow, TagRow
from hpcraft.train.objectives.specials import Specials
from hpcraft.train.sides import directed_sides, sides
from tests.train.tiny import END, INTO_CUDA, MIDDLE, PAD, PREFIX, SPECIALS, SUFFIX, TEXT, document

S0, S1, S2 = SPECIALS.sentinels[:3]
RNG = np.random.default_rng(0)


def batch_of(objective, *documents, pad=PAD):
    """The batch of some documents' rows, as lists."""
    rng = np.random.default_rng(0)
    rows = [row for one in documents for row in objective.rows(one, rng)]
    return {name: value.tolist() for name, value in objective.collate(rows, pad).items()}


def test_causal_learns_the_end_and_not_the_beginning():
    """The text token has no label, every other has, the end too; padding has none."""
    assert batch_of(Causal(CausalConfig(), SPECIALS), document(80, 81, 82), document(83)) == {
        "input_ids": [[TEXT, 80, 81, 82, END], [TEXT, 83, END, PAD, PAD]],
        "labels": [[-100, 80, 81, 82, END], [-100, 83, END, -100, -100]],
    }


def test_padding_may_be_any_token_even_the_end():
    """Where a tokenizer pads with its end token, the end that belongs to the text is learnt all the same."""
    assert batch_of(Causal(CausalConfig(), SPECIALS), document(80, 81), document(83), pad=END) == {
        "input_ids": [[TEXT, 80, 81, END], [TEXT, 83, END, END]],
        "labels": [[-100, 80, 81, END], [-100, 83, END, -100]],
    }


def test_a_long_document_begins_and_ends_once():
    """Pieces in between have neither the text token nor the end, and their first token isn't learnt for want of context."""
    rows = list(Causal(CausalConfig(length=4), SPECIALS).rows(document(80, 81, 82, 83, 84), RNG))
    assert rows == [Row((TEXT, 80, 81, 82), 1), Row((83, 84, END), 1)]
    assert list(Causal(CausalConfig(), SPECIALS).rows(document(), RNG)) == []


def test_a_document_that_was_cut_out_of_a_file_begins_and_ends_where_the_file_does():
    """Neither the text token nor the end is put where there is more of the file."""
    for begins, ends, ids in ((False, True, (80, 81, END)), (True, False, (TEXT, 80, 81)), (False, False, (80, 81))):
        cut = dataclasses.replace(document(80, 81), begins=begins, ends=ends)
        assert list(Causal(CausalConfig(), SPECIALS).rows(cut, RNG)) == [Row(ids, 1)]


def test_pieces_are_full_but_for_a_rest_that_is_no_crumb():
    """Cut evenly, the pieces of most documents would fill no row; a rest of a few tokens would be learnt without what it follows."""
    assert [*pieces(5, 2)] == [(0, 2), (2, 4), (4, 5)]
    assert [*pieces(70, 32)] == [(0, 32), (32, 64), (64, 70)]
    assert [*pieces(65, 32)] == [(0, 32), (32, 61), (61, 65)]
    assert [*pieces(32, 32)] == [(0, 32)]
    assert [*pieces(0, 32)] == []


@pytest.mark.parametrize(
    ("spm", "ids"),
    [
        (0.0, [PREFIX, 80, 81, SUFFIX, 84, MIDDLE, 82, 83, END]),
        (1.0, [PREFIX, SUFFIX, 84, MIDDLE, 80, 81, 82, 83, END]),
    ],
)
def test_fill_at_syntax_level(spm, ids):
    """The middle is the one span; every token but the first is learnt, the end too."""
    objective = Fill(FillConfig(rate=1, spm=spm, syntax=1), SPECIALS)
    batch = batch_of(objective, document(80, 81, 82, 83, 84, spans=[(2, 4, 1)]))
    assert batch == {"input_ids": [ids], "labels": [[-100, *ids[1:]]]}


def test_fill_at_token_level():
    """A document of one token has few cuts, all of which come."""
    objective = Fill(FillConfig(rate=1, spm=0), SPECIALS)
    rng = np.random.default_rng(1)
    found = {row.ids for _ in range(60) for row in objective.rows(document(80), rng)}
    assert found == {
        (PREFIX, 80, SUFFIX, MIDDLE, END),
        (PREFIX, SUFFIX, 80, MIDDLE, END),
        (PREFIX, SUFFIX, MIDDLE, 80, END),
    }


def test_fill_has_its_rate_and_gives_kinds_equal_chances():
    """Half of the rows stay as they are; one function among nine expressions is half of the middles."""
    half = Fill(FillConfig(rate=0.5), SPECIALS)
    rng = np.random.default_rng(2)
    cut = sum(row.ids[0] == PREFIX for _ in range(400) for row in half.rows(document(80, 81), rng))
    assert 160 < cut < 240
    spans = [(i, i + 2, 0) for i in range(9)] + [(0, 10, 3)]
    syntax = Fill(FillConfig(rate=1, spm=0, syntax=1), SPECIALS)
    whole = sum(
        row.ids[1] == SUFFIX and row.ids[2] == MIDDLE for _ in range(400) for row in syntax.rows(document(*range(80, 90), spans=spans), rng)
    )
    assert 160 < whole < 240


def test_fill_takes_spans_inside_the_piece_only():
    """A span that the cut of a long document runs through is no middle; without any the cut is between tokens."""
    objective = Fill(FillConfig(length=10, rate=1, spm=0, syntax=1), SPECIALS)
    rows = list(objective.rows(document(*range(80, 88), spans=[(0, 8, 3), (5, 7, 0)]), np.random.default_rng(0)))
    assert len(rows) == 2
    assert rows[1].ids == (PREFIX, SUFFIX, 87, MIDDLE, 85, 86, END)
    with pytest.raises(InputError, match="no spans; annotate"):
        list(objective.rows(document(80, 81), RNG))


def test_masked_spans():
    """Two spans of one token among four tokens can only stand so; the decoder begins with the padding token as in T5."""
    batch = batch_of(Spans(SpansConfig(length=16, rate=0.5, mean_span=1), SPECIALS), document(80, 81, 82, 83), document(90, 91))
    assert batch == {
        "input_ids": [[80, S0, 82, S1, END], [90, S0, END, PAD, PAD]],
        "attention_mask": [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]],
        "decoder_input_ids": [[PAD, S0, 81, S1, 83], [PAD, S0, 91, PAD, PAD]],
        "labels": [[S0, 81, S1, 83, END], [S0, 91, END, -100, -100]],
    }


def test_the_documented_gaps():
    """The example of the module's docstring."""
    assert with_gaps([80, 81, 82, 83, 84, 85, 86], [(1, 3), (5, 6)], SPECIALS) == PairRow(
        (80, S0, 83, 84, S1, 86, END), (S0, 81, 82, S1, 85, END), PAD
    )


def test_gaps_without_sentinels_are_filled_in_as_bart_does_it():
    """Each gap is the token for what is masked, the target the whole text, and both stand between the tokens that begin and end one."""
    bart = Specials(pad=1, end=2, text=0, mask=4, first=2)
    assert with_gaps([80, 81, 82, 83], [(1, 3)], bart) == PairRow((0, 80, 4, 83, 2), (0, 80, 81, 82, 83, 2), 2)
    rows = list(Words(WordsConfig(length=6, rate=0.5), bart).rows(document(80, 81, 82, 83, 84, 85, words="^^^^^^"), RNG))
    assert {len(row.target) for row in rows} <= {4, 5, 6}
    assert all(row.source.count(4) == len(row.target) // 2 - 1 for row in rows)
    assert len(list(Spans(SpansConfig(length=4), bart).rows(document(80, 81, 82), RNG))) == 1
    with pytest.raises(ConfigError, match="objective words: the tokenizer has no sentinels"):
        Words(WordsConfig(), Specials(pad=1, end=2))


def test_whole_words():
    """Every token of a masked word goes, and adjacent masked words have a sentinel each."""
    objective = Words(WordsConfig(rate=0.7), SPECIALS)
    rng = np.random.default_rng(0)
    rows = {row for _ in range(60) for row in objective.rows(document(80, 81, 82, 83, words="^.^^"), rng)}
    assert rows == {
        PairRow((S0, S1, 83, END), (S0, 80, 81, S1, 82, END), PAD),
        PairRow((S0, 82, S1, END), (S0, 80, 81, S1, 83, END), PAD),
        PairRow((80, 81, S0, S1, END), (S0, 82, S1, 83, END), PAD),
    }
    with pytest.raises(InputError, match="no words; annotate"):
        list(objective.rows(document(80, 81), RNG))


def test_entities_label_each_token_but_the_end():
    """Labels go with their tokens; the end and padding have none."""
    objective = Entities(EntitiesConfig(), SPECIALS)
    assert batch_of(objective, document(80, 81, 82, labels=[7, 0, 1]), document(83, labels=[3])) == {
        "input_ids": [[80, 81, 82, END], [83, END, PAD, PAD]],
        "attention_mask": [[1, 1, 1, 1], [1, 1, 0, 0]],
        "labels": [[7, 0, 1, -100], [3, -100, -100, -100]],
    }
    with pytest.raises(InputError, match="no labels; annotate"):
        list(objective.rows(document(80), RNG))


def test_scores_are_the_right_way_round():
    """Of three predicted two are right, of four expected two are found: precision 2/3, recall 1/2."""
    o, var, in_var, func = 0, 1, 2, 3
    predicted = [[var, in_var, o, func, var, o, var]]
    expected = [[var, in_var, o, func, func, var, -100]]
    found = scores(predicted=predicted, expected=expected)
    assert [found["all"].precision, found["all"].recall] == pytest.approx([2 / 3, 1 / 2])
    assert found["all"].f1 == pytest.approx(4 / 7)
    assert [found["VAR"].precision, found["VAR"].recall] == pytest.approx([1 / 2, 1 / 2])
    assert [found["FUNC"].precision, found["FUNC"].recall] == pytest.approx([1.0, 1 / 2])
    turned = scores(predicted=[expected[0][:6]], expected=[predicted[0][:6]])["all"]
    assert [turned.precision, turned.recall] == pytest.approx([1 / 2, 2 / 3])
    with pytest.raises(InputError, match="differ in shape"):
        scores(predicted=[[0]], expected=[[0, 0]])


def test_entities_of_labels():
    """B begins, I continues its own kind and otherwise begins; an entity at the end counts."""
    assert list(entities_of([1, 2, 1, 4, 0, 4, 4])) == [(0, 2, "VAR"), (2, 3, "VAR"), (3, 4, "FUNC"), (5, 7, "FUNC")]
    assert list(entities_of([])) == []


def test_translation_by_an_encoder_decoder():
    """The source is read whole, and the target is learnt with its end; ours begins with the direction, others as their config says."""
    rows = [Row((INTO_CUDA, 80, 81, 90, END), 3), Row((INTO_CUDA, 82, 91, 92, END), 2)]
    expected = {
        "input_ids": [[INTO_CUDA, 80, 81], [INTO_CUDA, 82, PAD]],
        "attention_mask": [[1, 1, 1], [1, 1, 0]],
        "labels": [[90, END, -100], [91, 92, END]],
    }
    assert {name: value.tolist() for name, value in sides(rows).items()} == expected
    begun = {**expected, "decoder_input_ids": [[INTO_CUDA, 90, PAD], [INTO_CUDA, 91, 92]]}
    assert {name: value.tolist() for name, value in directed_sides(rows).items()} == begun


def test_an_instruction_by_a_decoder():
    """The loss stands on the answer and its end only."""
    batch = padded([Row((80, 81, 90, END), 2), Row((82, 91, END), 1)])
    assert {name: value.tolist() for name, value in batch.items()} == {
        "input_ids": [[80, 81, 90, END], [82, 91, END, PAD]],
        "labels": [[-100, -100, 90, END], [-100, 91, END, -100]],
    }


def test_rows_of_several_kinds_are_no_batch():
    """A batch holds rows of one kind, and at least one."""
    with pytest.raises(InputError, match="several kinds"):
        Causal(CausalConfig(), SPECIALS).collate([Row((1, 2), 1), TagRow((1,), (0,))], PAD)
    with pytest.raises(InputError, match="without rows"):
        Causal(CausalConfig(), SPECIALS).collate([], PAD)

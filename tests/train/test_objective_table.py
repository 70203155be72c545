"""Objectives by name, mixtures of them, the tagger over a model's encoder, and instructions in a chat template's words."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from transformers import PreTrainedTokenizerFast

from hpcraft.errors import ConfigError, InputError
from hpcraft.tokenizer import bpe
from hpcraft.train.annotation import LABELS
from hpcraft.train.batches import Row
from hpcraft.train.objectives.backtranslate import BackTranslate
from hpcraft.train.objectives.causal import Causal, CausalConfig
from hpcraft.train.objectives.entities import tagger_of, take_encoder
from hpcraft.train.objectives.specials import Specials
from hpcraft.train.objectives.table import NEEDS_TABLES, OBJECTIVES, Mixture, make
from tests.train.tiny import PREFIX, SPECIALS, TEXT, document, tables, tiny_t5


@pytest.fixture(scope="module")
def tokenizer():
    """One of a few lines of C."""
    return bpe.train(["int main(void) { return 0; }\n" * 40], 1024)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_name_makes_its_objective(name):
    """With its defaults, and with the tables where it needs them; without those it says so."""
    objective = make(name, {}, SPECIALS, tables())
    assert objective.architecture in ("decoder", "encoder-decoder", "tagger")
    if name in NEEDS_TABLES:
        with pytest.raises(ConfigError, match="needs the tables of noise"):
            make(name, {}, SPECIALS)


def test_the_table_loads_no_torch():
    """A command can list objectives before anything heavy is imported."""
    code = "import sys; from hpcraft.train.objectives.table import OBJECTIVES; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert set(OBJECTIVES) > NEEDS_TABLES


def test_options_are_fields_nested_ones_too():
    """As a recipe writes them: lists for tuples, mappings for configurations."""
    options = {"denoise": {"languages": ["cuda", "c"], "rates": {"drop": 0.1}, "length": 100}, "warmup": 0}
    objective = make("backtranslate", options, SPECIALS, tables())
    assert isinstance(objective, BackTranslate)
    config = objective.config
    assert config.denoise.languages == ("cuda", "c")
    assert (config.denoise.rates.drop, config.denoise.rates.mask, config.denoise.length) == (0.1, 0.15, 100)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("casual", {}, "did you mean 'causal'"),
        ("fill", {"raet": 1}, "did you mean 'rate'"),
        ("fill", {"rate": 2}, "rate: 2 is not a share"),
        ("fill", {"rate": "half"}, "'half' is not of type float"),
        ("fill", {"length": True}, "True is not of type int"),
        ("fill", {"length": 4}, "give at least 8"),
        ("denoise", {"rates": 0.2}, r"rates: 0\.2 isn't a mapping"),
        ("denoise", {"shuffle": "all"}, "give span, local or none"),
        ("spans", {"length": 4096}, "more than the 64 sentinels"),
        ("spans", {"mean_span": 0.5}, "give at least 1"),
    ],
)
def test_wrong_options_are_one_clear_error(name, options, message):
    """What was given, what is allowed, what to do."""
    with pytest.raises(ConfigError, match=message):
        make(name, options, SPECIALS, tables())


def test_a_mixture_draws_by_weight():
    """A quarter of the documents goes to the first; the weights are in any unit; one alone is itself."""
    objective = Mixture({"causal": 1, "fill": 3}).make({"fill": {"rate": 1}}, SPECIALS)
    rng = np.random.default_rng(0)
    begun = [row.ids[0] for _ in range(400) for row in objective.rows(document(80, 81), rng) if isinstance(row, Row)]
    assert begun.count(TEXT) + begun.count(PREFIX) == 400
    assert 70 < begun.count(TEXT) < 130
    assert list(objective.at(0.5).rows(document(80), rng))
    assert type(Mixture({"causal": 2}).make({}, SPECIALS)).__name__ == "Causal"


@pytest.mark.parametrize(
    ("weights", "options", "message"),
    [
        ({"causal": 1, "spans": 1}, {}, "for decoder and encoder-decoder; give objectives for one"),
        ({"causal": 0}, {}, "not above zero"),
        ({}, {}, "a mixture of no objectives"),
        ({"fil": 1}, {}, "did you mean 'fill'"),
        ({"causal": 1}, {"fill": {}}, "options of fill: not in the mixture"),
        ({"backtranslate": 1, "spans": 1}, {}, "give it alone"),
    ],
)
def test_wrong_mixtures_are_one_clear_error(weights, options, message):
    """What doesn't go together is told before training."""
    with pytest.raises(ConfigError, match=message):
        Mixture(weights).make(options, SPECIALS, tables())


def test_specials_come_from_the_tokenizer(tokenizer):
    """Each has its own id; a tokenizer without them is told."""
    specials = Specials.of(tokenizer)
    single = [specials.pad, specials.end, specials.text, specials.prefix, specials.suffix, specials.middle, specials.mask]
    assert len({*single, *specials.sentinels, *specials.starts.values()}) == 7 + 64 + 6
    assert specials.start_of("cpp") == specials.start_of("c") == tokenizer.token_to_id("<|cuda2c|>")
    with pytest.raises(InputError, match="has no token"):
        Specials.of(bpe.train_plain(["int i;"], 300))


def hub(*tokens, **named):
    """Anybody's tokenizer with these tokens."""
    from tokenizers import Tokenizer, models

    vocabulary = {token: number for number, token in enumerate(["a", *tokens, *named.values()])}
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE(vocab=vocabulary, merges=[])), **named)


def test_specials_of_others_tokenizers():
    """A StarCoder fills in and a T5 masks spans; what a vocabulary lacks its objectives refuse, padding may be the end."""
    star = Specials.of_hub(hub("<fim_prefix>", "<fim_suffix>", "<fim_middle>", eos_token="<|endoftext|>"))
    assert (star.prefix, star.suffix, star.middle, star.end, star.pad) == (1, 2, 3, 4, 4)
    assert [row.ids for row in Causal(CausalConfig(), star).rows(document(0, 0), np.random.default_rng(0))] == [(0, 0, 4)]
    assert make("fill", {}, star).architecture == "decoder"
    with pytest.raises(ConfigError, match="has no sentinels tokens"):
        make("spans", {}, star)
    t5 = Specials.of_hub(hub("<extra_id_0>", "<extra_id_1>", eos_token="</s>", pad_token="<pad>"))
    assert (t5.sentinels, t5.start_of("cuda"), t5.pad) == ((1, 2), 4, 4)
    assert make("spans", {"length": 20}, t5).architecture == "encoder-decoder"
    for name in ("fill", "denoise"):
        with pytest.raises(ConfigError, match=f"objective {name}: the tokenizer has no"):
            make(name, {}, t5, tables())
    with pytest.raises(InputError, match="no end token"):
        Specials.of_hub(hub())


def test_languages_that_begin_alike_have_no_direction():
    """CodeRosetta's direction collapses silently where both start tokens are one."""
    with pytest.raises(ConfigError, match="leaves it no direction"):
        make("denoise", {"languages": ["c", "cpp"]}, SPECIALS, tables())


def test_a_tagger_shares_the_encoder():
    """What the tagger learns the model has at once; from a tagger that was loaded it is taken, and no other fits."""
    model = tiny_t5()
    tagger = tagger_of(model)
    assert tagger.transformer.encoder is model.encoder
    assert tagger.config.num_labels == len(LABELS)
    assert (tagger.config.id2label or {}) == dict(enumerate(LABELS))
    ids = torch.tensor([[80, 81]])
    assert tagger(input_ids=ids).logits.shape == (1, 2, len(LABELS))
    with torch.no_grad():  # it begins as one that guesses
        assert float(tagger_of(tiny_t5(width=256))(input_ids=ids).logits.std()) < 0.7
    assert model.config.num_labels != len(LABELS)

    other = tagger_of(tiny_t5(seed=1))
    before = model.encoder(input_ids=ids).last_hidden_state
    take_encoder(model, other)
    after = model.encoder(input_ids=ids).last_hidden_state
    assert torch.equal(after, other.transformer.encoder(input_ids=ids).last_hidden_state)
    assert not torch.equal(after, before)
    assert model.encoder.embed_tokens.weight is model.shared.weight
    with pytest.raises(InputError, match="another size or vocabulary"):
        take_encoder(model, tagger_of(tiny_t5(width=16)))


def test_a_tagger_survives_a_file(tmp_path):
    """Saved and loaded by transformers alone it has the same answers and the labels' names."""
    tagger = tagger_of(tiny_t5())
    tagger.save_pretrained(tmp_path)
    loaded = type(tagger).from_pretrained(tmp_path)
    ids = torch.tensor([[80, 81, 82]])
    assert torch.allclose(loaded(input_ids=ids).logits, tagger(input_ids=ids).logits)
    assert loaded.config.id2label == tagger.config.id2label

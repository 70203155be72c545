"""CodeRosetta's noise and back-translation: each step on its own, their order, tables, and the model left as it was."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import numpy as np
import pytest
import torch

from hpcraft.errors import ConfigError, InputError
from hpcraft.tokenizer import bpe
from hpcraft.tokenizer.prompt import END as END_TOKEN
from hpcraft.train.corpus_source import CorpusSource
from hpcraft.train.objectives import denoise
from hpcraft.train.objectives.backtranslate import BackTranslate, BackTranslateConfig
from hpcraft.train.objectives.batching import batched
from hpcraft.train.objectives.denoise import Denoise, DenoiseConfig
from hpcraft.train.objectives.noise import (
    NoiseTables,
    Rates,
    drop,
    frequencies,
    insert,
    is_keyword,
    keyword_ids,
    mask,
    replace_some,
    shuffle,
)
from hpcraft.train.objectives.objective import PairRow
from hpcraft.train.stream import Place, Stream, Turns
from tests.train.tiny import END, INTO_C, INTO_CUDA, MASK, PAD, SPECIALS, document, tables, tiny_t5

NONE = Rates(drop=0, insert=0, mask=0)
OFF: dict[str, Any] = {"rates": NONE, "shuffle": "none"}


def test_dropping_takes_keywords_twice_as_often():
    """With one keyword among four tokens and one to drop, it goes with a chance of 2/5; the rest keeps its order."""
    rng = np.random.default_rng(0)
    ids = np.array([80, 81, 82, 83])
    gone = Counter[int]()
    for _ in range(1000):
        kept = drop(ids, 0.25, tables().keywords["c"], rng).tolist()
        assert kept == sorted(kept)
        assert len(kept) == 3
        gone.update({80, 81, 82, 83} - set(kept))
    assert 350 < gone[80] < 450
    assert all(150 < gone[other] < 250 for other in (81, 82, 83))


def test_replacing_and_inserting_draw_from_the_other_language():
    """Replaced tokens keep the length; inserted ones add to it, each at most once, the original in order around them."""
    rng = np.random.default_rng(0)
    ids, foreign = np.array([80, 81, 82, 83]), tables().frequent["c"]
    replaced = replace_some(np.full(4, 90), 0.5, foreign, rng)
    assert sorted(replaced.tolist()) == [81, 82, 90, 90]
    longer = insert(np.full(4, 90), 0.5, foreign, rng)
    assert sorted(longer.tolist()) == [81, 82, 90, 90, 90, 90]
    assert [number for number in insert(ids, 1.0, tables().frequent["cuda"], rng).tolist() if number != 120] == ids.tolist()


def test_insertion_follows_frequency():
    """A token three times as frequent is drawn three times as often."""
    rng = np.random.default_rng(0)
    drawn = Counter(int(insert(np.array([90] * 4), 0.25, tables().frequent["c"], rng).min()) for _ in range(1000))
    assert 700 < drawn[81] < 800


def test_shuffling_moves_one_span():
    """Short texts stay; the first token always does; local shuffling moves a token by less than three places."""
    rng = np.random.default_rng(0)
    short, ids = np.arange(9), np.arange(20)
    assert shuffle(short, "span", rng).tolist() == short.tolist()
    assert shuffle(ids, "none", rng).tolist() == ids.tolist()
    moved = [shuffle(ids, "span", rng) for _ in range(50)]
    assert all(sorted(found.tolist()) == ids.tolist() and found[0] == 0 for found in moved)
    assert any(found.tolist() != ids.tolist() for found in moved)
    local = [shuffle(ids, "local", rng) for _ in range(50)]
    assert max(int(np.abs(found - ids).max()) for found in local) in (1, 2, 3)


def test_masking_draws_with_replacement():
    """At a rate of one the mask doesn't cover all: places are drawn anew each time, as in the original."""
    rng = np.random.default_rng(0)
    masked = mask(np.arange(80, 120), 1.0, MASK, rng)
    assert 0 < int((masked != MASK).sum()) < 40
    assert mask(np.array([80, 81]), 0.4, MASK, rng).tolist() == [80, 81]


def test_the_noises_come_in_the_papers_order(monkeypatch):
    """Drop, replace, insert, shuffle, mask: what is inserted may be masked, and is never dropped."""
    order: list[str] = []

    def noted(name):
        def step(ids, *_):
            order.append(name)
            return ids

        return step

    for name in ("drop", "replace_some", "insert", "shuffle", "mask"):
        monkeypatch.setattr(denoise, name, noted(name))
    Denoise(DenoiseConfig(), SPECIALS, tables()).noisy(np.array([80, 81]), "c", np.random.default_rng(0))
    assert order == ["drop", "replace_some", "insert", "shuffle", "mask"]


def test_a_batch_without_noise_is_exact():
    """Without noise source and target are the text; the decoder begins with the text's own language."""
    objective = Denoise(DenoiseConfig(**OFF), SPECIALS, tables())
    rng = np.random.default_rng(0)
    rows = [
        *objective.rows(document(80, 81, 82), rng),
        *objective.rows(document(83, language="cuda"), rng),
        *objective.rows(document(84, language="fortran"), rng),
    ]
    batch = {name: value.tolist() for name, value in objective.collate(rows, PAD).items()}
    assert batch == {
        "input_ids": [[80, 81, 82, END], [83, END, PAD, PAD]],
        "attention_mask": [[1, 1, 1, 1], [1, 1, 0, 0]],
        "decoder_input_ids": [[INTO_C, 80, 81, 82], [INTO_CUDA, 83, PAD, PAD]],
        "labels": [[80, 81, 82, END], [83, END, -100, -100]],
    }


def test_noise_of_c_draws_on_cuda_and_the_target_stays_clean():
    """The rate of insertion counts the text after dropping; a noisy text is cut to the length with its end forced."""
    ids = tuple(range(80, 100))
    objective = Denoise(DenoiseConfig(rates=Rates(drop=0.2, insert=0.1, mask=0), shuffle="none"), SPECIALS, tables())
    (row,) = objective.rows(document(*ids), np.random.default_rng(0))
    assert row.target == (*ids, END)
    assert row.source.count(120) == 1
    assert len(row.source) == 20 - 4 + 1 + 1
    crowded = Denoise(DenoiseConfig(length=21, rates=Rates(drop=0, insert=0.6, mask=0), shuffle="none"), SPECIALS, tables())
    (row,) = crowded.rows(document(*ids), np.random.default_rng(0))
    assert (len(row.source), row.source[-1], row.target) == (21, END, (*ids, END))


def test_rates_grow_by_the_papers_steps():
    """.05 for mask and insert, .025 for drop, as long as the sum is below .6; and evenly over the training."""
    grown = Rates().after(1)
    assert [grown.mask, grown.insert, grown.drop] == pytest.approx([0.2, 0.2, 0.225])
    assert Rates().after(5) == grown
    objective = Denoise(DenoiseConfig(rates=Rates(drop=0.1, insert=0.05, mask=0.05), updates=3), SPECIALS, tables())
    assert [round(objective.at(progress).rates.mask, 2) for progress in (0, 0.2, 0.25, 0.5, 0.75, 1)] == [0.05, 0.05, 0.1, 0.15, 0.2, 0.2]
    with pytest.raises(ConfigError, match=r"above 0\.6"):
        DenoiseConfig(rates=Rates(mask=0.3))


def test_frequencies_count_by_language():
    """The most used come first, ties by id, barred ones never."""
    found = frequencies([document(80, 81, 81), document(81, 90), document(5, 5, 82, language="cuda")], top=2, barred=[5])
    assert found["c"].ids.tolist() == [81, 80]
    assert found["c"].counts.tolist() == [3, 1]
    assert found["cuda"].ids.tolist() == [82]


def test_keywords_are_the_languages_and_the_parallel_models():
    """OpenMP, MPI and OpenACC words weigh, which CodeRosetta's lists lack."""
    assert all(is_keyword(word, "c") for word in ("for", "reduction", "MPI_Send", "copyin", "omp_get_thread_num", "schedule"))
    assert is_keyword("__global__", "cuda")
    assert not is_keyword("__global__", "c")
    assert is_keyword("SUBROUTINE", "fortran")
    assert is_keyword("mpi_send", "fortran")
    assert not any(is_keyword(word, "c") for word in ("my_loop_count", "x"))
    with pytest.raises(ConfigError, match="'rust'"):
        is_keyword("fn", "rust")


def test_tables_of_a_tokenizer():
    """A directive that is one token is a keyword, a marker isn't; control tokens are in no table."""
    tokenizer = bpe.train(["for (int i = 0; i < n; i++) total += x[i];\n" * 40], 1024)
    owned = keyword_ids(tokenizer, "c")
    directive = tokenizer.encode("#pragma omp parallel for").ids
    assert owned[directive[0]]
    assert not owned[tokenizer.token_to_id("<|0|>")]
    text = tokenizer.encode(f"for (int i{END_TOKEN}", add_special_tokens=False).ids
    found = NoiseTables.of(tokenizer, [document(*text), document(*text[:3], language="cuda")], ("c", "cuda"))
    assert tokenizer.token_to_id(END_TOKEN) in text
    assert tokenizer.token_to_id(END_TOKEN) not in found.frequent["c"].ids
    with pytest.raises(InputError, match="no text in fortran"):
        NoiseTables.of(tokenizer, [document(*text)], ("c", "fortran"))


def backtranslate(**options):
    """The objective without noise."""
    return BackTranslate(BackTranslateConfig(denoise=DenoiseConfig(length=16, **OFF), **options), SPECIALS, tables())


def test_back_translation_turns_the_models_text_round():
    """The source becomes what the model writes in the other language, the labels stay; only start tokens say the direction."""
    objective, model = backtranslate(denoise_share=0), tiny_t5()
    generate: Any = model.generate  # pyright: ignore[reportAttributeAccessIssue]  # its annotation asks for more than a model has
    rng = np.random.default_rng(0)
    rows = [row for ids in ((80, 81, 82), (83,)) for row in objective.rows(document(*ids), rng)]
    batch = objective.collate(rows, PAD)
    assert batch["into"].tolist() == [INTO_CUDA, INTO_CUDA]
    done = objective.complete(batch, model)
    expected = generate(
        input_ids=batch["input_ids"],
        attention_mask=batch["attention_mask"],
        decoder_start_token_id=INTO_CUDA,
        max_new_tokens=16,
        do_sample=False,
    )
    assert "into" not in done
    for ids, present, written in zip(done["input_ids"].tolist(), done["attention_mask"].tolist(), expected[:, 1:].tolist(), strict=True):
        text = written[: written.index(END)] if END in written else written[:15]
        assert ids[: sum(present)] == [*text, END]
        assert set(ids[sum(present) :]) <= {PAD}
    assert done["labels"].tolist() == [[80, 81, 82, END], [83, END, -100, -100]]
    assert done["decoder_input_ids"].tolist() == [[INTO_C, 80, 81, 82], [INTO_C, 83, PAD, PAD]]


def test_back_translation_leaves_the_model_and_chance_as_they_were():
    """Modes of single modules, random states and gradients are the same after; the batch has no gradient."""
    objective, model = backtranslate(denoise_share=0), tiny_t5()
    model.train()
    model.encoder.eval()
    before = [module.training for module in model.modules()]
    torch.manual_seed(5)
    state = torch.get_rng_state()
    batch = objective.complete(objective.collate(list(objective.rows(document(80, 81), np.random.default_rng(0))), PAD), model)
    assert [module.training for module in model.modules()] == before
    assert torch.equal(torch.get_rng_state(), state)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(value.requires_grad for value in batch.values())


def test_back_translation_restores_the_mode_after_a_failure(monkeypatch):
    """An error in generation leaves no model in evaluation mode."""
    objective, model = backtranslate(denoise_share=0), tiny_t5()
    model.train()
    monkeypatch.setattr(model, "generate", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        objective.complete(objective.collate(list(objective.rows(document(80), np.random.default_rng(0))), PAD), model)
    assert model.training


def test_back_translation_refuses_a_sharded_model(tmp_path):
    """Generation runs the encoder alone, whose weights would be in pieces."""
    from torch import distributed
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        model = tiny_t5()
        fully_shard(model, mesh=init_device_mesh("cpu", (1,)))
        objective = backtranslate(denoise_share=0)
        with pytest.raises(ConfigError, match="distribute it by ddp"):
            objective.complete(objective.collate(list(objective.rows(document(80), np.random.default_rng(0))), PAD), model)
    finally:
        distributed.destroy_process_group()


def test_batches_alternate_between_halves_and_directions():
    """Denoising and back-translation of C, then of CUDA, and so on; a batch is in one language and one half."""
    objective = backtranslate()
    rng = np.random.default_rng(0)
    documents = [document(80 + n % 8, language=("c", "cuda")[n % 2]) for n in range(64)]
    rows = [row for one in documents for row in objective.rows(one, rng)]
    groups = [{row.group for row in batch} for batch in batched(rows, 16, Random(0), cycle=objective.cycle, pool=8)]
    assert len(groups) >= 8
    turns = [{"denoise/c"}, {"backtranslate/c"}, {"denoise/cuda"}, {"backtranslate/cuda"}]
    assert groups == turns * (len(groups) // 4)
    denoising = next(batch for batch in batched(rows, 16, Random(0), cycle=objective.cycle, pool=8))
    given = objective.collate(denoising, PAD)
    assert objective.complete(given, tiny_t5()) is given


def test_warm_up_only_denoises():
    """Before its end no row is for back-translation, after it half are."""
    cold = backtranslate(warmup=0.5)
    assert cold.at(0.4).cycle == ("denoise/c", "denoise/cuda")
    assert {row.group for row in cold.at(0.4).rows(document(80), np.random.default_rng(0))} == {"denoise/c"}
    assert len(cold.at(0.5).cycle) == 4


def test_batches_keep_their_budget():
    """Rows of like length stand together, within the tokens that are allowed; a longer row is alone, none is lost."""
    rng = Random(1)
    rows = [PairRow((80,) * rng.randrange(1, 20), (90,) * rng.randrange(1, 20), PAD) for _ in range(200)]
    batches = list(batched(rows, 64, Random(0), pool=50))
    assert Counter(row for batch in batches for row in batch) == Counter(rows)
    for batch in batches:
        width = max(len(row.source) for row in batch) + max(len(row.target) for row in batch)
        assert width * len(batch) <= 64
    assert len(list(batched([PairRow((80,) * 90, (1,), PAD)] * 2, 64, Random(0)))) == 2


def test_bad_configurations():
    """Languages must differ and be in the tables."""
    with pytest.raises(ConfigError, match="two different ones"):
        DenoiseConfig(languages=("c", "c"))
    with pytest.raises(ConfigError, match="the tables of noise lack it"):
        Denoise(DenoiseConfig(languages=("c", "fortran")), SPECIALS, tables())
    with pytest.raises(ConfigError, match="no decoder begins with it"):
        Denoise(DenoiseConfig(languages=("c", "rust")), SPECIALS, tables())


class Few:
    """Four hundred texts in tokens, in two languages."""

    texts = np.array([(20, 0)] * 400, dtype=[("length", "<i4"), ("ready", "u1")])

    def epoch(self, number: int) -> np.ndarray:
        """Which texts it shows."""
        return np.arange(400)

    def document(self, number: int):
        """One of them."""
        return document(*range(80, 100), language=("c", "cuda")[number % 2])


@pytest.mark.parametrize(("told", "first"), [(None, 6), ((2, 0.35), 2)])
def test_back_translation_begins_where_the_warm_up_ends(told: Any, first: int) -> None:
    """In the first turn of its cycle after 6 of 20 steps, or when so much of the time is used up; small corpora see many epochs until then."""
    config = BackTranslateConfig(denoise=DenoiseConfig(length=32), warmup=0.3)
    source = CorpusSource(tokens=Few(), objective=BackTranslate(config, SPECIALS, tables()), width=32, step_rows=8, rows=4, seed=1)  # type: ignore[arg-type]
    turns = Turns(source.turns, 20)
    if told:
        turns.tell(*told)
    stream = Stream(source, Place(), turns=turns, accumulate=2)
    batches = [batch for batch, _ in zip(stream, range(40), strict=False)]
    kinds = [("into" if "into" in batch else "noisy", int(batch["decoder_input_ids"][0, 0])) for batch in batches]
    assert all(kind == "noisy" for kind, _ in kinds[: 2 * first + 2])
    cycle = [("noisy", INTO_C), ("into", INTO_C), ("noisy", INTO_CUDA), ("into", INTO_CUDA)]
    assert kinds[2 * first : 2 * first + 8] == [kind for kind in cycle for _ in range(2)]

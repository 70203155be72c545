"""Suite perplexity: hand-computed models, windows, tokenizers that cut differently, and what can't be measured."""

import json
from math import log

import pytest

from hpcraft.errors import ConfigError, InputError
from hpcraft.eval.compare import compare
from hpcraft.eval.perplexity import BITS_PER_BYTE, PER_LEXEME, perplexity_tasks
from hpcraft.eval.perplexity import judge as judge_one
from hpcraft.records import Document
from hpcraft.samples import Completion
from hpcraft.shards import ShardWriter
from hpcraft.store import read_jsonl
from tests.eval.tiny_models import SHAPE, VOCABULARY, save_model, save_tokenizer, torch, transformers

torch.set_num_threads(1)

from tokenizers.normalizers import Lowercase  # noqa: E402 - as torch

from hpcraft.decoding import HubCodec  # noqa: E402 - after torch is known to be there
from hpcraft.eval.scoring import Scorer  # noqa: E402
from hpcraft.inference import load  # noqa: E402 - after torch is known to be there

CODE = "int f(int n)\n{\n    return n + 1;\n}\n"
OTHER = "subroutine s(n)\n  integer :: n\n  n = n + 1\nend subroutine s\n"


def document(text, number, language="c", split="test", models=()):
    """A document of a corpus."""
    return Document(
        document_id=f"{number:016x}{'0' * 48}",
        source="own",
        package="own",
        version="1",
        path=f"{number}.c",
        sha256="",
        language=language,
        form="",
        models=models,
        licence="MIT",
        licence_evidence="spdx-header",
        split=split,
        text=text,
    )


@pytest.fixture
def corpus(tmp_path):
    """Three documents: C and Fortran, serial and OpenMP, test and valid; and one for training."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    with ShardWriter(folder, "corpus-00000-all", Document) as writer:
        writer.write(document(CODE, 1))
        writer.write(document("#pragma omp parallel\n" + CODE, 2, models=("openmp",)))
        writer.write(document(OTHER, 3, language="fortran", split="valid"))
        writer.write(document(CODE * 2, 4, split="train"))
    return folder


def save_uniform(folder):
    """A model that finds every token equally likely: all its weights are 0."""
    save_tokenizer(folder)
    config = transformers.LlamaConfig(**{"vocab_size": VOCABULARY, **SHAPE, "eos_token_id": 256, "pad_token_id": 257})
    model = transformers.LlamaForCausalLM(config)
    with torch.no_grad():
        for weights in model.parameters():
            weights.zero_()
    model.save_pretrained(folder)
    return folder


def save_merging(folder, merges):
    """A tokenizer of bytes that joins some; gives its vocabulary. The token that ends texts is the last."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE

    vocabulary = {c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    for one, other in merges:
        vocabulary[one + other] = len(vocabulary)
    tokenizer = Tokenizer(BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<eos>").save_pretrained(folder)
    return vocabulary


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(("window", "stride"), [(0, 0), (8, 8), (8, 4), (16, 1), (7, 3), (2, 1), (1, 1)])
def test_a_uniform_model_costs_the_logarithm_of_its_vocabulary(window, stride, tmp_path):
    """For every token once, whatever the windows; the first is predicted as well."""
    scorer = Scorer(load(save_uniform(tmp_path)), window=window, stride=stride)
    ((number, scored),) = scorer.score([CODE])
    assert number == 0
    assert scored.num_tokens == len(CODE)
    assert scored.nats == pytest.approx(len(CODE) * log(VOCABULARY), rel=1e-5)


@pytest.mark.parametrize("kind", ["llama", "gpt2", "neox"])
def test_one_window_is_the_plain_sum(kind, tmp_path):
    """Texts of unlike length together cost what each costs by itself, computed with nothing but the model."""
    generator = load(save_model(tmp_path, kind))
    texts = [CODE, "x", OTHER, CODE + OTHER]
    found = dict(Scorer(generator).score(texts))
    for number, text in enumerate(texts):
        ids = torch.tensor([[256, *generator.codec.encode(text)]])
        with torch.no_grad():
            logs = torch.log_softmax(generator.model(ids).logits[0, :-1].double(), dim=-1)
        expected = -float(logs.gather(1, ids[0, 1:, None]).sum())
        assert found[number].nats == pytest.approx(expected, rel=1e-4)


def test_windows_see_what_stands_before(tmp_path):
    """With a stride, each token costs what it costs behind the tokens of its window, computed one by one."""
    generator = load(save_model(tmp_path))
    window, stride = 8, 3
    ids = [256, *generator.codec.encode(CODE)]
    expected, start, predicted = 0.0, 0, 1
    while predicted < len(ids):
        end = min(start + window, len(ids) - 1)
        for target in range(predicted, end + 1):
            with torch.no_grad():
                logits = generator.model(torch.tensor([ids[start:target]])).logits[0, -1].double()
            expected -= float(torch.log_softmax(logits, dim=-1)[ids[target]])
        predicted, start = end + 1, start + stride
    ((_, scored),) = Scorer(generator, window=window, stride=stride).score([CODE])
    assert scored.nats == pytest.approx(expected, rel=1e-4)


def test_two_tokenizers_of_one_distribution_give_the_same_bits(tmp_path):
    """Bytes one by one, or pairs of them as a token whose share is the product of theirs: the same nats, from half as many tokens."""
    text = "abababab"
    found = {}
    for name, merges in (("bytes", []), ("pairs", [("a", "b")])):
        folder = tmp_path / name
        folder.mkdir()
        vocabulary = save_merging(folder, merges)
        shares = torch.full((len(vocabulary) + 1,), 1e-9, dtype=torch.float64)
        shares[vocabulary["a"]] = shares[vocabulary["b"]] = 0.3
        if merges:
            shares[vocabulary["ab"]] = 0.3 * 0.3
        shares[-1] += 1 - shares.sum()
        save_constant(folder, torch.log(shares))
        ((_, found[name]),) = Scorer(load(folder)).score([text])
    assert found["pairs"].num_tokens * 2 == found["bytes"].num_tokens == len(text)
    assert found["bytes"].nats == pytest.approx(-len(text) * log(0.3), rel=1e-5)
    assert found["pairs"].nats == pytest.approx(found["bytes"].nats, rel=1e-5)


def save_constant(folder, logits):
    """A model whose logits are the same everywhere: GPT-NeoX with a constant hidden state, read out by one column."""
    config = transformers.GPTNeoXConfig(
        vocab_size=len(logits), hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, max_position_embeddings=64,
        bos_token_id=None, eos_token_id=len(logits) - 1, tie_word_embeddings=False,
    )  # fmt: skip
    model = transformers.GPTNeoXForCausalLM(config)
    with torch.no_grad():
        for weights in model.parameters():
            weights.zero_()
        model.gpt_neox.final_layer_norm.bias[0] = 1.0
        model.lm_head.weight[:, 0] = logits.float()
    model.save_pretrained(folder)


# ---------------------------------------------------------------- through the stages


def test_figures_by_language_model_and_split(corpus, generate, judge, tmp_path):
    """Both metrics with intervals and numbers of documents; texts stay out of the results."""
    (tmp_path / "model").mkdir()
    name = f"hf:{save_uniform(tmp_path / 'model')}"
    answers = generate("answers", {"data": corpus}, suites=("perplexity",), models=(name,), window=16)
    (results,) = judge(answers, inputs={"data": corpus}).values()
    level = results.levels["run"]
    metrics = level["metrics"]
    assert set(metrics) == {BITS_PER_BYTE, PER_LEXEME}
    assert metrics[BITS_PER_BYTE]["value"] == pytest.approx(log(VOCABULARY, 2), rel=1e-4)
    assert metrics[BITS_PER_BYTE]["n"] == 3
    assert {"language:c", "language:fortran", "model:openmp", "model:serial", "split:test", "split:valid"} <= set(level["groups"])
    assert level["groups"]["split:test"][BITS_PER_BYTE]["n"] == 2
    assert level["groups"]["language:c"][PER_LEXEME]["value"] > 1
    assert not results.limited
    assert all("return" not in path.read_text() for path in tmp_path.glob("results/perplexity/*/*.json*"))
    for completion in read_jsonl(next(answers.glob("*/*/completions.jsonl")), Completion):
        assert {"window": 16, "stride": 8, "begin": "<eos>"}.items() <= completion.sampling.items()


def test_the_better_of_two_models_has_fewer_bits(corpus, generate, judge, tmp_path):
    """``eval compare`` with bits per byte, document by document; pass@1 is told to be none of its metrics."""
    folders = {}
    for name, save in (("uniform", save_uniform), ("wild", save_model)):
        (tmp_path / name).mkdir()
        answers = generate(f"answers-{name}", {"data": corpus}, suites=("perplexity",), models=(f"hf:{save(tmp_path / name)}",))
        judge(answers, f"results-{name}", {"data": corpus})
        folders[name] = tmp_path / f"results-{name}"
    (comparison,) = compare(folders["uniform"], folders["wild"], BITS_PER_BYTE)
    assert comparison.difference.n == 3
    assert all(t.a == pytest.approx(log(VOCABULARY, 2), rel=1e-4) for t in comparison.tasks)
    assert comparison.difference.better == "unclear"  # three documents can't tell
    with pytest.raises(InputError, match=BITS_PER_BYTE):
        compare(folders["uniform"], folders["wild"])


def test_models_without_probabilities_are_told(corpus, generate, tmp_path):
    """With a model that can be measured the others are noted; alone they are refused, each with its reason."""
    replay = tmp_path / "answers.jsonl"
    replay.write_text("")
    for model, why in (("reference", "no language model"), (f"replay:{replay}", "no probabilities"), ("openai:http://x#m", "completions")):
        with pytest.raises(ConfigError, match=why):
            generate("none", {"data": corpus}, suites=("perplexity",), models=(model,))


def test_a_text_that_a_model_cannot_read_costs_8_bits_a_byte(corpus, tmp_path):
    """It is counted, not dropped; so is what is no measurement."""
    (task, *_) = perplexity_tasks(corpus)
    save_model(tmp_path)
    generator = load(tmp_path)
    assert isinstance(generator.codec, HubCodec)
    generator.codec.tokenizer.backend_tokenizer.normalizer = Lowercase()
    ((_, scored),) = Scorer(generator).score(["INT"])
    assert scored.problem
    for answer in (json.dumps({"problem": "no"}), "int f;", "[1]", '{"nats": -1}', '{"nats": NaN}', ""):
        judgement = judge_one(task, answer)
        assert not judgement.passed
        assert judgement.measures["nats"] == pytest.approx(8 * log(2) * judgement.measures["bytes"])
    assert judge_one(task, '{"nats": 3.5, "tokens": 2}').passed


@pytest.mark.parametrize(("numbers", "why"), [({"window": 5000}, "sees"), ({"window": 8, "stride": 9}, "leave tokens out")])
def test_windows_that_do_not_fit_are_refused(numbers, why, tmp_path):
    """Larger than what the model sees, or with gaps."""
    with pytest.raises(ConfigError, match=why):
        Scorer(load(save_model(tmp_path)), **numbers)


def test_a_model_with_an_encoder_is_refused(tmp_path):
    """It has no probability of a text by itself."""
    with pytest.raises(ConfigError, match="encoder"):
        Scorer(load(save_model(tmp_path, "t5")))


def test_a_folder_that_is_no_corpus_is_told(tmp_path):
    """None given, an empty one, and a corpus of training documents alone."""
    with pytest.raises(ConfigError, match="--data DIR"):
        perplexity_tasks(None)
    with pytest.raises(InputError, match="prepare"):
        perplexity_tasks(tmp_path)
    with ShardWriter(tmp_path, "corpus-00000-train", Document) as writer:
        writer.write(document(CODE, 1, split="train"))
    with pytest.raises(InputError, match="splits"):
        perplexity_tasks(tmp_path)

"""A tokenizer from before some tokens of the task format were thought of."""

from __future__ import annotations

import json

from tokenizers import Tokenizer

from hpcraft.tokenizer.prompt import LATER


def aged(tokenizer: Tokenizer) -> Tokenizer:
    """The same one without them."""
    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = [token for token in state["added_tokens"] if token["content"] not in LATER]
    state["model"]["vocab"] = {token: number for token, number in state["model"]["vocab"].items() if token not in LATER}
    return Tokenizer.from_str(json.dumps(state))

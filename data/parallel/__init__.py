"""Whether an answer works in parallel in the model that was asked: an outline of its code, and what can be told from it."""

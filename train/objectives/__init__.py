"""What models learn from documents, one objective a file; `hpcraft.train.objectives.table` lists them."""

"""hpcraft: mine HPC code, train small models on it, and prove what they write."""

__version__ = "0.1.0"

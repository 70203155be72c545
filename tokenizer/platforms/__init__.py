"""Lists of the names that languages, libraries and parallel models define, and the scripts that made them from real headers."""

"""Sources in; clean documents, functions, loops and verified pairs out."""

"""Suites, generation, judging, metrics and the leaderboard."""

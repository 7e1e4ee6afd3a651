"""Waking the right person once, and the daily battle report."""

"""Judging: text normalisation, classifiers, subjects and stories."""

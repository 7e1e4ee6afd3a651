"""Guanlan's promises, one sentence a test, on real parts."""

"""`guanlan bench`: measured figures, each beside a yardstick taken in the same run on the same machine."""

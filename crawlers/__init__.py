"""Collection: spiders, parsers, normalisation, politeness, and a local site that speaks every platform."""

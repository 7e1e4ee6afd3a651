"""A local site on 127.0.0.1 that speaks the platforms' own wire shapes, blocks included."""

from crawlers.sandbox.app import app
from crawlers.sandbox.corpus import BadCorpus, Corpus, Entry
from crawlers.sandbox.faults import Fault, Faults
from crawlers.sandbox.site import BUNDLED, Site, serve

__all__ = ["BUNDLED", "BadCorpus", "Corpus", "Entry", "Fault", "Faults", "Site", "app", "serve"]

"""A local site on 127.0.0.1 that speaks the platforms own wire shapes, blocks included."""

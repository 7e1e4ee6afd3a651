"""One spider a platform; each reads the real site or the sandbox, only the base URL differs."""

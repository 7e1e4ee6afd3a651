"""Search API, case inbox and dashboard."""

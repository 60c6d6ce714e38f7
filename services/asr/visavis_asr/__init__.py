"""Hears one user: where speech is, what was said, whether the turn sounds over."""

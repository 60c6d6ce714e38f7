"""Thinks: what was said becomes what to say. Keeps nothing between turns."""

"""A character as drawings: layers baked once, and the features that are drawn live."""

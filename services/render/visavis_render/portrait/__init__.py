"""A portrait photograph becomes an avatar for the renderer `atlas`."""

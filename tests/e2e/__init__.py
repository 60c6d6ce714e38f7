"""The whole, in browsers."""

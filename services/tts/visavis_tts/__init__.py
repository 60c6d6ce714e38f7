"""Text to speech with word times and mouth shapes, a clause at a time."""

"""Meets the viewer: WebRTC, turn-taking, the clock, the page."""

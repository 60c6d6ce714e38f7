"""Transports: how a viewer is reached. `webrtc` is the real one, `fake` stays in this process."""

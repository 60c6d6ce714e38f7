"""Looks at avatars outside a call: `python -m visavis_render.showcase list | check | preview | create`."""

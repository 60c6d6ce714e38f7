"""A person authored by script from CC0 data: body, hair, skin, eyes, clothes, and keys of its face."""

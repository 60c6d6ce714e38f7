"""How `bench/clips.py` films the avatars: who is called, the call, the clip, the contact sheet, the page."""

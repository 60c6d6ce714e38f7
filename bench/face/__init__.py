"""What the report on the face measures, over time and not frame by frame; `bench/face_report.py` runs it."""

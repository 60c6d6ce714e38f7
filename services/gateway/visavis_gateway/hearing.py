"""What of the sent audio the viewer can have heard. Pure; times in microseconds on the session clock.

Audio is paced, so what was sent is heard a constant moment later: sending is the mark. The viewer's reports
can only lower it: when what it plays falls behind its own usual delay, packets were lost or came too late. So
does a dead line: when nothing at all arrives from a viewer that has reported, nothing reaches it either.
"""

from collections import deque

USUAL_OVER = 50  # reports: ten seconds
TOLERANCE_US = 150_000  # jitter of the viewer's buffer and of the reports themselves
SILENT_AFTER_US = 1_000_000  # microphone packets come every 20 ms, reports every 0.2 s


class Hearing:
    """One viewer's reports."""

    def __init__(self) -> None:
        self._delays_us: deque[int] = deque(maxlen=USUAL_OVER)
        self._alive_us: int | None = None

    def alive(self, now_us: int) -> None:
        """Something of the viewer has arrived: the line is not dead."""
        self._alive_us = now_us

    def report(self, now_us: int, playing_us: int) -> None:
        """At `now_us` the viewer says that it plays what was meant for `playing_us`."""
        self.alive(now_us)
        self._delays_us.append(now_us - playing_us)

    def unheard_us(self, now_us: int) -> int:
        """Sound at the end of what was sent that the viewer has not played and will not play."""
        if not self._delays_us or self._alive_us is None:
            return 0
        behind_us = self._delays_us[-1] - min(self._delays_us) - TOLERANCE_US
        if now_us - self._alive_us > SILENT_AFTER_US:  # since the line died nothing was heard
            behind_us = max(behind_us, now_us - self._alive_us)
        return max(0, behind_us)

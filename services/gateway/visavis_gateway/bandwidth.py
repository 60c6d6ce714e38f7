"""How much video the viewer's network takes, from what the viewer reports. Pure."""

LOWEST_BPS = 50_000
# A browser that gets little and uneven video takes that for all there is (it has reported 60 kbit/s on one
# machine): its estimate counts after a loss, for so many receiver reports, which come four times a second.
DOUBTFUL_REPORTS = 40
# As draft-ietf-rmcat-gcc-02, section 6, looks at losses; it halves the fraction, which takes too long here.
HEAVY_LOSS, LIGHT_LOSS = 0.10, 0.02
GROWTH = 1.05
# An encoder may need a keyframe for a new rate: down at once, up when it is worth one.
STEP_DOWN, STEP_UP = 0.15, 0.30


class Bandwidth:
    """The rate to encode at: the usual one, or what losses and, after one, the viewer's estimate allow."""

    def __init__(self, usual_bps: int) -> None:
        self._usual_bps = usual_bps
        self._estimate_bps = usual_bps
        self._clean_reports = DOUBTFUL_REPORTS  # since the last one that named a loss
        self._lossless_bps = float(usual_bps)
        self.rate_bps = usual_bps

    @property
    def is_narrow(self) -> bool:
        """The network takes less than the usual rate."""
        return self._wanted_bps < self._usual_bps

    @property
    def _wanted_bps(self) -> int:
        is_in_doubt = self._clean_reports < DOUBTFUL_REPORTS
        estimate_bps = self._estimate_bps if is_in_doubt else self._usual_bps
        return max(LOWEST_BPS, min(self._usual_bps, estimate_bps, round(self._lossless_bps)))

    def estimated(self, bits_per_s: int) -> bool:
        """The viewer's estimate (REMB) is in; True when `rate_bps` has changed."""
        self._estimate_bps = max(0, bits_per_s)
        return self._follow()

    def lost(self, fraction: float) -> bool:
        """A receiver report names the part (0 to 1) lost since the last; True when `rate_bps` has changed."""
        self._clean_reports = 0 if fraction >= LIGHT_LOSS else self._clean_reports + 1
        if fraction > HEAVY_LOSS:
            self._lossless_bps = max(LOWEST_BPS, self.rate_bps * (1 - fraction))  # what got through
        elif fraction < LIGHT_LOSS:
            self._lossless_bps = min(self._usual_bps, self._lossless_bps * GROWTH)
        return self._follow()

    def _follow(self) -> bool:
        change = self._wanted_bps / self.rate_bps - 1
        is_back = self._wanted_bps == self._usual_bps != self.rate_bps
        if -STEP_DOWN <= change <= STEP_UP and not is_back:
            return False
        self.rate_bps = self._wanted_bps
        return True


class Pacer:
    """Spreads packets over time, so that a keyframe on a narrow path does not hold up the voice behind it."""

    def __init__(self) -> None:
        self.rate_bps: int | None = None  # None: packets leave at once
        self._free_s = 0.0

    def wait_s(self, size_bytes: int, now_s: float) -> float:
        """How long to hold a packet of that size back."""
        if self.rate_bps is None:
            return 0.0
        leaves_s = max(now_s, self._free_s)
        self._free_s = leaves_s + size_bytes * 8 / self.rate_bps
        return leaves_s - now_s

"""The rate follows what the viewer reports; packets are spread where the way is narrow."""

import pytest
from visavis_gateway.bandwidth import DOUBTFUL_REPORTS, LOWEST_BPS, Bandwidth, Pacer

USUAL = 800_000


def test_an_estimate_over_the_usual_rate_changes_nothing():
    bandwidth = Bandwidth(USUAL)
    assert not bandwidth.estimated(3_000_000)
    assert bandwidth.rate_bps == USUAL
    assert not bandwidth.is_narrow


def test_the_rate_goes_down_with_the_estimate_and_back_to_the_usual_one():
    bandwidth = Bandwidth(USUAL)
    bandwidth.lost(0.03)
    assert bandwidth.estimated(300_000)
    assert bandwidth.rate_bps == 300_000
    assert bandwidth.is_narrow
    assert not bandwidth.estimated(350_000), "too little for a new encoder"
    assert bandwidth.estimated(500_000)
    assert bandwidth.estimated(790_000)
    assert bandwidth.estimated(900_000)
    assert bandwidth.rate_bps == USUAL
    assert not bandwidth.is_narrow


def test_an_estimate_counts_only_after_a_loss():
    bandwidth = Bandwidth(USUAL)
    assert not bandwidth.estimated(60_000), "a browser takes uneven video for a narrow path"
    assert bandwidth.lost(0.03)
    assert bandwidth.rate_bps == 60_000
    for _ in range(DOUBTFUL_REPORTS):
        bandwidth.lost(0.0)
    assert bandwidth.rate_bps == USUAL


@pytest.mark.parametrize("estimate", [0, -5, 1, 1 << 62])
def test_no_estimate_leaves_the_range(estimate):
    bandwidth = Bandwidth(USUAL)
    bandwidth.estimated(estimate)
    assert LOWEST_BPS <= bandwidth.rate_bps <= USUAL


def test_heavy_loss_lowers_the_rate_and_its_end_raises_it():
    bandwidth = Bandwidth(USUAL)
    for _ in range(10):
        bandwidth.lost(0.3)
    low = bandwidth.rate_bps
    assert low < USUAL / 3
    for _ in range(100):
        bandwidth.lost(0.0)
    assert bandwidth.rate_bps == USUAL


def test_some_loss_changes_nothing():
    bandwidth = Bandwidth(USUAL)
    assert not any(bandwidth.lost(0.05) for _ in range(100))
    assert bandwidth.rate_bps == USUAL


def test_total_loss_ends_at_the_lowest_rate():
    bandwidth = Bandwidth(USUAL)
    for _ in range(100):
        bandwidth.lost(1.0)
    assert bandwidth.rate_bps == LOWEST_BPS


def test_packets_are_spread_over_the_rate_and_only_then():
    pacer = Pacer()
    assert [pacer.wait_s(1250, 0.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    pacer.rate_bps = 100_000  # 1250 bytes take 0.1 s
    assert [pacer.wait_s(1250, 0.0) for _ in range(3)] == pytest.approx([0.0, 0.1, 0.2])
    assert pacer.wait_s(1250, 5.0) == 0.0, "nothing is saved up"

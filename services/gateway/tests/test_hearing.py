"""What was sent but not heard."""

from visavis_gateway.hearing import SILENT_AFTER_US, TOLERANCE_US, Hearing

MS = 1000


def reported(until_ms: int, delay_ms: int = 120) -> Hearing:
    hearing = Hearing()
    for now in range(0, until_ms, 200):
        hearing.report(now * MS, (now - delay_ms) * MS)
    return hearing


def test_a_steady_delay_is_no_loss():
    assert reported(5000).unheard_us(5000 * MS) == 0


def test_without_reports_everything_sent_counts_as_heard():
    assert Hearing().unheard_us(60_000 * MS) == 0


def test_playing_behind_the_usual_delay_lowers_the_mark():
    hearing = reported(5000)
    hearing.report(5000 * MS, (5000 - 120 - 600) * MS)
    assert hearing.unheard_us(5100 * MS) == 600 * MS - TOLERANCE_US


def test_reports_alone_may_be_lost_while_the_line_lives():
    hearing = reported(5000)
    hearing.alive(9_900 * MS)
    assert hearing.unheard_us(10_000 * MS) == 0


def test_one_late_report_is_nothing_and_a_dead_network_is_everything_since_the_last():
    hearing = reported(5000)  # the last one at 4.8 s
    assert hearing.unheard_us(4800 * MS + SILENT_AFTER_US) == 0
    assert hearing.unheard_us(7800 * MS) == 3000 * MS

import pytest
from visavis_cli.talk.errors import TalkError
from visavis_cli.talk.network import QUEUE_S, Conditions, Path, conditions_of

PACKETS = 5000


def sent(conditions, count=PACKETS, size=100, every_s=0.02):
    """When each packet of a stream arrives, relative to its sending; None = lost."""
    path = Path(conditions, seed=1)
    arrivals = [path.arrival_s(n * every_s, size) for n in range(count)]
    return [None if at is None else at - n * every_s for n, at in enumerate(arrivals)]


def test_a_good_network_does_nothing():
    assert sent(Conditions()) == pytest.approx([0.0] * PACKETS)


def test_losses_are_as_many_as_asked_for_and_the_same_each_time():
    taken = sent(Conditions(loss=5))
    assert 0.04 < taken.count(None) / PACKETS < 0.06
    assert taken == sent(Conditions(loss=5))


def test_jitter_delays_and_keeps_the_order():
    path = Path(Conditions(jitter=50), seed=1)
    arrivals = [path.arrival_s(n * 0.02, 100) for n in range(PACKETS)]
    assert arrivals == sorted(arrivals)
    delays = [at - n * 0.02 for n, at in enumerate(arrivals)]
    assert 0.04 < max(delays) <= 0.05


def test_reordered_packets_are_overtaken():
    path = Path(Conditions(reorder=10), seed=1)
    arrivals = [path.arrival_s(n * 0.02, 100) for n in range(PACKETS)]
    overtaken = sum(arrivals[n] > arrivals[n + 1] for n in range(PACKETS - 1))
    assert 0.05 < overtaken / PACKETS < 0.11


def test_a_narrow_path_queues_and_then_drops():
    taken = sent(Conditions(rate=300), size=1472, every_s=0.02)  # 600 kbit/s
    waits = [each for each in taken if each is not None]
    assert 0.45 < len(waits) / PACKETS < 0.55
    assert QUEUE_S - 0.05 < max(waits) < QUEUE_S + 0.05


def test_a_blackout_takes_everything_and_ends():
    taken = sent(Conditions(blackout=2, after=5), count=1000)
    lost = [n * 0.02 for n, each in enumerate(taken) if each is None]
    assert lost[0] == pytest.approx(5, abs=0.03)
    assert lost[-1] == pytest.approx(7, abs=0.03)
    assert len(lost) == pytest.approx(100, abs=2)


def test_conditions_are_read():
    assert conditions_of("loss=2, jitter=50,rate=300") == Conditions(loss=2, jitter=50, rate=300)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lost=2", "lost is not known; there are loss, jitter, reorder, rate, delay, blackout, after"),
        ("loss", "loss must be a number, as in loss=2"),
        ("loss=x", "loss must be a number"),
        ("loss=101", "loss must be 0 to 100"),
        ("jitter=nan", "jitter must be 0 to 2000"),
        ("rate=-1", "rate must be 0 to 1e\\+06"),
        ("", "nothing is not known"),
    ],
)
def test_what_can_not_be_read_is_named(text, message):
    with pytest.raises(TalkError, match=message):
        conditions_of(text)

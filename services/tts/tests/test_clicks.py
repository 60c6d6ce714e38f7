import numpy as np
from visavis_tts.backends.clicks import CLICK_LENGTH, ClicksEngine
from visavis_tts.clauses import ClauseCutter
from visavis_tts.engine import Viseme

RATE = 24_000


def test_click_k_is_at_k_and_a_half_seconds_of_the_reply():
    cutter = ClauseCutter()
    clauses = cutter.push("One two, three four five. Six — seven! 8") + cutter.finish()
    assert len(clauses) > 2
    speaker = ClicksEngine().open(voice="clicks", language_code="", speed=1)
    spoken = [speaker.speak(c) for c in clauses]
    pcm = np.concatenate([s.pcm for s in spoken]).astype(int)
    sounding = np.flatnonzero(pcm)
    onsets = sounding[np.flatnonzero(np.diff(sounding, prepend=-RATE) > CLICK_LENGTH)]
    expected = [k * RATE + RATE // 2 for k in range(8)]
    assert onsets.tolist() == expected
    assert (pcm[onsets] > 20_000).all()

    at, mouth, words = 0, [], []
    for speech in spoken:
        mouth += [(c.start_sample + at, c.end_sample + at) for c in speech.visemes if c.viseme is Viseme.AA]
        words += [w.start_sample + at for w in speech.words]
        assert {c.viseme for c in speech.visemes} == {Viseme.AA, Viseme.SIL}
        at += len(speech.pcm)
    assert mouth == [(start, start + RATE * 80 // 1000) for start in expected]
    assert words == expected

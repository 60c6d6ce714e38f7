from visavis_tts.tokens import Token, tokens_of


def test_tokens_keep_their_place():
    assert tokens_of(" Hi  you!") == [Token(1, 3, "Hi"), Token(5, 9, "you!")]
    assert tokens_of(" ") == []

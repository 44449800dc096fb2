from solution import add


def test_integers():
    assert add(1, 2) == 3


def test_negative():
    assert add(-1, 1) == 0


assert add(0, 0) == 0

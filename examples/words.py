"""Two small functions on text; both stubs are filled at once."""


def count_vowels(text: str) -> int:
    """How many letters of the text are vowels (a, e, i, o, u), in either case.

    >>> count_vowels("Education")
    5
    >>> count_vowels("rhythm")
    0
    """
    raise NotImplementedError


def reverse_words(text: str) -> str:
    """The words in the opposite order, with one space between two words.

    >>> reverse_words("the quick  fox")
    'fox quick the'
    >>> reverse_words("")
    ''
    """
    raise NotImplementedError

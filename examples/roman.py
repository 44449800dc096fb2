"""Roman numerals."""


def to_roman(number: int) -> str:
    """The Roman numeral of a number from 1 to 3999.

    >>> to_roman(4)
    'IV'
    >>> to_roman(9)
    'IX'
    >>> to_roman(1994)
    'MCMXCIV'
    """
    ...

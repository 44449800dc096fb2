"""Closed intervals of whole numbers."""


def merge(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Intervals that overlap or touch made one, in ascending order.

    >>> merge([(1, 3), (2, 6), (8, 10)])
    [(1, 6), (8, 10)]
    >>> merge([(5, 7), (1, 5)])
    [(1, 7)]
    >>> merge([])
    []
    """
    pass

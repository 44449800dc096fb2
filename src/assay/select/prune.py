"""Of many inputs the few that say most: those on which faults planted in a program show.

Greedy set cover over a mutation matrix, the usual reduction of a test suite (Harrold, Gupta and
Soffa 1993; with mutants Offutt, Pan and Voas 1995): an input that tells no further mutant apart is
redundant.
"""

from collections.abc import Sequence


def cover(original: Sequence[str], faulty: Sequence[Sequence[str]], count: int) -> list[int]:
    """At most `count` places of inputs, in their order: first those that together show the most
    mutants, then again for the mutants as if none had been shown, then the first that are left.

    `original` has the program's value on each input, `faulty` those of each mutant.
    """
    shows = [
        frozenset(m for m, values in enumerate(faulty) if values[place] != original[place])
        for place in range(len(original))
    ]
    kept: list[int] = []
    left = [place for place in range(len(shows)) if shows[place]]
    missing: frozenset[int] = frozenset()
    while left and len(kept) < count:
        if not any(shows[place] & missing for place in left):
            missing = frozenset().union(*(shows[place] for place in left))
        best = max(left, key=lambda place: (len(shows[place] & missing), -place))
        kept.append(best)
        left.remove(best)
        missing -= shows[best]
    kept += [place for place in range(len(shows)) if place not in kept][: count - len(kept)]
    return sorted(kept)

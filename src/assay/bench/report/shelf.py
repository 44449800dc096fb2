"""Texts and runs that a report shows, each kept once: attempts mostly repeat one another."""

import base64
import gzip
import json
from collections.abc import Callable
from typing import Any

from assay.feedback.shorten import clip

LIMITS = (20_000, 8_000, 3_000, 1_200, 400, 120)
"""Characters that a text may have; the first limit at which all fits is taken."""
LONGEST = 200_000
"""Characters of a text that are kept at all."""


class Shelf:
    def __init__(self) -> None:
        self._texts: dict[str, int] = {}
        self._runs: dict[str, int] = {}
        self._items: dict[str, Any] = {}

    def text(self, text: str | None) -> int | None:
        """Its number; the same for the same text."""
        if text is None:
            return None
        return self._texts.setdefault(clip(text, LONGEST), len(self._texts))

    def run(self, run: dict[str, Any] | None) -> int | None:
        """The number of a run, whose numbers of texts are in it already."""
        if run is None:
            return None
        return self._runs.setdefault(json.dumps(run), len(self._runs))

    def put(self, name: str, item: dict[str, Any]) -> None:
        self._items[name] = item

    def pack(self, room: int) -> tuple[str, dict[str, int]]:
        """All of it as Base64 of gzipped JSON in at most `room` characters where some limit of
        `LIMITS` makes it so, and what that took: `limit`, `cut` (texts that are not whole).

        Equal contents give equal bytes.
        """
        for limit in LIMITS:
            packed = self._packed(lambda text, limit=limit: clip(text, limit))  # type: ignore[misc]  # bound now
            if len(packed) <= room:
                break
        cut = sum(len(text) > limit for text in self._texts)
        return packed, {"limit": limit, "cut": cut, "texts": len(self._texts)}

    def _packed(self, short: Callable[[str], str]) -> str:
        body = {
            "texts": [short(text) for text in self._texts],
            "runs": [json.loads(run) for run in self._runs],
            "items": self._items,
        }
        # ASCII: lone surrogates, which a program may print, stay escaped and are no error.
        raw = json.dumps(body, separators=(",", ":")).encode("ascii")
        return base64.b64encode(gzip.compress(raw, 9, mtime=0)).decode("ascii")

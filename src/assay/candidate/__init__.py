"""Code out of a completion, and what makes two candidates the same one."""

import hashlib
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    code: str | None
    """The whole program, starter included; `None` when the completion held no code."""
    text: str
    """The completion as it came."""
    made_by: str
    """Strategy and step, for instance `self_debug:2`."""
    parent: str | None = None
    """The id of the candidate that this one repairs."""

    @property
    def id(self) -> str:
        """Hash of the code without trailing blanks and blank lines; of the text without code.

        Where a string spans lines those may mean something: such code counts as it is.
        """
        body = self.text if self.code is None else self.code
        kind = "text" if self.code is None else "code"
        if not has_text_blocks_with_blanks(body):
            lines = (line.rstrip(" \t\r") for line in body.split("\n"))
            body = "\n".join(line for line in lines if line)
        return hashlib.sha256(f"{kind}\0{body}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def has_text_blocks_with_blanks(code: str) -> bool:
    """Whether blank lines or trailing blanks may stand within a triple-quoted string."""
    parts = re.split(r'"{3}|\'{3}', code)
    return any(re.search(r"[ \t\r]\n|\n\n", part) for part in parts[1::2])

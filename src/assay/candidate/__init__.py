"""Code out of a completion, and what makes two candidates the same one."""

import hashlib
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
    likelihood: float | None = None
    """Mean log-probability of the completion's tokens, where the model gives it."""

    @property
    def id(self) -> str:
        """Hash of the code without trailing blanks and blank lines; of the text without code.

        Code with a string over several lines counts as it is: blanks may mean something there.
        """
        body = self.text if self.code is None else self.code
        kind = "text" if self.code is None else "code"
        if "'''" not in body and '"""' not in body and "\\\n" not in body:
            lines = (line.rstrip(" \t\r") for line in body.split("\n"))
            body = "\n".join(line for line in lines if line)
        return hashlib.sha256(f"{kind}\0{body}".encode("utf-8", "surrogatepass")).hexdigest()[:16]

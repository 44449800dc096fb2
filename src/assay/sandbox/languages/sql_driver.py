"""Runs inside the sandbox: an SQL script against a fresh database, its rows on stdout.

A line a row, columns between `|`, NULL as an empty column, as the sqlite3 program prints them.
"""

import re
import sqlite3
import sys
from collections.abc import Iterator

_SYNTAX = ("syntax error", "incomplete input", "unrecognized token")
_REFUSED = {sqlite3.SQLITE_ATTACH: "attach a file", sqlite3.SQLITE_DETACH: "detach a file"}


def statements(script: str) -> Iterator[tuple[int, str]]:
    """Each statement with the line on which it begins."""
    line, text = 1, ""
    for part in re.split(r"(;)", script):
        text += part
        if part != ";" or not sqlite3.complete_statement(text):
            continue
        yield line + leading(text), text
        line, text = line + text.count("\n"), ""
    if text.strip():
        yield line + leading(text), text


def leading(text: str) -> int:
    """Empty lines before the statement."""
    return text[: len(text) - len(text.lstrip())].count("\n")


def refuse(action: int, *_: object) -> int:
    return sqlite3.SQLITE_DENY if action in _REFUSED else sqlite3.SQLITE_OK


def show(value: object) -> str:
    if value is None:
        return ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def place(statement: str, line: int, message: str) -> str:
    """`line`, and `line:column` where the message names a token that stands there once."""
    token = re.search(r'near "(.*?)"|unrecognized token: "(.*)"', message, re.DOTALL)
    text = statement.lstrip()
    word = (token[1] or token[2]) if token else ""
    if not word or text.count(word) != 1:
        return str(line)
    before = text[: text.index(word)]
    return f"{line + before.count(chr(10))}:{len(before) - before.rfind(chr(10))}"


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow to load
        script = file.read()
    checking = len(sys.argv) > 2
    database = sqlite3.connect(":memory:", isolation_level=None)
    if not checking:
        database.executescript(sys.stdin.read())
    database.set_authorizer(refuse)
    for line, statement in statements(script):
        try:
            for row in database.execute(("EXPLAIN " if checking else "") + statement):
                if not checking:
                    sys.stdout.write("|".join(map(show, row)) + "\n")
        except (sqlite3.Error, sqlite3.Warning) as error:
            if checking and not any(sign in str(error) for sign in _SYNTAX):
                continue
            sys.stdout.flush()
            where = place(statement, line, str(error))
            sys.stderr.write(f"main.sql:{where}: {type(error).__name__}: {error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

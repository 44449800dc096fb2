"""Runs a command, and kills it when whoever started this dies or closes its standard input.

`python -m assay.model.keeper COMMAND …`: works where there is no parent-death signal, and from
any thread. It prints nothing of its own and ends with the command's status.
"""

import os
import subprocess
import sys
import threading


def main(command: list[str]) -> int:
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def watch() -> None:
        os.read(0, 1)  # nothing is ever written: this returns when the other end is closed
        child.kill()

    threading.Thread(target=watch, daemon=True).start()
    return abs(child.wait())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

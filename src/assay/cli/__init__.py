"""The command line: `assay VERB`. Results go to stdout, progress and evidence to stderr."""

import os
import sys


def main() -> None:
    """Runs one command and exits; every expected error is one line and a status of its own."""
    try:
        from assay.cli.app import app
        from assay.cli.run import execute
    except KeyboardInterrupt:
        sys.exit(130)  # Ctrl-C at once: nothing was begun
    status = execute(app, sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader went away (`assay log | head`); Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(status)

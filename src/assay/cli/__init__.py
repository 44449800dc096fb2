"""The command line: `assay VERB`. Results go to stdout, progress and evidence to stderr."""

import sys


def main() -> None:
    """Runs one command and exits; every expected error is one line and a status of its own."""
    try:
        from assay.cli.app import app
        from assay.cli.run import complain, execute
        from assay.cli.stdout import drop, open_streams
        from assay.errors import AssayError
    except KeyboardInterrupt:
        sys.exit(130)  # Ctrl-C at once: nothing was begun
    try:
        open_streams()
        status = execute(app, sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        drop()  # the reader went away (`assay log | head`)
    except AssayError as error:
        status = complain(str(error), error.code)
    sys.exit(status)

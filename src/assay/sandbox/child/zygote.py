"""The fork server: a warm interpreter in its own namespaces; one fork a run.

Run as `python -S -s -P zygote.py CONFIG`, CONFIG being JSON. It answers one request at a time
on its control socket: `spawn` gives back a pidfd, `reap` the exit status and the resources used.
When the socket closes it ends, and as pid 1 of its namespace it takes everything with it.
"""

import importlib
import json
import os
import sys
import types
from pathlib import Path


def _light_packages() -> None:
    """Makes `assay.sandbox.child` importable without the packages above it: they are heavier."""
    folder = Path(__file__).resolve().parent
    for name, path in (
        ("assay", folder.parent.parent),
        ("assay.sandbox", folder.parent),
        ("assay.sandbox.child", folder),
    ):
        module = types.ModuleType(name)
        module.__path__ = [str(path)]
        sys.modules[name] = module


if __name__ == "__main__":
    _light_packages()
    server = importlib.import_module("assay.sandbox.child.server")
    # Our own modules may be kept compiled, as an installer that does not compile leaves them;
    # what a run imports may not.
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    server.main(json.loads(sys.argv[1]))

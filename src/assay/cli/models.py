"""`assay models`: what can be had, what is here."""

import json

from assay.cli.screen import Screen
from assay.model.pull import models, pull


def list_models(as_json: bool) -> None:
    for local in models():
        entry = local.entry
        if as_json:
            row = {
                "name": entry.name,
                "present": local.present,
                "path": str(local.path),
                "bytes": entry.size,
                "licence": entry.licence,
                "context": entry.context,
            }
            print(json.dumps(row))
        else:
            here = str(local.path) if local.present else f"assay models pull {entry.name}"
            print(f"{entry.name:<20} {entry.size / 1e6:>6,.0f} MB  {entry.licence:<10}  {here}")


def pull_model(name: str) -> None:
    with Screen().waiting(f"fetching {name}") as tell:
        path = pull(name, tell)
    print(path)

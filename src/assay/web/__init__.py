"""What others reach over HTTP.

`sandbox` serves the sandbox under three APIs: Assay's own (`own`), SandboxFusion's (`fusion`)
and that of open-instruct's code server (`instruct`). `guard` decides who may ask, `gate` how
many at once.
"""

from dataclasses import dataclass

DEFAULT_PORT = 8080


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where to listen, and who may ask."""

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    """0: a free one."""
    token: str | None = None
    """What a request must show; `None`: nothing, which only loopback may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """What requests may use."""

    slots: int
    """Jobs that run at once."""
    queue: int = 256
    """Jobs that wait; what comes beyond is answered 429."""
    body_mb: int = 16
    """Longest body of a request, in MiB."""
    seconds: float = 300.0
    """Longest time of one request, waiting included."""
    memory_mb: int = 4096
    """The most memory that a job may ask for."""


def is_loopback(host: str) -> bool:
    from ipaddress import ip_address

    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"

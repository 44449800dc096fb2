"""The tiers whose workers are processes of this machine: their pools."""

from assay.sandbox import Isolation
from assay.sandbox.here import Local
from assay.sandbox.pool import Pool, Working


def open_pool(tier: str, slots: int | None, note: str, first: Local | None = None) -> Pool:
    """`first`: a worker for slot 0 that was started already. Raises `SandboxError`."""

    def start(slot: int) -> Local:
        return Local(tier, slot)

    first = first or start(0)
    return Pool(start, isolation(tier, first.memory is not None, note), slots, first)


def isolation(tier: str, cgroup: bool, note: str) -> Isolation:
    """What a pool of that tier enforces. Memory: by a cgroup, or polled below one namespace, or
    by an rlimit where a candidate is one process."""
    full = tier in ("namespaces", "landlock")
    return Isolation(
        tier="namespaces" if tier == "namespaces" else "landlock" if full else "unsafe",
        filesystem=full,
        network=full,
        processes=full,
        memory=full or cgroup,
        note=note,
    )


_: type[Working] = Local

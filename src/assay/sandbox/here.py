"""A worker whose processes are of this machine, or of this container."""

from assay.sandbox import Isolation, Job, Run
from assay.sandbox.session import run_job
from assay.sandbox.worker import Worker


class Local(Worker):
    """Raises `SandboxError` where it cannot start."""

    def run(self, job: Job, isolation: Isolation) -> Run:
        return run_job(self, job, isolation)

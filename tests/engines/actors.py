"""Workers that something is wrong with: in a module of their own, which Ray's processes can import."""

import os
from pathlib import Path

from simulator.engines.ray import Actor


class Hopeless(Actor):
    """A worker that dies of every job."""

    def carry_out(self, number):
        os._exit(1)


class Measured(Actor):
    """A worker that says how many threads compute in its process."""

    def carry_out(self, number):
        super().carry_out(number)
        names = [Path(f"/proc/self/task/{task}/comm").read_text() for task in os.listdir("/proc/self/task")]
        if sum("XLAEigen" in name for name in names) != 1:
            raise OSError(f"threads: {names}")


class Elsewhere(Actor):
    """A worker on a machine that does not see the run's folder."""

    def begin(self):
        self._file = Path("/nowhere") / self._file.name
        super().begin()

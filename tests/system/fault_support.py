"""What the tests of faults share: a disk that loses what was not synced."""

import os
import shutil


class Disk:
    """A folder on a disk whose power fails with the process (support/unsynced.c)."""

    def __init__(self, shim, path, seed=None):
        """Make the folder; with a seed, some of what was not synced stays."""
        self.shim, self.seed = shim, seed
        self.shadow = path + ".shadow"
        os.makedirs(path)
        self.folder = os.path.realpath(path)

    def environment(self):
        """For processes that use the folder."""
        variables = {"LD_PRELOAD": self.shim, "UNSYNCED_DIR": self.folder,
                     "UNSYNCED_SHADOW": self.shadow}
        if self.seed is not None:
            variables["UNSYNCED_SEED"] = str(self.seed)
        return variables

    def lose(self):
        """What was not synced is gone; for when no process has the folder."""
        shutil.rmtree(self.folder)
        shutil.copytree(os.path.join(self.shadow, "root"), self.folder)
        shutil.rmtree(self.shadow)

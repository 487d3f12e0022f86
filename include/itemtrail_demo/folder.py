"""The one folder of a demo: what lies in it, and how a new run takes it over.

Decides which entries a demo makes. Refuses to remove anything else: only these names, only in a folder that carries the demo's
mark, never the folder itself, never through a link. A folder that holds other files is refused before anything is touched.
"""

import fcntl
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from itemtrail.errors import ConfigurationError

MARK = ".itemtrail-demo"
ENTRIES = (
    "itemtrail.toml",
    "environment.sh",
    "airflow.sh",
    "truth.ndjson",
    "airflow",
    "cache",
    "demo.log",
    "review.html",
    "proof",
)
"""Everything a demo makes, besides the mark."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Where everything of one demo lies."""

    path: Path

    @property
    def configuration(self) -> Path:
        """The itemtrail.toml in use."""
        return self.path / "itemtrail.toml"

    @property
    def environment(self) -> Path:
        """Shell lines to export for AWS tools and itemtrail."""
        return self.path / "environment.sh"

    @property
    def airflow_environment(self) -> Path:
        """Shell lines to export for Airflow's own command line."""
        return self.path / "airflow.sh"

    @property
    def truth(self) -> Path:
        """The ground truth."""
        return self.path / "truth.ndjson"

    @property
    def airflow(self) -> Path:
        """Airflow's home."""
        return self.path / "airflow"

    @property
    def cache(self) -> Path:
        """Copies of this sandbox's Parquet files: the next sandbox's have the same names."""
        return self.path / "cache"

    @property
    def proof(self) -> Path:
        """A proof, its forgery, and the checkers."""
        return self.path / "proof"

    @property
    def log(self) -> Path:
        """What Airflow and the others had to say."""
        return self.path / "demo.log"

    def renew(self) -> None:
        """Take it over: remove what an earlier demo made, and keep it to this process until its end.

        Raises:
            ConfigurationError: it holds something that no demo made, is not a folder, or another demo is running in it.
        """
        self._must_be_ours()
        self.path.mkdir(parents=True, exist_ok=True)
        mark = os.open(self.path / MARK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held while the descriptor is open: until this process ends
        except OSError as error:
            os.close(mark)
            raise ConfigurationError(
                f"{self.path} is in use by another demo.", advice="end it, or name another folder."
            ) from error
        for name in ENTRIES:
            _remove(self.path / name)

    def _must_be_ours(self) -> None:
        if self.path.is_symlink() or (self.path.exists() and not self.path.is_dir()):
            raise ConfigurationError(f"{self.path} is not a folder.", advice="name a new or empty folder.")
        if not self.path.exists():
            return
        foreign = sorted(entry.name for entry in self.path.iterdir() if entry.name not in (MARK, *ENTRIES))
        marked = (self.path / MARK).is_file()
        if foreign or (not marked and any(self.path.iterdir())):
            what = ", ".join(foreign[:3]) or "files without a demo's mark"
            raise ConfigurationError(f"{self.path} holds what no demo made: {what}.", advice="name a new or empty folder.")


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink(missing_ok=True)

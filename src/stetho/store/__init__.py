"""Statistics of a run ↔ one SQLite file, whole up to the last probe whenever the process dies.

Standard library only. `RunWriter` writes, `read_run` and `read_diagnosis` read, `schema` says
what stands where in the file.
"""

from stetho.store.reader import read_diagnosis, read_header, read_run
from stetho.store.writer import RunWriter, save_run

SUFFIX = ".stetho"

__all__ = ["SUFFIX", "RunWriter", "read_diagnosis", "read_header", "read_run", "save_run"]

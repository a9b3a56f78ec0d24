"""Nothing in → the layout of a run file: its tables, its marks, its limits.

- `header`: one JSON value a key: `command`, `kind`, `created`, `versions`, `device`, `finished`,
  `exit_code`, `overhead`, `first_nonfinite_loss`, `origin`, `spikes`, `sites`, `layers`,
  `parameters`, `optimizers`, `criteria`, `diagnosis`.
- `layout`: the row names and column names of a block of statistics. A probe points at its layouts,
  so a file is read by field name: a field that it lacks gets its default, one that is no longer
  known is passed over.
- `probe`: one row a probe, with one block a table (see `blocks`). NULL stands for nan.
- `loss`: chunks of (step, loss), thinned in long runs (see `thin`).
- `note`: sentences, each kept once; `kind` is `unseen` or `fault`.

Tables that are not listed here are left alone, so that later versions can add some; a change that
an older reader would misread raises `VERSION`.
"""

from __future__ import annotations

APPLICATION_ID = 0x53544554  # "STET", at byte 68 of the file
VERSION = 1  # SQLite's user_version, at byte 60 of the file
MAGIC = b"SQLite format 3\x00"

TABLES = (
    "CREATE TABLE header (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE layout (id INTEGER PRIMARY KEY, names TEXT NOT NULL, fields TEXT NOT NULL)",
    """CREATE TABLE probe (
        id INTEGER PRIMARY KEY, step INTEGER NOT NULL, time REAL, loss REAL, baseline REAL, lr BLOB,
        sites_layout INTEGER, sites BLOB, histograms BLOB,
        layers_layout INTEGER, layers BLOB,
        parameters_layout INTEGER, parameters BLOB)""",
    "CREATE TABLE loss (id INTEGER PRIMARY KEY, count INTEGER, steps BLOB, losses BLOB)",
    "CREATE TABLE note (id INTEGER PRIMARY KEY, kind TEXT, text TEXT, UNIQUE (kind, text))",
)

# Limits that keep file and memory bounded however long a run is.
LOSS_LIMIT = 200_000  # losses kept; beyond, the lowest and highest of each bucket of steps
SITE_PROBE_LIMIT = 40_000  # probes × sites kept (about 4 kB each once read) …
PROBE_LIMITS = (200, 2_000)  # … but never fewer probes than the first, nor more than the second
FIRST_PROBES = 64  # groups of neighbouring probes at the start that are never thinned out
NOTE_LIMIT = 1_000  # sentences of one kind


def probe_limit(sites: int) -> int:
    """How many probes a file keeps for a network with so many sites."""
    fewest, most = PROBE_LIMITS
    return max(fewest, min(most, SITE_PROBE_LIMIT // max(sites, 1)))

"""The zoo's committed results → docs/zoo.md, written or, with `--check`, compared."""

from __future__ import annotations

import sys

from generated import NOTE, ROOT, one_page

sys.path.insert(0, str(ROOT))

from zoo.report import page

if __name__ == "__main__":
    sys.exit(one_page("docs/zoo.md", page(NOTE)))

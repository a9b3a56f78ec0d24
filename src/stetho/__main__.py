"""`python -m stetho` → the command line."""

import sys

from stetho.cli import main

sys.exit(main())

"""The command line: one module a command, `main` runs them."""

from stetho.cli.app import main

__all__ = ["main"]

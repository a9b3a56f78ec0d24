"""The version of the package; what packaging reads too."""

__version__ = "0.1.0"

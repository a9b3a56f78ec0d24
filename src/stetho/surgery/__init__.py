"""A model → the same model changed: activation functions swapped, weights set, norms inserted."""

from stetho.surgery.initialising import init_
from stetho.surgery.normalising import insert_norm
from stetho.surgery.report import Change, Surgery
from stetho.surgery.swapping import swap

__all__ = ["Change", "Surgery", "init_", "insert_norm", "swap"]

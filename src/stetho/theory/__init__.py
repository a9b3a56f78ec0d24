"""A function and normal inputs → gains, maps, depth scales, predictions. Loads torch to compute."""

from stetho.theory.gains import gain
from stetho.theory.maps import MeanField, critical, half_stable, phase_diagram
from stetho.theory.moments import GaussianMoments, moments
from stetho.theory.resolve import resolve
from stetho.theory.tailored import tailored_slope

__all__ = [
    "GaussianMoments",
    "MeanField",
    "critical",
    "gain",
    "half_stable",
    "moments",
    "phase_diagram",
    "resolve",
    "tailored_slope",
]

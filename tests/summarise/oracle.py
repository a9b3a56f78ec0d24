"""The statistics once more: NumPy, two passes, from their definitions."""

from __future__ import annotations

import numpy as np


def moments(x: np.ndarray) -> dict[str, float]:
    x = np.asarray(x, dtype=np.longdouble).ravel()  # a mean in float64 is too coarse for some
    finite = x[np.isfinite(x)]
    if not finite.size:
        return {"count": 0.0, "nonfinite": float(x.size)}
    mean = finite.mean()
    d = finite - mean
    variance = (d**2).mean()
    values = {
        "count": float(finite.size),
        "mean": mean,
        "variance": variance,
        "skewness": (d**3).mean() / variance**1.5 if variance else np.nan,
        "kurtosis": (d**4).mean() / variance**2 - 3 if variance else np.nan,
        "low": finite.min(),
        "high": finite.max(),
        "nonfinite": float(x.size - finite.size),
    }
    return {name: float(value) for name, value in values.items()}


def mean_cosine(a: np.ndarray) -> float:
    """Over all pairs of different samples, those of length 0 left out."""
    flat = np.asarray(a, dtype=np.float64).reshape(len(a), -1)
    norms = np.linalg.norm(flat, axis=1)
    unit = flat[norms > 0] / norms[norms > 0, None]
    cosines = unit @ unit.T
    n = len(unit)
    return float((cosines.sum() - np.trace(cosines)) / (n * (n - 1)))


def sign_share(gradient: np.ndarray) -> tuple[float, float]:
    """Share of rows of one sign, and mean of |Σg| / Σ|g|, among rows that are not all 0."""
    rows = [row for row in gradient if np.abs(row).sum() > 0]
    one = [not ((row > 0).any() and (row < 0).any()) for row in rows]
    balance = [abs(row.sum()) / np.abs(row).sum() for row in rows]
    return float(np.mean(one)), float(np.mean(balance))

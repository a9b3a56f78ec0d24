"""What theory expects of each activation function, for the remedies of rules.

Numbers of `stetho.theory`, kept here so that a diagnosis needs no torch; a test holds them equal.
"""

from __future__ import annotations

# Factor of the gradient's rms per layer at unit variance, weights with the forward gain:
# √(E φ'² / E φ²); and the same after a batch normalisation: √(E φ'² / Var φ).
PER_LAYER: dict[str, tuple[float, float]] = {
    "sigmoid": (0.390931, 1.016657),
    "tanh": (1.085268, 1.085268),
    "relu": (1.0, 1.211174),
    "leaky_relu": (1.0, 1.205558),
    "elu": (1.017794, 1.038756),
    "selu": (1.035169, 1.035169),
    "gelu": (1.035390, 1.148410),
    "silu": (1.032780, 1.100946),
}


def plain(name: str) -> str:
    """Return the factor per layer with the function's own gain, as text for a remedy."""
    return f"{PER_LAYER[name][0]:.2f}"


def normalised(name: str) -> str | None:
    """Return the factor per layer after a batch normalisation; `None` for an unlisted function."""
    return f"{PER_LAYER[name][1]:.2f}" if name in PER_LAYER else None

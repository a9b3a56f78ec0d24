"""A candidate as one writes it (`elu:alpha=0.5+he`) → function, initialisation, normalisation."""

from __future__ import annotations

from dataclasses import dataclass

from stetho import activations
from stetho.activations import Activation
from stetho.errors import UnknownActivation, UsageError

INITS = ("keep", "match", "critical", "he", "glorot", "lecun", "lsuv")
NORMS = {"batchnorm": "batch", "layernorm": "layer"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a candidate puts into the script."""

    name: str  # as it was asked for
    function: Activation
    init: str | None = None  # None: as `--init` says
    norm: str | None = None  # "batch" or "layer", before each site that has none

    @property
    def plain(self) -> bool:
        """The function alone."""
        return self.init is None and self.norm is None


def in_catalogue(function: str) -> bool:
    """Whether theory can look at a script's own function; one of the author's it does not know."""
    try:
        parse(function)
    except UnknownActivation:
        return False
    return True


def parse(text: str) -> Recipe:
    """`function[:parameters][+initialisation][+normalisation]` → a recipe.

    Raises:
        UnknownActivation: there is no such function.
        UsageError: it is a gate, or a part is neither an initialisation nor a normalisation.
    """
    base, *parts = [part.strip() for part in text.split("+")]
    record = activations.get(base)
    if record.gate:
        raise UsageError(
            f"expected a function of one number, got {base}, which halves its input; choose among "
            "functions that can stand in one place"
        )
    init = norm = None
    for part in parts:
        if part in INITS and init is None:
            init = part
        elif part in NORMS and norm is None:
            norm = NORMS[part]
        else:
            raise UsageError(
                f"expected {base} with one initialisation ({', '.join(INITS)}) and one "
                f"normalisation ({', '.join(NORMS)}) at most, got '+{part}' in {text!r}"
            )
    return Recipe(text.strip(), record, init, norm)

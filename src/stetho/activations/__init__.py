"""Function → facts: the catalogue of activation functions. Loads torch only to compute with it."""

from stetho.activations.activation import Activation
from stetho.activations.catalogue import catalogue, get, names
from stetho.activations.lookup import for_call, for_module, functions
from stetho.activations.registering import register

__all__ = [
    "Activation",
    "catalogue",
    "for_call",
    "for_module",
    "functions",
    "get",
    "names",
    "register",
]

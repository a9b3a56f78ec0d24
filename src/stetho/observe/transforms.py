"""Whether what runs now runs inside of `torch.func.vmap`, whose tensors have no values to see."""

from __future__ import annotations

import torch


def in_vmap() -> bool:
    """Costs one call outside of torch.func's transforms."""
    if torch._C._functorch.peek_interpreter_stack() is None:
        return False
    from torch._functorch.pyfunctorch import retrieve_all_functorch_interpreters

    vmap = torch._C._functorch.TransformType.Vmap
    return any(interpreter.key() == vmap for interpreter in retrieve_all_functorch_interpreters())

"""What a script of this folder prints of itself at its end. Two runs of it must print the same.

`seed()` comes first, `tell(...)` last. After the interpreter's main module has ended, an exit
handler prints what is left in the process.
"""

from __future__ import annotations

import atexit
import gc
import hashlib
import inspect
import random
import sys
import threading
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules import module as module_hooks
from torch.optim import Optimizer
from torch.optim import optimizer as optimizer_hooks
from torch.overrides import _get_current_function_mode_stack
from torch.utils._python_dispatch import _get_current_dispatch_mode_stack

MODULE_HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_state_dict_hooks",
    "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks",
)
GLOBAL_HOOKS = tuple(name for name in vars(module_hooks) if name.startswith("_global_"))
# What a tool would replace to see a training; each must be torch's own function in the end.
PLACES = (
    (torch.autograd, "backward"),
    (torch.autograd, "grad"),
    (Tensor, "backward"),
    (torch.amp.GradScaler, "scale"),
    (torch.amp.GradScaler, "step"),
    (Optimizer, "__init__"),
    (Optimizer, "step"),
    (nn.Module, "__call__"),
    (nn.Module, "_call_impl"),
    (nn.Module, "__setattr__"),
    (torch.jit, "trace"),
    (torch.export, "export"),
    (threading.Thread, "start"),
)


def seed(number: int = 0) -> None:
    torch.manual_seed(number)
    random.seed(number)
    np.random.seed(number)


def tell(*things: Any) -> None:
    """Print hashes of the things and of the random states, and how many hooks there are; then drop
    all that the script has made, and print how many modules, parameters and graphs are alive.
    """
    print("state", digest(*things))
    print("random", *random_states())
    print("grad", torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_default_device())
    print("hooks", *own_hooks())
    space = sys._getframe(1).f_globals
    del things
    for name in [name for name in space if not name.startswith("__") and _made(space[name])]:
        del space[name]
    print("alive", *alive())


def _made(value: Any) -> bool:
    """Whether a script's variable is something it has computed, and not a name it imported."""
    return not inspect.ismodule(value) and value is not tell and not isinstance(value, type)


def digest(*things: Any) -> str:
    state = hashlib.sha256()
    for part in _parts(things):
        state.update(part)
    return state.hexdigest()[:16]


def _parts(value: Any) -> Iterable[bytes]:
    if isinstance(value, (nn.Module, Optimizer)):
        yield from _parts(value.state_dict())
        if isinstance(value, nn.Module):
            yield from _parts([value.training, *(p.grad for p in value.parameters())])
    elif isinstance(value, Tensor):
        yield _of_tensor(value.detach())
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key).encode()
            yield from _parts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _parts(item)
    else:
        yield repr(value).encode()


def _of_tensor(tensor: Tensor) -> bytes:
    head = f"{tensor.dtype} {tuple(tensor.shape)} {tensor.layout} {tensor.device}"
    if tensor.layout is not torch.strided:
        tensor = tensor.to_dense()
    if tensor.device.type == "meta":
        return head.encode()
    head += f" {tensor.stride()}"
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj())
    flat = tensor.resolve_neg().contiguous().reshape(-1)
    return head.encode() + flat.view(torch.uint8).numpy().tobytes()


def random_states() -> list[str]:
    states: tuple[Any, ...] = (
        random.getstate(),
        [str(part) for part in np.random.get_state()],
        torch.get_rng_state(),
    )
    return [digest(state) for state in states]


def own_hooks() -> list[int]:
    """How many hooks hang on modules, and how many on tensors."""
    modules, tensors = 0, 0
    living = _living(nn.Module, nn.Parameter)
    for thing in living[nn.Module]:
        modules += sum(len(vars(thing).get(name) or ()) for name in MODULE_HOOKS)
    for thing in living[nn.Parameter]:
        tensors += len(getattr(thing, "_backward_hooks", None) or ())
        tensors += len(getattr(thing, "_post_accumulate_grad_hooks", None) or ())
    return [modules, tensors]


def alive() -> list[int]:
    """How many modules, parameters and optimizers are alive, and tensors that hold a graph."""
    living = _living(nn.Module, nn.Parameter, Optimizer, Tensor)
    graphs = [tensor for tensor in living.pop(Tensor) if _grad_fn(tensor) is not None]
    return [*map(len, living.values()), len(graphs)]


def _grad_fn(tensor: Tensor) -> Any:
    try:
        return tensor.grad_fn
    except RuntimeError:  # a view that was changed in a way autograd forbids
        return None


def _living(*kinds: type) -> dict[type, list[Any]]:
    gc.collect()
    things = gc.get_objects()
    return {kind: [thing for thing in things if issubclass(type(thing), kind)] for kind in kinds}


def left() -> list[str]:
    """What hangs in torch that does not belong there: hooks, modes, replaced functions."""
    found = [f"{name}: {len(getattr(module_hooks, name))}" for name in GLOBAL_HOOKS if _full(name)]
    for name in ("_global_optimizer_pre_hooks", "_global_optimizer_post_hooks"):
        if getattr(optimizer_hooks, name):
            found.append(f"{name}: {len(getattr(optimizer_hooks, name))}")
    found += [f"mode {type(mode).__name__}" for mode in _get_current_function_mode_stack()]
    found += [f"mode {type(mode).__name__}" for mode in _get_current_dispatch_mode_stack()]
    for owner, name in PLACES:
        function = getattr(owner, name)
        module = getattr(getattr(function, "__code__", None), "co_filename", "")
        if "stetho" in module.replace("\\", "/").split("/"):
            found.append(f"{owner.__name__}.{name} is replaced")
    return found


def _full(name: str) -> bool:
    hooks = getattr(module_hooks, name)
    return isinstance(hooks, dict) and bool(hooks)


def _at_exit() -> None:
    print("left", left(), len(threading.enumerate()), "threads", len(warnings.filters), "filters")


atexit.register(_at_exit)

"""What torch is doing → whether values can be seen, or a graph is being captured.

Where a graph is captured (traced, exported, compiled), every operation of ours would become a part
of it, so the capture stands aside.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor

# Modes with which torch captures graphs; those of the script are none of these.
_CAPTURING = tuple(
    getattr(torch._C._TorchDispatchModeKey, key) for key in ("FAKE", "PROXY", "FUNCTIONAL")
)
_FAST_PATHS = (nn.MultiheadAttention, nn.TransformerEncoderLayer, nn.TransformerEncoder)
COMPILER = "torch._dynamo.eval_frame"

Make = Callable[[Callable[..., Any]], Callable[..., Any]]


def capturing() -> bool:
    """Whether torch captures a graph now: nothing of ours may run in it."""
    if torch._C._get_tracing_state() is not None or torch.compiler.is_compiling():
        return True
    if not torch._C._len_torch_dispatch_stack():
        return False
    return any(torch._C._get_dispatch_mode(key) is not None for key in _CAPTURING)


def in_vmap() -> bool:
    """Whether `torch.func.vmap` is running, whose tensors have no values to see."""
    if torch._C._functorch.peek_interpreter_stack() is None:
        return False
    from torch._functorch.pyfunctorch import retrieve_all_functorch_interpreters

    vmap = torch._C._functorch.TransformType.Vmap
    return any(interpreter.key() == vmap for interpreter in retrieve_all_functorch_interpreters())


def lacks_values(tensor: Any) -> bool:
    """Whether a tensor has a shape alone."""
    if type(tensor) is Tensor or type(tensor) is nn.Parameter:
        return tensor.is_meta
    if not isinstance(tensor, Tensor):
        return False
    with torch._C.DisableTorchFunctionSubclass():  # a class of the script's would be asked
        return isinstance(tensor, FakeTensor) or tensor.is_meta


def is_nested(tensor: Any) -> bool:
    """Whether a tensor is made of several of different shapes."""
    if type(tensor) is Tensor or type(tensor) is nn.Parameter:
        return tensor.is_nested
    if not isinstance(tensor, Tensor):
        return False
    with torch._C.DisableTorchFunctionSubclass():
        return tensor.is_nested


def on_fast_path(module: nn.Module, args: tuple[Any, ...]) -> bool:
    """Whether torch may take a path through attention that it leaves where a mode looks on.

    It does so in evaluation mode, where no gradient is asked for.
    """
    if not isinstance(module, _FAST_PATHS) or module.training:
        return False
    wanted = (*args, *module.parameters())
    return not any(isinstance(one, Tensor) and one.requires_grad for one in wanted)


def without_modes() -> AbstractContextManager[None]:
    """Modes of the script (a counter of operations, say) do not see what runs inside."""
    from torch.utils._python_dispatch import _disable_current_modes

    return _disable_current_modes()


def around_compiled(pause: Callable[[], None], go_on: Callable[[], None]) -> Make:
    """A maker (for `patched`) of the function by which torch enters and leaves compiled code.

    Compiling calls it as well, further in: only the frame that went in comes out.
    """
    inside: list[int] = []

    def make(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def set_frame(callback: Any) -> Any:
            frame = id(sys._getframe(1))
            if not inside and callback is not None and callback is not False:
                inside.append(frame)
                pause()
            elif inside == [frame]:
                inside.clear()
                go_on()
            return original(callback)

        return set_frame

    return make


def around_call(pause: Callable[[], None], go_on: Callable[[], None]) -> Make:
    """A maker (for `patched`) of a function during which watching pauses."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **kwargs: Any) -> Any:
            pause()
            try:
                return original(*args, **kwargs)
            finally:
                go_on()

        return called

    return make


def compiler() -> Any:
    """The module of torch that runs compiled code, if the script has loaded it."""
    return sys.modules.get(COMPILER)


def tracers() -> list[tuple[Any, str]]:
    """Owner and name of the functions by which `torch.jit` traces, runs and checks."""
    traces: Any = sys.modules["torch.jit._trace"]
    names = [(traces, "_trace_impl"), (traces, "trace_module"), (torch.jit, "trace_module")]
    return [(owner, name) for owner, name in names if hasattr(owner, name)]


def saved_by_hooks() -> bool:
    """Whether hooks, of a checkpoint or of the script's, stand for the tensors that nodes save."""
    return torch._C._autograd._top_saved_tensors_default_hooks(True) is not None

"""Forward calls of modules → which module are we in, and what is its name?"""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from stetho.observe import module_calls
from stetho.observe.aside import capturing
from stetho.observe.guard import Guard, entry

WRAPPERS = ("_orig_mod.", "module.", "_fsdp_wrapped_module.")


@dataclass(slots=True)
class Frame:
    """One module whose forward is running."""

    module: nn.Module
    path: str
    model: str
    functions: set[str] | None = None  # names of torch functions called; None: nobody asks
    tentative: list[tuple[str, Any]] | None = None  # sites in what may be an activation itself
    version: int = 0  # of z when the module was entered
    z: Tensor | None = None  # input of a module that may be an activation function
    opaque: bool = False  # inside of a composite activation: nothing in here counts
    aside: bool = False  # no mode may look on: torch takes another path then
    reentrant: bool = False  # run by a checkpoint, inside of backward
    turned: bool = False  # gradients were turned on or off before it, and the capture with them
    watched: bool = True  # part of the models that are to be watched


@dataclass(slots=True, kw_only=True)
class Names:
    """Names of modules and parameters, learned from every outermost module that is met."""

    modules: dict[int, tuple[weakref.ref[nn.Module], str, str]] = field(default_factory=dict)
    parameters: dict[int, tuple[weakref.ref[Tensor], str, str]] = field(default_factory=dict)
    roots: dict[str, int] = field(default_factory=dict)
    first: str = ""  # model whose names stand alone; the others' carry their model's in front
    fresh: list[weakref.ref[nn.Module]] = field(default_factory=list)  # roots not looked at yet

    def of_module(self, module: nn.Module) -> tuple[str, str] | None:
        """(path, model) of a module that is part of a known root."""
        entry = self.modules.get(id(module))
        if entry is None or entry[0]() is not module:
            return None
        return entry[1], entry[2]

    def of_parameter(self, parameter: Tensor) -> tuple[str, str] | None:
        entry = self.parameters.get(id(parameter))
        if entry is None or entry[0]() is not parameter:
            return None
        return entry[1], entry[2]

    def learn(self, root: nn.Module) -> tuple[str, str]:
        """Take in a module that is called from outside any module; gives its (path, model)."""
        known = self.of_module(root)
        if known is not None:
            return known
        owner = _owner_in_script(root)
        self._forget_dead()
        model = self._model_name(owner)
        for path, module in owner.named_modules():
            if self.of_module(module) is None:
                self.modules[id(module)] = (weakref.ref(module), strip(path), model)
        for path, parameter in owner.named_parameters():
            if self.of_parameter(parameter) is None:
                self.parameters[id(parameter)] = (weakref.ref(parameter), strip(path), model)
        self.fresh.append(weakref.ref(owner))
        if not self.first and next(owner.parameters(), None) is not None:
            self.first = model
        return self.of_module(root) or ("", model)

    def qualified(self, path: str, model: str) -> str:
        """A path that is unique over all models."""
        if model == self.first or not model:
            return path
        return f"{model}:{path}" if path else model

    def parameter_name(self, parameter: Tensor) -> str | None:
        known = self.of_parameter(parameter)
        return self.qualified(*known) if known else None

    def name_parameter(self, parameter: Tensor, name: str) -> None:
        """Give a name to a parameter that no module holds."""
        self.parameters[id(parameter)] = (weakref.ref(parameter), name, "")

    def parameter_called(self, name: str) -> weakref.ref[Tensor] | None:
        for reference, path, model in self.parameters.values():
            if self.qualified(path, model) == name:
                return reference
        return None

    def _forget_dead(self) -> None:
        for table in (self.modules, self.parameters):
            for key in [key for key, known in table.items() if known[0]() is None]:
                del table[key]

    def _model_name(self, root: nn.Module) -> str:
        inner = getattr(root, "_orig_mod", None) or root
        base = type(inner).__name__
        count = self.roots.get(base, 0)
        self.roots[base] = count + 1
        return f"{base}#{count}" if count else base


def _own_name(module: nn.Module) -> str:
    """Keras names its layers, and registers them with none of torch's modules."""
    of_keras = any(kind.__module__.startswith("keras.") for kind in type(module).__mro__)
    return str(module.name) if of_keras else type(module).__name__


def _owner_in_script(module: nn.Module) -> nn.Module:
    """The module among the script's global variables that `module` is part of, else itself.

    A script may call `model.encoder` and `model.head` one after the other; both are parts of
    `model`, and are named after it.
    """
    script = sys.modules.get("__main__")
    for value in list(vars(script).values()) if script else ():
        if isinstance(value, nn.Module) and any(part is module for part in value.modules()):
            return value
    return module


def strip(path: str) -> str:
    """A module's path without what wrappers (compile, DDP, FSDP) put before it."""
    for wrapper in WRAPPERS:
        while path.startswith(wrapper) or f".{wrapper}" in path:
            path = path.replace(wrapper, "", 1)
    return path if path + "." not in WRAPPERS else ""


class ModuleTracker:
    """Keeps the stack of modules whose forward is running, on the thread that started it.

    `enter(frame, args)` is called before a module's forward, `leave(frame, output)` after it, with
    `None` where it ended by an exception.
    """

    def __init__(
        self,
        names: Names,
        stack: list[Frame],
        enter: Callable[[Frame, tuple[Any, ...]], None],
        leave: Callable[[Frame, Any], None],
        guard: Guard,
    ) -> None:
        self.names = names
        self.stack = stack
        self._enter = enter
        self._leave = leave
        self.guard = guard
        self._thread = 0
        self.active = False

    def start(self) -> None:
        if not self.active:
            self.active = True
            self._thread = threading.get_ident()
            module_calls.listen(self)

    def stop(self) -> None:
        if self.active:
            self.active = False
            module_calls.leave(self)
        self.stack.clear()

    def on_its_thread(self) -> bool:
        return threading.get_ident() == self._thread

    @entry
    def before(self, module: nn.Module, args: tuple[Any, ...]) -> bool:
        if not self.on_its_thread() or capturing():
            return False
        with self.guard:
            known = self.names.of_module(module)
            if known is None:
                known = self._name_of_stranger(module)
            frame = Frame(module, *known)
            self.stack.append(frame)
            self._enter(frame, args)
        return True

    def _name_of_stranger(self, module: nn.Module) -> tuple[str, str]:
        if not self.stack:
            return self.names.learn(module)
        # A module that its caller does not register (kept in a plain list): name it after both.
        above = self.stack[-1]
        own = _own_name(module)
        return f"{above.path}.{own}" if above.path else own, above.model

    @entry
    def after(self, module: nn.Module, output: Any) -> None:
        with self.guard:
            while self.stack:  # frames above ours ended by an exception
                frame = self.stack.pop()
                self._leave(frame, output if frame.module is module else None)
                if frame.module is module:
                    break

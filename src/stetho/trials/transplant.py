"""Places in a script and a function → the script running with that function in these places.

Modules are replaced, and the parameters that a function brings are made, before the script makes
its optimizer; calls of functions are replaced where a line of the script spells them out, by a
mode. Weights are set at the first training pass, on its batch. The script is not changed.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor, nn
from torch.optim import Optimizer as TorchOptimizer
from torch.overrides import TorchFunctionMode

from stetho import activations
from stetho.activations.modules import build
from stetho.observe.functions import losses
from stetho.patching import patched
from stetho.surgery import insert_norm
from stetho.surgery.swapping import like, record_of
from stetho.trials import trial as forms
from stetho.trials.places import here, owner_of, place_of
from stetho.trials.recipe import Recipe
from stetho.trials.stage import TrialOver
from stetho.trials.trial import Place

OnLoss = Callable[[Any, tuple[Any, ...]], None]
OWN = "stetho_activation"  # child that holds the learned function of a call


def refused(text: str) -> TrialOver:
    """Ends a trial whose recipe cannot be put into this script."""
    return TrialOver(forms.REFUSED, text)


class Transplant(TorchFunctionMode):
    """A recipe in the places of a script, from `start` to `stop`."""

    def __init__(
        self,
        recipe: Recipe,
        places: Sequence[Place],
        pair: int = 0,
        lr: float = 1.0,
        on_loss: OnLoss | None = None,
    ) -> None:
        super().__init__()
        self._on_loss = on_loss  # told of losses that are computed without gradients
        self.recipe = recipe
        self.notes: list[str] = []
        self._pair = pair
        self._lr = lr  # factor on the script's learning rate
        self._modules = [place for place in places if place.kind == "module"]
        self._calls = {place.where: place for place in places if place.kind == "call"}
        self._layers = [(place.model, path) for place in places for path in place.layers]
        self._came_by: Counter[str] = Counter()
        self._shared: nn.Module | None = None  # the function of calls that is no module's child
        self._put: list[tuple[nn.Module, str, nn.Module, nn.Module]] = []  # owner, key, old, new
        self._new: list[nn.Parameter] = []
        self._settled = False
        self._patches = ExitStack()
        self._before: WeakSet[nn.Module] = WeakSet()  # models that others made in this process

    # -- start and stop ----------------------------------------------------------------------

    @property
    def _changes_models(self) -> bool:
        """Whether there is more to do than to replace calls."""
        function, norm = self.recipe.function, self.recipe.norm
        return bool(self._modules or (self._calls and function.learned) or norm is not None)

    def start(self) -> None:
        if self._changes_models:
            self._before = WeakSet(_alive())
        self.__enter__()  # type: ignore[no-untyped-call]
        self._patches.enter_context(patched(TorchOptimizer, "__init__", self._settling))

    def stop(self) -> None:
        self._patches.close()
        self.__exit__(None, None, None)  # type: ignore[no-untyped-call]

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """The author's own functions, for a while."""
        calls, self._calls = self._calls, {}
        for owner, key, old, _ in self._put:
            setattr(owner, key, old)
        try:
            yield
        finally:
            self._calls = calls
            for owner, key, _, new in self._put:
                setattr(owner, key, new)

    # -- before the first optimizer ------------------------------------------------------------

    def _settling(self, original: Callable[..., None]) -> Callable[..., None]:
        def made(optimizer: Any, params: Any, *args: Any, **kwargs: Any) -> None:
            self.settle()
            original(optimizer, params, *args, **kwargs)
            self._adopt(optimizer)

        return made

    def settle(self) -> None:
        """Change the models that are there by now, once."""
        if self._settled:
            return
        self._settled = True
        if not self._changes_models:
            return
        models = _alive()
        for place in self._modules:
            self._replace_module(place, models)
        if self.recipe.function.learned:
            for place in self._calls.values():
                self._add_learned(place, models)
        if self.recipe.norm is not None:
            self._add_norms(models, self.recipe.norm)

    def _called(self, model: str, models: Sequence[nn.Module]) -> list[nn.Module]:
        """All modules of a class, those of this trial if it has made any; of two models of one
        class the second is called `Net#1`.
        """
        name = model.partition("#")[0]
        found = [module for module in models if type(module).__name__ == name]
        return [module for module in found if module not in self._before] or found

    def _replace_module(self, place: Place, models: Sequence[nn.Module]) -> None:
        new: dict[int, nn.Module] = {}
        for root in self._called(place.model, models):
            old = _at(root, place.path)
            if old is None or not _computes(old, place.function):
                continue
            for owner, key in _holders(root, old):
                if id(old) not in new:
                    new[id(old)] = self._in_place_of(old, place, root)
                setattr(owner, key, new[id(old)])
                self._put.append((owner, key, old, new[id(old)]))
        if not new:
            raise refused(
                f"expected the module {place.path} ({place.function}) of {place.model} to be there "
                "when the optimizer is made, but there is none; is the model built later?"
            )
        self.notes.append(f"{place.path}: {place.function} → {self.recipe.function.label}")

    def _in_place_of(self, old: nn.Module, place: Place, root: nn.Module) -> nn.Module:
        made = self._keep(like(old, self._build(), root))
        if len(place.hidden) == place.uses:
            return made
        return Partly(old, made, place.hidden, place.uses)

    def _build(self) -> nn.Module:
        made = build(self.recipe.function)
        return OwnStream(made, self._pair) if self.recipe.function.random else made

    def _keep(self, made: nn.Module) -> nn.Module:
        self._new += list(made.parameters())
        return made

    def _add_learned(self, place: Place, models: Sequence[nn.Module]) -> None:
        """One function for each module in whose method the call stands: a child of it."""
        for root in self._called(place.model, models):
            for path in place.path.split(","):
                owner = _at(root, path)
                if owner is not None and not hasattr(owner, OWN):
                    owner.add_module(OWN, self._keep(like(owner, self._build(), root)))

    def _add_norms(self, models: Sequence[nn.Module], kind: str) -> None:
        if not self._layers:
            raise refused(
                "expected a layer before each site to put a normalisation behind, but all sites "
                "have one, or none comes from a layer"
            )
        for model, path in dict.fromkeys(self._layers):
            roots = [root for root in self._called(model, models) if _at(root, path) is not None]
            if not roots:
                raise refused(
                    f"expected a layer {path} in {model} to put a normalisation behind, but there "
                    "is none when the optimizer is made"
                )
            for root in roots:
                done = insert_norm(root, [path], kind)
                self._keep(_at(root, path) or root)
                self.notes.append(str(done).partition("\n")[2].strip())

    def _adopt(self, optimizer: TorchOptimizer) -> None:
        """Give an optimizer its learning rate, and the parameters that its script did not know."""
        for settings in (optimizer.defaults, *optimizer.param_groups):
            if self._lr != 1 and "lr" in settings:
                settings["lr"] = settings["lr"] * self._lr
        if not self._new or not optimizer.param_groups:
            return
        has = {id(p) for group in optimizer.param_groups for p in group["params"]}
        news = [p for p in self._new if id(p) not in has]
        optimizer.param_groups[0]["params"] += news
        self._new = []

    # -- calls -----------------------------------------------------------------------------------

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        bind = activations.for_call(func) if self._calls else None
        if bind is None:
            result = func(*args, **kwargs)
            if self._on_loss is not None and func in losses() and not torch.is_grad_enabled():
                self._on_loss(result, args)
            return result
        facts = bind(args, kwargs)
        frame = here()
        place = self._calls.get(place_of(frame)) if frame is not None else None
        if facts is None or place is None or place.function != facts.name or frame is None:
            return func(*args, **kwargs)
        if len(place.hidden) < place.uses:
            turn = self._came_by[place.where] % place.uses
            self._came_by[place.where] += 1
            if turn not in place.hidden:
                return func(*args, **kwargs)
        z = args[0] if args else kwargs.get("input", kwargs.get("self"))
        other = self._function(frame, z)
        in_place = kwargs.get("inplace") is True or func.__name__.endswith("_")
        if hasattr(other, "inplace"):
            other.inplace = in_place  # type: ignore[assignment]
        elif in_place:
            return z.copy_(other.forward(z.clone()))
        return other.forward(z)  # as a call of a function, not of a module: it is named like one

    def _function(self, frame: Any, z: Tensor) -> nn.Module:
        record = self.recipe.function
        owner = owner_of(frame) if record.learned or record.random else None
        own = getattr(owner, OWN, None) if owner is not None else None
        if isinstance(own, nn.Module):
            return own
        if self._shared is None:
            self._shared = self._build().to(device=z.device)
            if record.learned:
                self.notes.append(f"{record.name}: a call outside of any module keeps its slope")
        if record.random:
            self._shared.train(owner.training if owner is not None else torch.is_grad_enabled())
        return self._shared


class Partly(nn.Module):
    """A module that serves hidden sites and others: the new function for the hidden ones."""

    def __init__(self, old: nn.Module, new: nn.Module, hidden: Sequence[int], uses: int) -> None:
        super().__init__()
        self.old, self.new = old, new
        self._hidden, self._uses, self._turn = frozenset(hidden), uses, 0

    def forward(self, input: Tensor) -> Tensor:
        turn, self._turn = self._turn, (self._turn + 1) % self._uses
        chosen = self.new if turn in self._hidden else self.old
        result: Tensor = chosen(input)
        return result


class OwnStream(nn.Module):
    """A random function with a stream of its own: the script's own draws stay as they are."""

    def __init__(self, function: nn.Module, pair: int) -> None:
        super().__init__()
        self.function = function
        self._state = torch.Generator().manual_seed(pair).get_state()

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            evaluated: Tensor = self.function.forward(input)
            return evaluated
        script = torch.get_rng_state()
        torch.set_rng_state(self._state)
        result: Tensor = self.function.forward(input)
        self._state = torch.get_rng_state()
        torch.set_rng_state(script)
        return result


# -- modules ---------------------------------------------------------------------------------------


def _alive() -> list[nn.Module]:
    return [thing for thing in gc.get_objects() if issubclass(type(thing), nn.Module)]


def _at(root: nn.Module, path: str) -> nn.Module | None:
    try:
        return root.get_submodule(path)
    except AttributeError:
        return None


def _holders(root: nn.Module, module: nn.Module) -> list[tuple[nn.Module, str]]:
    """Every place in a model that holds a module."""
    return [
        (owner, key)
        for owner in root.modules()
        for key, child in owner._modules.items()
        if child is module
    ]


def _computes(module: nn.Module, function: str) -> bool:
    known = record_of(module)
    return (known.name if known is not None else type(module).__name__) == function

"""Nothing in → every case of the zoo: healthy trainings, and the same with a fault planted."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from zoo.plants import OPERATORS, Operator, Plant
from zoo.spec import Spec

RATES = {"sgd": 0.1, "momentum": 0.03, "rmsprop": 1e-3, "adam": 2e-3, "adamw": 2e-3}
SMOOTH = ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "tanh", "hardtanh")
# Later draws, by what their names begin with.
DRAWS = {"fresh-": "fresh", "third-": "third", "fourth-": "fourth"}
THIRD = (100, 30, 24, 27, 27)  # networks of each family in the third draw
FOURTH = (52, 16, 12, 14, 12)  # and in the fourth
SEEDS = (0, 1, 2, 3, 4)
FAULTS_OF_ONE = 2  # faults that are planted into one healthy training, at most
EACH = 3  # times that an operator's strength is planted, where so many fit


@dataclass(frozen=True, slots=True)
class Case:
    """One training of the zoo. `base`: the name of the training without the fault."""

    name: str
    base: str
    spec: Spec
    plant: Plant | None = None

    @property
    def half(self) -> str:
        """By a hash of the base, so that a fault and its healthy twin lie in one half.

        "fresh": of a second draw, made when the other halves had both been looked at; "third": of
        one more, made when the second had been looked at too; "fourth": the same again.
        """
        for prefix, draw in DRAWS.items():
            if self.base.startswith(prefix):
                return draw
        return "calibrate" if _digest(self.base) % 2 else "report"

    @property
    def repeated(self) -> bool:
        """Whether it is run on five seeds and with other batch sizes too.

        All that calibrate, as what differs there can be mended; of the fourth draw a third, of
        the older ones that report about one in twelve.
        """
        every = {"calibrate": 1, "report": 12, "third": 12, "fourth": 3}
        return self.half in every and _digest(f"again {self.base}") % every[self.half] == 0

    @property
    def shared(self) -> bool:
        """Whether peers are run on it: a third of what reports, for they are slow."""
        return self.half in ("report", "third", "fourth") and _digest(f"peers {self.name}") % 3 == 0


def _digest(text: str) -> int:
    return hashlib.sha256(text.encode()).digest()[0]


@cache
def cases() -> tuple[Case, ...]:
    """All cases, healthy ones first; those of the later draws at the end."""
    healthy = dict(_healthy(2018, (64, 20, 16, 18, 18)))
    first = _drawn(healthy, EACH, _published())
    first = (*first, *_topped_up(healthy, first))
    fresh = {f"fresh-{name}": spec for name, spec in _healthy(2019, (26, 8, 6, 9, 6))}
    second = _drawn(fresh, 1, iter(()))
    kept = {case.base for case in second if case.plant is not None and _digest(case.name) % 2}
    return (
        *first,
        *(case for case in second if case.plant is None and case.base in kept),
        *(case for case in second if case.plant is not None and _digest(case.name) % 2),
        *_later("third-", 2020, THIRD),
        *_later("fourth-", 2021, FOURTH),
    )


def _later(prefix: str, seed: int, counts: tuple[int, ...]) -> tuple[Case, ...]:
    """A draw whose figures are published; it was not looked at until the rules were fixed."""
    healthy = {f"{prefix}{name}": spec for name, spec in _healthy(seed, counts)}
    return _drawn(healthy, EACH, iter(()))


def _drawn(
    healthy: dict[str, Spec], each: int, published: Iterator[tuple[str, Spec, Plant]]
) -> tuple[Case, ...]:
    planted = [*_planted(healthy, each), *published]
    found = {name: Case(name, name, spec) for name, spec in healthy.items()}
    for base, spec, plant in planted:
        found.setdefault(base, Case(base, base, spec))
        name = f"{base}+{plant.name}-{plant.strength}"
        found[name] = Case(name, base, plant.apply(spec), plant)
    return tuple(sorted(found.values(), key=lambda case: (case.plant is not None, case.name)))


def _topped_up(healthy: dict[str, Spec], first: tuple[Case, ...]) -> Iterator[Case]:
    """Faults that chance has kept out of the reporting half: two of each there."""
    there = {case.plant.name for case in first if case.plant and case.half == "report"}
    for operator in OPERATORS:
        if operator.name not in there:
            bases = [name for name in healthy if Case(name, name, healthy[name]).half == "report"]
            for name in [base for base in bases if operator.fits(healthy[base])][:2]:
                plant = next(operator.plants(healthy[name]))
                named = f"{name}+{plant.name}-{plant.strength}"
                yield Case(named, name, plant.apply(healthy[name]), plant)


def _healthy(seed: int, counts: tuple[int, ...]) -> Iterator[tuple[str, Spec]]:
    """`counts`: of multilayer perceptrons, CNNs, residual nets, recurrent nets, transformers."""
    mlps, cnns, resnets, recurrent, transformers = counts
    draw = random.Random(seed)
    for number in range(mlps):
        data = draw.choice(("digits", "wine", "iris", "cancer", "diabetes", "circles", "blobs"))
        yield f"mlp-{number:02}", _mlp(draw, "unit-digits" if number % 10 == 0 else data)
    for number in range(cnns):
        norm = draw.choice(("none", "batch", "layer"))
        function, optimizer = draw.choice(SMOOTH), draw.choice(tuple(RATES))
        depth = draw.choice((2, 3, 5, 6))
        yield (
            f"cnn-{number:02}",
            _with(
                Spec(
                    family="cnn", data="images", function=function, depth=depth, width=16, norm=norm
                ),
                optimizer,
                deep=depth > 3,
            ),
        )
    for number in range(resnets):
        data = draw.choice(("images", "digits"))
        function, optimizer = draw.choice(SMOOTH), draw.choice(tuple(RATES))
        norm, depth = draw.choice(("batch", "layer", "none")), draw.choice((3, 5, 8))
        width = 16 if data == "images" else 48
        spec = Spec(
            family="resnet",
            data=data,
            function=function,
            depth=depth,
            width=width,
            norm=norm,
            gain=0.7 if norm == "none" else 1,
        )
        yield f"resnet-{number:02}", _with(spec, optimizer)
    for number in range(recurrent):
        family = ("rnn", "lstm", "gru")[number % 3]
        data = ("rows", "first")[number // 3 % 2]
        optimizer = draw.choice(("adam", "adamw", "rmsprop", "momentum"))
        length = {"rows": 0, "first": 8 if family == "rnn" else 40}[data]
        init = "fitted" if family == "lstm" or (family == "rnn" and number % 2) else "default"
        spec = Spec(
            family=family,
            data=data,
            function="tanh",
            depth=1,
            width=draw.choice((24, 48)),
            init=init,
            length=length,
        )
        lr = 0.1 if optimizer == "momentum" else 5e-3
        yield f"{family}-{number:02}", replace(spec, optimizer=optimizer, lr=lr)
    for number in range(transformers):
        family, data = (("vit", "patches"), ("gpt", "text"))[number % 2]
        function = draw.choice(("gelu", "relu", "silu", "elu", "tanh", "leaky_relu"))
        spec = Spec(
            family=family,
            data=data,
            function=function,
            depth=draw.choice((1, 2, 3)),
            width=32,
            norm="layer",
        )
        yield f"{family}-{number:02}", _with(spec, draw.choice(("adam", "adamw")), lr=3e-3)


def _mlp(draw: random.Random, data: str) -> Spec:
    function = draw.choice((*SMOOTH, "sigmoid", "softplus"))
    depth = draw.choice((2, 3, 5, 8, 12))
    if function in ("sigmoid", "softplus", "selu"):
        depth = min(depth, 2 if function != "selu" else 8)
    norm = draw.choice(("none", "none", "batch", "layer"))
    optimizer = draw.choice(tuple(RATES))
    width, batch = draw.choice((32, 64, 128)), draw.choice((16, 32, 64))
    spec = Spec(
        family="mlp", data=data, function=function, depth=depth, width=width, norm=norm, batch=batch
    )
    return _with(spec, optimizer, deep=depth > 3 and norm == "none")


def _with(spec: Spec, optimizer: str, deep: bool = False, lr: float | None = None) -> Spec:
    """The optimizer at its usual rate; deep plain networks get weights that fit, and less of it."""
    rate = RATES[optimizer] if lr is None else lr
    if deep:
        return replace(spec, optimizer=optimizer, lr=rate / 3, init="fitted")
    return replace(spec, optimizer=optimizer, lr=rate)


def _planted(healthy: dict[str, Spec], each: int) -> Iterator[tuple[str, Spec, Plant]]:
    """Faults in healthy trainings, each operator in turn, spread by a hash over the bases."""
    room = dict.fromkeys(healthy, FAULTS_OF_ONE)
    for operator in OPERATORS:
        for place, strength in enumerate(operator.strengths):
            bases = sorted(healthy, key=lambda name: _key(name, operator, strength))
            fitting = [name for name in bases if operator.fits(healthy[name])]
            fitting.sort(key=lambda name: room[name] <= 0)  # stable: those with room first
            for name in fitting[:each]:
                room[name] -= 1
                yield name, healthy[name], list(operator.plants(healthy[name]))[place]


def _key(name: str, operator: Operator, strength: str) -> str:
    return hashlib.sha256(f"{name} {operator.name} {strength}".encode()).hexdigest()


def _published() -> Iterator[tuple[str, Spec, Plant]]:
    """Faults that others have published, made again from their description."""
    by_name = {operator.name: operator for operator in OPERATORS}

    def plant(operator: str, strength: str, **changes: object) -> Plant:
        of = by_name[operator]
        also = frozenset({"not-learning", "frozen-layer", *of.also})
        return Plant(
            name=operator,
            strength=strength,
            changes=changes,
            rules=of.rules,
            causes=of.causes,
            also=also,
            hidden=of.hidden,
        )

    # Stack Overflow 39217567: a stack of sigmoid layers on images of digits.
    spec = Spec(
        family="mlp",
        data="digits",
        function="relu",
        depth=6,
        width=64,
        optimizer="sgd",
        lr=0.1,
        init="fitted",
    )
    yield "so-39217567", spec, plant("sigmoid-stack", "published", function="sigmoid")
    # Stack Overflow 34311586: XOR with weights that begin next to 0.
    spec = Spec(
        family="mlp",
        data="xor",
        function="tanh",
        depth=2,
        width=16,
        optimizer="sgd",
        lr=0.5,
        steps=400,
    )
    yield "so-34311586", spec, plant("small-init", "published", gain=1e-3)
    # Stack Overflow 59278771: iris by a network of sigmoid layers.
    spec = Spec(
        family="mlp", data="iris", function="relu", depth=4, width=16, optimizer="sgd", lr=0.1
    )
    yield "so-59278771", spec, plant("sigmoid-stack", "published", function="sigmoid")
    # Deep networks on circles and blobs, as in AutoTrainer's benchmark (ICSE 2021).
    for data in ("circles", "blobs"):
        deep = Spec(
            family="mlp",
            data=data,
            function="relu",
            depth=10,
            width=32,
            init="fitted",
            optimizer="momentum",
            lr=0.01,
        )
        base = f"deep-{data}"
        yield base, deep, plant("sigmoid-stack", "published", function="sigmoid")
        yield base, deep, plant("exponential", "published", function="exp", depth=5)
        yield base, deep, plant("negative-bias", "published", bias=-3.0)
        yield base, deep, plant("large-init", "published", function="tanh", gain=12.0)
    # Operators in the manner of DeepCrime (ISSTA 2021) on a digits classifier.
    mutant = Spec(
        family="mlp", data="digits", function="relu", depth=3, width=64, optimizer="adam", lr=1e-3
    )
    yield "deepcrime", mutant, plant("high-rate", "published", lr=1.0)
    yield "deepcrime", mutant, plant("low-rate", "published", lr=1e-9)
    yield "deepcrime", mutant, plant("zero-init", "published", gain=0.0)
    yield "deepcrime", mutant, plant("random-labels", "published", noise=1.0)
    yield "deepcrime", mutant, plant("wrong-output", "published", output="relu")
    yield "deepcrime", mutant, plant("negative-bias", "published", bias=-8.0)

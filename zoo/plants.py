"""A healthy spec → the same with one fault planted, and what a right diagnosis of it says.

The answers were written down before any of these networks was diagnosed. `rules` name the fault
itself (one of them is enough; the first is the main one), `also` are true of such a network but
follow from the fault; an alarm of any other rule is counted as false. `causes` are the right ones.
Five rules came later and were put in where they name the fault: `undersized-update`,
`decayed-weights`, and before the third draw was looked at `initial-loss`, `unzeroed-gradient` and
`symmetric-units`, with the cause `zero-grad`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from zoo.spec import Spec

ALWAYS = frozenset({"not-learning", "frozen-layer"})  # true of any network that does not learn
BAD_STEPS = ("oversized-update", "non-finite", "dead-units", "saturated", "zig-zag")


@dataclass(frozen=True, slots=True)
class Plant:
    """One fault at one strength."""

    name: str
    strength: str
    changes: dict[str, Any] = field(hash=False)
    rules: tuple[str, ...]
    causes: tuple[str, ...]
    also: frozenset[str] = frozenset()
    hidden: bool = True  # whether the fault lies with the hidden activations, weights or biases

    def apply(self, spec: Spec) -> Spec:
        return replace(spec, **self.changes)


@dataclass(frozen=True, slots=True)
class Operator:
    """A kind of fault: where it applies, and its strengths."""

    name: str
    fits: Callable[[Spec], bool]
    strengths: dict[str, Callable[[Spec], dict[str, Any]]]
    rules: tuple[str, ...]
    causes: tuple[str, ...]
    also: tuple[str, ...] = ()
    hidden: bool = True

    def plants(self, spec: Spec) -> Iterator[Plant]:
        if self.fits(spec):
            for strength, changes in self.strengths.items():
                yield Plant(
                    self.name,
                    strength,
                    changes(spec),
                    self.rules,
                    self.causes,
                    ALWAYS | set(self.also),
                    self.hidden,
                )


def _scaled(name: str, *factors: float) -> dict[str, Callable[[Spec], dict[str, Any]]]:
    def times(factor: float) -> Callable[[Spec], dict[str, Any]]:
        return lambda spec: {name: getattr(spec, name) * factor}

    return {f"×{factor:g}": times(factor) for factor in factors}


def _set(**choices: Any) -> dict[str, Callable[[Spec], dict[str, Any]]]:
    """`label=changes`: changes that do not depend on the spec."""

    def fixed(changes: dict[str, Any]) -> Callable[[Spec], dict[str, Any]]:
        return lambda spec: changes

    return {label.replace("_", "-"): fixed(changes) for label, changes in choices.items()}


STACKS = ("mlp", "cnn")
BOUNDED = ("tanh", "sigmoid", "hardtanh")
RECTIFIERS = ("relu",)


def _plain_stack(spec: Spec) -> bool:
    return spec.family in STACKS and spec.norm == "none" and spec.function != "sigmoid"


def _flat(spec: Spec) -> bool:
    return spec.family in ("mlp", "cnn") and spec.function in RECTIFIERS and spec.norm == "none"


def _tabular(spec: Spec) -> bool:
    return spec.family == "mlp" and spec.norm == "none" and spec.data not in ("circles", "xor")


def _trained(spec: Spec) -> bool:
    return True


OPERATORS: tuple[Operator, ...] = (
    Operator(
        "sigmoid-stack",
        lambda spec: spec.family == "mlp" and spec.function != "sigmoid" and spec.depth >= 5,
        _set(
            as_deep={"function": "sigmoid", "norm": "none", "optimizer": "sgd", "lr": 0.1},
            deeper={
                **{"function": "sigmoid", "norm": "none", "optimizer": "sgd", "lr": 0.1},
                "depth": 14,
            },
        ),
        ("vanishing-gradient",),
        ("slope", "function"),
        ("collapsed", "off-centre", "one-sign-gradient"),
    ),
    Operator(
        "large-init",
        lambda spec: _plain_stack(spec) and spec.depth >= 3,
        _scaled("gain", 3, 8, 20),
        ("saturated", "exploding-gradient", "initial-loss"),
        ("weights",),
        ("oversized-update", "non-finite", "non-normal", "vanishing-gradient", "dead-units"),
    ),
    Operator(
        "small-init",
        lambda spec: _plain_stack(spec) and spec.depth >= 3,
        _scaled("gain", 0.3, 0.05),
        ("vanishing-gradient", "collapsed"),
        ("weights",),
        ("off-centre",),
    ),
    Operator(
        "zero-init",
        lambda spec: _plain_stack(spec) and spec.depth >= 2,
        _set(all={"gain": 0.0}),
        ("symmetric-units", "vanishing-gradient", "collapsed", "dead-units"),
        ("weights",),
        ("off-centre", "over-sparse"),
    ),
    Operator(
        "negative-bias",
        lambda spec: _flat(spec) and spec.depth >= 2,
        _set(one={"bias": -1.0}, five={"bias": -5.0}),
        ("dead-units", "over-sparse"),
        ("bias",),
        ("vanishing-gradient", "off-centre", "collapsed"),
    ),
    Operator(
        "large-bias",
        lambda spec: _plain_stack(spec) and spec.function in BOUNDED,
        _set(four={"bias": 4.0}, twelve={"bias": 12.0}),
        ("saturated",),
        ("bias",),
        ("vanishing-gradient", "collapsed", "off-centre"),
    ),
    Operator(
        "high-rate",
        _trained,
        _scaled("lr", 10, 100, 1000),
        BAD_STEPS,
        ("learning-rate",),
        ("exploding-gradient", "covariate-shift", "off-centre", "over-sparse", "collapsed")
        + ("non-normal", "vanishing-gradient", "one-sign-gradient", "vanishing-through-time"),
        hidden=False,
    ),
    Operator(
        "rate-jump",
        _trained,
        _set(hundred={"jump": 100.0, "onset": 100}, thousand={"jump": 1000.0, "onset": 100}),
        BAD_STEPS,
        ("learning-rate",),
        ("exploding-gradient", "covariate-shift", "off-centre", "over-sparse", "collapsed")
        + ("non-normal", "vanishing-gradient", "one-sign-gradient", "vanishing-through-time"),
        hidden=False,
    ),
    Operator(
        "low-rate",
        _trained,
        _scaled("lr", 1e-2, 1e-5),
        ("undersized-update", "not-learning"),
        ("learning-rate",),
        hidden=False,
    ),
    Operator(
        "large-input",
        _tabular,
        _set(
            thirty={"input_scale": 30.0},
            thousand={"input_scale": 1000.0},
            offset={"input_offset": 50.0},
        ),
        ("unscaled-input",),
        ("input",),
        ("saturated", "dead-units", "exploding-gradient", "oversized-update", "off-centre")
        + ("non-finite", "zig-zag", "over-sparse", "collapsed", "one-sign-gradient")
        + ("initial-loss",),
        hidden=False,
    ),
    Operator(
        "small-input",
        _tabular,
        _set(thousandth={"input_scale": 1e-3}),
        ("unscaled-input",),
        ("input",),
        ("collapsed", "off-centre"),
        hidden=False,
    ),
    Operator(
        "zero-input",
        _tabular,
        _set(all={"input_zero": True}),
        ("unscaled-input",),
        ("input",),
        ("collapsed", "off-centre", "dead-units", "vanishing-gradient"),
        hidden=False,
    ),
    Operator(
        "depth",
        lambda spec: spec.family == "mlp" and spec.function in ("relu", "leaky_relu", "tanh"),
        _set(
            twenty={"depth": 20, "norm": "none", "init": "default"},
            forty={"depth": 40, "norm": "none", "init": "default"},
        ),
        ("vanishing-gradient",),
        ("weights", "depth"),
        ("collapsed", "off-centre", "dead-units"),
    ),
    Operator(
        "dropped-norm",
        lambda spec: (
            spec.norm != "none" and spec.family in ("mlp", "cnn", "resnet") and spec.depth >= 5
        ),
        _set(all={"norm": "none"}),
        ("vanishing-gradient", "exploding-gradient", "covariate-shift", "non-finite"),
        ("weights", "slope", "normalisation", "depth", "learning-rate"),
        ("collapsed", "off-centre", "oversized-update", "dead-units", "zig-zag", "saturated"),
    ),
    Operator(
        "frozen",
        _trained,
        _set(half={"frozen": 0.5}, all={"frozen": 1.0}),
        ("frozen-layer",),
        ("frozen",),
        hidden=False,
    ),
    Operator(
        "nan",
        lambda spec: spec.family == "mlp",
        _set(
            data={"nan": "data", "onset": 80},
            logarithm={"nan": "logarithm", "onset": 80},
            division={"nan": "division", "onset": 80},
        ),
        ("non-finite",),
        ("input", "unknown", "function"),
        hidden=False,
    ),
    Operator(
        "wrong-output",
        lambda spec: (
            spec.family in ("mlp", "cnn", "resnet", "vit")
            and spec.data not in ("diabetes", "raw-diabetes", "text")
        ),
        {
            "squashed": lambda spec: {
                "output": "sigmoid" if spec.data in ("cancer", "circles", "xor") else "softmax"
            },
            "cut": lambda spec: {"output": "relu"},
        },
        ("misfit-loss",),
        ("loss",),
        ("off-centre",),
        hidden=False,
    ),
    Operator(
        "wrong-range",
        lambda spec: spec.data == "diabetes",
        _set(
            squashed={"output": "sigmoid", "data": "raw-diabetes"},
            tanh={"output": "tanh", "data": "raw-diabetes"},
            broadcast={"loss": "broadcast"},
        ),
        ("misfit-loss",),
        ("loss",),
        hidden=False,
    ),
    Operator(
        "random-labels",
        lambda spec: spec.family != "gpt" and spec.data != "xor",
        _set(all={"noise": 1.0}),
        ("not-learning",),
        ("labels",),
        hidden=False,
    ),
    Operator(
        "weight-decay",
        lambda spec: spec.optimizer in ("sgd", "adamw"),
        _set(
            strong={"weight_decay": 0.3, "optimizer": "sgd", "lr": 0.1},
            adamw={"weight_decay": 30.0, "optimizer": "adamw", "lr": 2e-3},
        ),
        ("decayed-weights", "not-learning"),
        ("weight-decay",),
        ("collapsed", "vanishing-gradient", "off-centre", "vanishing-through-time"),
        hidden=False,
    ),
    Operator(
        "no-zero-grad",
        _trained,
        _set(all={"zero_grad": False}),
        ("unzeroed-gradient", *BAD_STEPS),
        ("zero-grad", "learning-rate"),
        ("exploding-gradient", "covariate-shift", "off-centre", "over-sparse", "collapsed")
        + ("non-normal", "vanishing-gradient", "one-sign-gradient", "vanishing-through-time"),
        hidden=False,
    ),
    Operator(
        "tiny-clip",
        lambda spec: spec.optimizer in ("sgd", "momentum"),
        _set(all={"clip": 1e-4}),
        ("undersized-update", "not-learning"),
        ("learning-rate",),
        hidden=False,
    ),
    Operator(
        "exponential",
        lambda spec: spec.family == "mlp" and spec.norm == "none" and spec.depth >= 3,
        _set(all={"function": "exp"}),
        ("exploding-gradient", "non-finite", "oversized-update", "non-normal", "initial-loss"),
        ("slope", "weights", "function", "learning-rate", "unknown"),
        ("off-centre", "zig-zag", "covariate-shift", "one-sign-gradient", "collapsed"),
    ),
    Operator(
        "long-lag",
        lambda spec: spec.data == "first",
        _set(
            sixty={"length": 60, "family": "rnn", "init": "default", "depth": 1},
            hundred={"length": 100, "family": "rnn", "init": "default", "depth": 1},
        ),
        ("vanishing-through-time",),
        ("slope", "weights", "depth"),
        ("exploding-gradient",),
    ),
)

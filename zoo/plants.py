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
                    name=self.name,
                    strength=strength,
                    changes=changes(spec),
                    rules=self.rules,
                    causes=self.causes,
                    also=ALWAYS | set(self.also),
                    hidden=self.hidden,
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
        name="sigmoid-stack",
        fits=lambda spec: spec.family == "mlp" and spec.function != "sigmoid" and spec.depth >= 5,
        strengths=_set(
            as_deep={"function": "sigmoid", "norm": "none", "optimizer": "sgd", "lr": 0.1},
            deeper={
                **{"function": "sigmoid", "norm": "none", "optimizer": "sgd", "lr": 0.1},
                "depth": 14,
            },
        ),
        rules=("vanishing-gradient",),
        causes=("slope", "function"),
        also=("collapsed", "off-centre", "one-sign-gradient"),
    ),
    Operator(
        name="large-init",
        fits=lambda spec: _plain_stack(spec) and spec.depth >= 3,
        strengths=_scaled("gain", 3, 8, 20),
        rules=("saturated", "exploding-gradient", "initial-loss"),
        causes=("weights",),
        also=("oversized-update", "non-finite", "non-normal", "vanishing-gradient", "dead-units"),
    ),
    Operator(
        name="small-init",
        fits=lambda spec: _plain_stack(spec) and spec.depth >= 3,
        strengths=_scaled("gain", 0.3, 0.05),
        rules=("vanishing-gradient", "collapsed"),
        causes=("weights",),
        also=("off-centre",),
    ),
    Operator(
        name="zero-init",
        fits=lambda spec: _plain_stack(spec) and spec.depth >= 2,
        strengths=_set(all={"gain": 0.0}),
        rules=("symmetric-units", "vanishing-gradient", "collapsed", "dead-units"),
        causes=("weights",),
        also=("off-centre", "over-sparse"),
    ),
    Operator(
        name="negative-bias",
        fits=lambda spec: _flat(spec) and spec.depth >= 2,
        strengths=_set(one={"bias": -1.0}, five={"bias": -5.0}),
        rules=("dead-units", "over-sparse"),
        causes=("bias",),
        also=("vanishing-gradient", "off-centre", "collapsed"),
    ),
    Operator(
        name="large-bias",
        fits=lambda spec: _plain_stack(spec) and spec.function in BOUNDED,
        strengths=_set(four={"bias": 4.0}, twelve={"bias": 12.0}),
        rules=("saturated",),
        causes=("bias",),
        also=("vanishing-gradient", "collapsed", "off-centre"),
    ),
    Operator(
        name="high-rate",
        fits=_trained,
        strengths=_scaled("lr", 10, 100, 1000),
        rules=BAD_STEPS,
        causes=("learning-rate",),
        also=("exploding-gradient", "covariate-shift", "off-centre", "over-sparse", "collapsed")
        + ("non-normal", "vanishing-gradient", "one-sign-gradient", "vanishing-through-time"),
        hidden=False,
    ),
    Operator(
        name="rate-jump",
        fits=_trained,
        strengths=_set(
            hundred={"jump": 100.0, "onset": 100}, thousand={"jump": 1000.0, "onset": 100}
        ),
        rules=BAD_STEPS,
        causes=("learning-rate",),
        also=("exploding-gradient", "covariate-shift", "off-centre", "over-sparse", "collapsed")
        + ("non-normal", "vanishing-gradient", "one-sign-gradient", "vanishing-through-time"),
        hidden=False,
    ),
    Operator(
        name="low-rate",
        fits=_trained,
        strengths=_scaled("lr", 1e-2, 1e-5),
        rules=("undersized-update", "not-learning"),
        causes=("learning-rate",),
        hidden=False,
    ),
    Operator(
        name="large-input",
        fits=_tabular,
        strengths=_set(
            thirty={"input_scale": 30.0},
            thousand={"input_scale": 1000.0},
            offset={"input_offset": 50.0},
        ),
        rules=("unscaled-input",),
        causes=("input",),
        also=("saturated", "dead-units", "exploding-gradient", "oversized-update", "off-centre")
        + ("non-finite", "zig-zag", "over-sparse", "collapsed", "one-sign-gradient")
        + ("initial-loss",),
        hidden=False,
    ),
    Operator(
        name="small-input",
        fits=_tabular,
        strengths=_set(thousandth={"input_scale": 1e-3}),
        rules=("unscaled-input",),
        causes=("input",),
        also=("collapsed", "off-centre"),
        hidden=False,
    ),
    Operator(
        name="zero-input",
        fits=_tabular,
        strengths=_set(all={"input_zero": True}),
        rules=("unscaled-input",),
        causes=("input",),
        also=("collapsed", "off-centre", "dead-units", "vanishing-gradient"),
        hidden=False,
    ),
    Operator(
        name="depth",
        fits=lambda spec: spec.family == "mlp" and spec.function in ("relu", "leaky_relu", "tanh"),
        strengths=_set(
            twenty={"depth": 20, "norm": "none", "init": "default"},
            forty={"depth": 40, "norm": "none", "init": "default"},
        ),
        rules=("vanishing-gradient",),
        causes=("weights", "depth"),
        also=("collapsed", "off-centre", "dead-units"),
    ),
    Operator(
        name="dropped-norm",
        fits=lambda spec: (
            spec.norm != "none" and spec.family in ("mlp", "cnn", "resnet") and spec.depth >= 5
        ),
        strengths=_set(all={"norm": "none"}),
        rules=("vanishing-gradient", "exploding-gradient", "covariate-shift", "non-finite"),
        causes=("weights", "slope", "normalisation", "depth", "learning-rate"),
        also=("collapsed", "off-centre", "oversized-update", "dead-units", "zig-zag", "saturated"),
    ),
    Operator(
        name="frozen",
        fits=_trained,
        strengths=_set(half={"frozen": 0.5}, all={"frozen": 1.0}),
        rules=("frozen-layer",),
        causes=("frozen",),
        hidden=False,
    ),
    Operator(
        name="nan",
        fits=lambda spec: spec.family == "mlp",
        strengths=_set(
            data={"nan": "data", "onset": 80},
            logarithm={"nan": "logarithm", "onset": 80},
            division={"nan": "division", "onset": 80},
        ),
        rules=("non-finite",),
        causes=("input", "unknown", "function", "operation"),
        hidden=False,
    ),
    Operator(
        name="wrong-output",
        fits=lambda spec: (
            spec.family in ("mlp", "cnn", "resnet", "vit")
            and spec.data not in ("diabetes", "raw-diabetes", "text")
        ),
        strengths={
            "squashed": lambda spec: {
                "output": "sigmoid" if spec.data in ("cancer", "circles", "xor") else "softmax"
            },
            "cut": lambda spec: {"output": "relu"},
        },
        rules=("misfit-loss",),
        causes=("loss",),
        also=("off-centre",),
        hidden=False,
    ),
    Operator(
        name="wrong-range",
        fits=lambda spec: spec.data == "diabetes",
        strengths=_set(
            squashed={"output": "sigmoid", "data": "raw-diabetes"},
            tanh={"output": "tanh", "data": "raw-diabetes"},
            broadcast={"loss": "broadcast"},
        ),
        rules=("misfit-loss",),
        causes=("loss",),
        hidden=False,
    ),
    Operator(
        name="random-labels",
        fits=lambda spec: spec.family != "gpt" and spec.data != "xor",
        strengths=_set(all={"noise": 1.0}),
        rules=("not-learning",),
        causes=("labels",),
        hidden=False,
    ),
    Operator(
        name="weight-decay",
        fits=lambda spec: spec.optimizer in ("sgd", "adamw"),
        strengths=_set(
            strong={"weight_decay": 0.3, "optimizer": "sgd", "lr": 0.1},
            adamw={"weight_decay": 30.0, "optimizer": "adamw", "lr": 2e-3},
        ),
        rules=("decayed-weights", "not-learning"),
        causes=("weight-decay",),
        also=("collapsed", "vanishing-gradient", "off-centre", "vanishing-through-time"),
        hidden=False,
    ),
    Operator(
        name="no-zero-grad",
        fits=_trained,
        strengths=_set(all={"zero_grad": False}),
        rules=("unzeroed-gradient", *BAD_STEPS),
        causes=("zero-grad", "learning-rate"),
        also=("exploding-gradient", "covariate-shift", "off-centre", "over-sparse", "collapsed")
        + ("non-normal", "vanishing-gradient", "one-sign-gradient", "vanishing-through-time"),
        hidden=False,
    ),
    Operator(
        name="tiny-clip",
        fits=lambda spec: spec.optimizer in ("sgd", "momentum"),
        strengths=_set(all={"clip": 1e-4}),
        rules=("undersized-update", "not-learning"),
        causes=("learning-rate",),
        hidden=False,
    ),
    Operator(
        name="exponential",
        fits=lambda spec: spec.family == "mlp" and spec.norm == "none" and spec.depth >= 3,
        strengths=_set(all={"function": "exp"}),
        rules=(
            "exploding-gradient",
            "non-finite",
            "oversized-update",
            "non-normal",
            "initial-loss",
        ),
        causes=("slope", "weights", "function", "learning-rate", "unknown"),
        also=("off-centre", "zig-zag", "covariate-shift", "one-sign-gradient", "collapsed"),
    ),
    Operator(
        name="long-lag",
        fits=lambda spec: spec.data == "first",
        strengths=_set(
            sixty={"length": 60, "family": "rnn", "init": "default", "depth": 1},
            hundred={"length": 100, "family": "rnn", "init": "default", "depth": 1},
        ),
        rules=("vanishing-through-time",),
        causes=("slope", "weights", "depth"),
        also=("exploding-gradient",),
    ),
)

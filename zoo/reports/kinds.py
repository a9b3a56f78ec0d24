"""A kind of fault → what a right diagnosis of it says.

`rules` may lead; `causes` say where the blame lies; one of each must be named by the leading
finding. Written before any case was diagnosed. A rule or cause that is made later is put in where
it names the fault itself.
"""

from __future__ import annotations

from dataclasses import dataclass

STEPS = ("oversized-update", "non-finite", "zig-zag", "dead-units", "saturated", "loss-spike")
NO_STEPS = ("undersized-update", "not-learning")


@dataclass(frozen=True, slots=True)
class Kind:
    """`truth`: the fault in words."""

    truth: str
    rules: tuple[str, ...]
    causes: tuple[str, ...]


KINDS: dict[str, Kind] = {
    "unowned": Kind(
        "weights that are in no optimizer, or whose optimizer never steps",
        ("untrained-weights", "frozen-layer"),
        ("frozen",),
    ),
    "cut-graph": Kind(
        "the gradient ends before it reaches the weights",
        ("cut-gradient", "frozen-layer", "vanishing-gradient"),
        ("frozen", "operation"),
    ),
    "no-slope": Kind(
        "a function whose slope is 0 everywhere",
        ("cut-gradient", "vanishing-gradient", "frozen-layer"),
        ("function", "slope", "operation"),
    ),
    "linear": Kind(
        "no function between the layers", ("no-nonlinearity", "not-learning"), ("function",)
    ),
    "rate-small": Kind("steps too small or too few", NO_STEPS, ("learning-rate",)),
    "rate-large": Kind("steps too large", STEPS, ("learning-rate",)),
    "decay": Kind("weight decay too large", ("decayed-weights",), ("weight-decay",)),
    "targets": Kind(
        "targets of another size than the output", ("initial-loss", "misfit-loss"), ("loss",)
    ),
    "inputs": Kind("inputs that are not scaled", ("unscaled-input",), ("input",)),
    "axes": Kind("axes are swapped or samples mixed", ("misfit-loss",), ("input", "operation")),
    "output": Kind("an output that cannot reach the targets", ("misfit-loss",), ("loss",)),
    "loss": Kind("a loss that does not fit its task or shape", ("misfit-loss",), ("loss",)),
    "labels": Kind("labels that the inputs do not tell", ("not-learning",), ("labels",)),
    "one-class": Kind(
        "labels of one class",
        ("constant-targets", "misfit-loss", "not-learning"),
        ("labels", "loss"),
    ),
    "imbalance": Kind("one class outweighs the others", ("not-learning",), ("labels",)),
    "mode": Kind(
        "train or eval mode at the wrong time",
        ("eval-mode", "exploding-gradient", "vanishing-gradient", "covariate-shift"),
        ("normalisation",),
    ),
    "tiny-batch": Kind(
        "batch normalisation over one or two samples",
        ("collapsed", "covariate-shift", "vanishing-gradient"),
        ("normalisation",),
    ),
    "normalisation": Kind(
        "a normalisation that is missing or wipes out the signal",
        ("collapsed", "vanishing-gradient", "exploding-gradient", "saturated"),
        ("normalisation", "weights", "operation"),
    ),
    "same-batch": Kind("the same samples in every step", ("not-learning",), ("input", "labels")),
    "zero-grad": Kind("gradients of other steps are kept", ("unzeroed-gradient",), ("zero-grad",)),
    "lost-gradient": Kind(
        "gradients are set to 0 or replaced before the step",
        ("lost-gradient", "frozen-layer", "undersized-update"),
        ("zero-grad", "frozen", "learning-rate"),
    ),
    "no-clip": Kind(
        "gradients are clipped too late or not at all",
        ("exploding-gradient", *STEPS),
        ("learning-rate", "weights", "depth"),
    ),
    "tiny-clip": Kind("gradients are clipped to nothing", NO_STEPS, ("learning-rate",)),
    "schedule": Kind(
        "a schedule that takes the rate away, or raises it",
        ("negative-rate", *NO_STEPS, *STEPS),
        ("learning-rate",),
    ),
    "copies": Kind(
        "a copy is trained, or one overwrites what was trained",
        ("frozen-layer", "undersized-update"),
        ("frozen",),
    ),
    "padding": Kind(
        "padding outweighs the samples", ("padded-targets", "collapsed", "not-learning"), ("input",)
    ),
    "dropout": Kind(
        "dropout takes what the network has to carry",
        ("heavy-dropout", "collapsed", "dead-units", "not-learning"),
        ("operation", "normalisation"),
    ),
    "memory": Kind(
        "state that is kept, reset or cut at the wrong time",
        ("vanishing-through-time", "collapsed"),
        ("operation", "slope", "input"),
    ),
    "init": Kind(
        "weights that start at 0, alike, or too large or small",
        (
            *("symmetric-units", "initial-loss", "saturated", "vanishing-gradient"),
            *("exploding-gradient", "collapsed", "dead-units", "vanishing-through-time"),
        ),
        ("weights",),
    ),
    "dead": Kind("dead units", ("dead-units", "over-sparse"), ("bias", "weights")),
    "function": Kind(
        "functions that pass too little gradient, by their number or their form",
        ("vanishing-gradient", "saturated", "collapsed", "vanishing-through-time"),
        ("slope", "function", "depth", "weights"),
    ),
    "nan": Kind(
        "an operation that gives NaN or infinity",
        ("non-finite",),
        ("operation", "function", "loss", "input"),
    ),
    "precision": Kind(
        "numbers that 16 bits do not hold",
        ("lost-epsilon", "non-finite", "undersized-update", "frozen-layer"),
        ("operation", "learning-rate"),
    ),
    "adversary": Kind(
        "two networks of which one leaves the other no gradient",
        ("saturated", "vanishing-gradient", "frozen-layer"),
        ("slope", "weights", "learning-rate", "operation"),
    ),
    "bootstrap": Kind(
        "targets made of the network's own values run away or stand still",
        ("runaway-targets", "not-learning", "misfit-loss", "initial-loss"),
        ("labels", "loss"),
    ),
    "attention": Kind(
        "attention that is mis-scaled, masked wrongly or blind to positions",
        (
            "lost-input",
            "unused-weights",
            "saturated",
            "collapsed",
            "not-learning",
            "vanishing-gradient",
        ),
        ("operation", "input"),
    ),
    "leak": Kind("the targets are among the inputs", ("not-learning",), ("input", "labels")),
}

"""Frozen values that cross rooms: what was seen, what was measured, what was found.

Standard library only, so that reading a run and printing its report needs no torch.
Words are those of the manual's glossary: *site*, *pre-activation* z, *activation* a = φ(z),
*slope* φ'(z), *upstream gradient* ∂L/∂a, *downstream gradient* ∂L/∂z, *unit*, *probe*.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

NAN = math.nan

# Symmetric-log histogram of z: half-octave bins of |z| from 2**-10 to 2**10 on either side of a
# middle bin for |z| < 2**-10; the outermost bins also take what lies beyond.
HISTOGRAM_OCTAVES = 10
HISTOGRAM_BINS = 8 * HISTOGRAM_OCTAVES + 1


def histogram_edges() -> tuple[float, ...]:
    """Inner edges of the histogram of z, ascending: HISTOGRAM_BINS - 1 numbers."""
    steps = range(-2 * HISTOGRAM_OCTAVES, 2 * HISTOGRAM_OCTAVES)
    positive = [2.0 ** (step / 2) for step in steps]
    return tuple([-edge for edge in reversed(positive)] + positive)


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """What diagnosis has to know of one activation function φ."""

    name: str  # name in the catalogue, or the class name of a module that it does not know
    known: bool = True
    parameters: tuple[tuple[str, float], ...] = ()  # e.g. (("negative_slope", 0.01),)
    lower: float = -math.inf  # infimum of φ
    upper: float = math.inf  # supremum of φ
    zero_centred: bool = False  # E φ(Z) = 0 for Z ~ N(0, 1)
    saturates_below: float | None = None  # |φ'| < 5 % of its supremum for every z below
    saturates_above: float | None = None  # the same for every z above
    flat_below: float | None = None  # φ' is exactly 0 for every z at or below
    flat_above: float | None = None  # φ' is exactly 0 for every z at or above
    slope_supremum: float = 1.0  # supremum of |φ'|


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One operation with a weight (linear, convolution), in call order."""

    name: str  # path of the module that it happens in; `#1`, `#2` … where one module does several
    kind: str  # "linear", "conv1d", "conv2d", "conv_transpose2d", "embedding", "recurrent", …
    index: int  # place in call order among layers
    weight: str | None = None  # name of the weight in `Run.parameters`
    bias: str | None = None
    fan_in: int = 0
    reads_data: bool = False  # its input is data (no gradient flows into it)
    straight: int = 0  # weights in sequence, this one included, that make its output an affine
    #                    function of the data; 0: something that is not linear stands before it
    ends: tuple[str, ...] = ()  # functions without a gradient that its output went into
    dropout: float = 0.0  # share of its input that a dropout takes away
    statistics: str = ""  # that a batch normalisation of its output uses in training steps:
    #                       "batch", "stored", "initial" (stored, never set) or "" (there is none)


# Functions without a gradient: their slope is 0 everywhere.
FLAT_FUNCTIONS = ("sign", "sgn", "round", "floor", "ceil", "trunc", "heaviside")


@dataclass(frozen=True, slots=True)
class LayerStats:
    """One layer's input x in one probe. Per-feature quantities only where the layer reads data."""

    count: float = 0.0  # elements looked at
    x_mean: float = NAN
    x_rms: float = NAN
    x_nonfinite: float = 0.0  # elements that are NaN or Inf
    feature_offset: float = (
        NAN  # rms over features of the mean / rms over features of the deviation
    )
    feature_std_low: float = NAN  # 5 % quantile over the features that are not constant
    feature_std_high: float = NAN  # 95 % quantile
    constant_features: float = NAN  # share of features that never change in the batch
    zero_inputs: float = NAN  # share of input features that are exactly 0 for all samples
    # recurrent layers: the gradient along the sequence
    time_steps: float = NAN  # length of the sequence
    time_early: float = NAN  # rms ∂L/∂x over the first tenth of the steps
    time_late: float = NAN  # the same over the last tenth
    time_fed: float = NAN  # share of Σ (∂L/∂h)² that comes in at the last tenth; 1: at the end only
    # the layer that makes a loss function's input
    agreement: float = NAN  # of the samples' weight gradients; 1: as if dealt out by chance
    varies: float = NAN  # part of its input that differs between samples, rms; 0: all are alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One place where an activation function is applied."""

    name: str  # path of the module + "/" + function, + "#1" … where one module does it twice
    function: Function
    index: int  # place in call order among sites
    model: str = ""  # class name of the outermost module
    shape: tuple[int, ...] = ()  # of z where first seen, batch included
    unit_axis: int = -1
    units: int = 0
    layer: str | None = None  # name of the Layer that feeds z
    norm: str | None = None  # path of the normalisation between that layer and z
    bias: str | None = None  # parameter added to z unit by unit (norm's shift, else layer's bias)
    output: bool = False  # no layer with weights follows: an output function, not a hidden one
    feeds: tuple[str, ...] = ()  # names of the layers that its output enters
    residual: bool = False  # z is a sum of two branches or more
    gate: bool = False  # its output multiplies another signal (LSTM, GRU, GLU, attention by hand)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteStats:
    """One site in one probe. Shares are in 0 … 1, `nan` where a quantity does not exist."""

    # pre-activation z, per element
    count: float = 0.0  # elements looked at (after sub-sampling)
    z_mean: float = NAN
    z_std: float = NAN
    z_skew: float = NAN
    z_kurtosis: float = NAN  # excess: 0 for a normal distribution
    z_min: float = NAN
    z_max: float = NAN
    z_nonfinite: float = 0.0  # share of elements that are NaN or Inf
    saturated_low: float = NAN  # share of elements below Function.saturates_below
    saturated_high: float = NAN  # share of elements above Function.saturates_above
    # activation a
    a_mean: float = NAN
    a_std: float = NAN
    a_zero: float = NAN  # share of elements that are exactly 0
    a_nonfinite: float = 0.0
    a_cosine: float = NAN  # mean cosine between two different samples; 1: all inputs look alike
    # units
    samples: float = 0.0  # samples × positions looked at for each unit in this probe
    silent: float = NAN  # share of units that no sample of this probe activates
    never_active: float = NAN  # share of units that no sample of any probe so far activated
    silent_samples: float = 0.0  # samples since which half of the `dead` units have been silent
    dead: float = NAN  # share of units silent in this probe and the one before
    dead_by_bias: float = NAN  # of the dead units, share that would be active without their bias
    saturated_units_low: float = NAN  # share of units low-saturated in > 95 % of the samples
    saturated_units_high: float = NAN
    saturated_by_bias: float = NAN  # of the saturated units, share that would not be without bias
    unit_offset: float = NAN  # rms over units of the unit's mean of z
    unit_spread: float = NAN  # rms over units of the unit's deviation of z
    unit_shift: float = NAN  # rms over units of the move of the unit's mean since the last probe,
    #                          in deviations of that unit
    unit_shift_noise: float = NAN  # the same as sampling alone would give
    # gradients, per element, of the loss (loss scale divided out)
    up_rms: float = NAN  # ∂L/∂a
    up_nonfinite: float = 0.0
    down_rms: float = NAN  # ∂L/∂z through this site only
    down_nonfinite: float = 0.0
    histogram: tuple[float, ...] = ()  # counts of z by `histogram_edges`

    @property
    def slope_factor(self) -> float:
        """rms(∂L/∂z) / rms(∂L/∂a)."""
        return self.down_rms / self.up_rms if self.up_rms else NAN

    @property
    def unit_move(self) -> float:
        """What is left of `unit_shift` when the part of sampling is taken out."""
        shift, noise = abs(self.unit_shift), abs(self.unit_shift_noise)
        if math.isnan(shift) or math.isnan(noise):
            return NAN
        share = noise / shift if shift > noise else 1.0
        return shift * math.sqrt((1 - share) * (1 + share)) if share < 1 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter tensor of an optimizer or of a model that was seen."""

    name: str
    shape: tuple[int, ...]
    role: str = "other"  # "weight", "bias", "norm", "embedding", "other"
    trainable: bool = True  # requires_grad and in an optimizer
    optimizer: int = -1  # index in Run.optimizers, -1: in none
    before_norm: bool = False  # a bias whose gradient is 0 by algebra: a normalisation follows
    model: str = ""
    requires_grad: bool = True
    dtype: str = ""  # "float32", "float16", …; "": not known
    gradient: bool = False  # of one that no optimizer holds: whether it has a gradient all the same
    outside: bool = False  # its module ran while gradients were turned off


@dataclass(frozen=True, slots=True)
class ParameterStats:
    """One parameter in one probe."""

    rms: float = NAN
    grad_rms: float = NAN  # nan: no gradient arrived
    update_rms: float = NAN  # of the change that the optimizer's step made
    one_sign: float = NAN  # share of rows whose gradient entries all have one sign
    balance: float = NAN  # mean over rows of |Σg| / Σ|g|
    update_cosine: float = NAN  # between this update and the one of the step before
    nonfinite: float = 0.0  # share of entries of the parameter that are NaN or Inf
    grad_nonfinite: float = 0.0
    alike: float = NAN  # share of the other rows that equal the first; 1: units are copies of one
    left_rms: float = NAN  # of the gradient that was there before this step's backward pass


@dataclass(frozen=True, slots=True)
class Optimizer:
    """One optimizer as the script made it."""

    name: str  # class name
    epsilon: float = 0.0  # added to the denominator by Adam and its kin, else 0
    lr: float = NAN  # of the first group at the start
    weight_decay: float = 0.0
    in_turns: bool = False  # it and another step in turn, each after a backward pass of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One loss function that was differentiated, what its input came from, and its targets."""

    function: str  # "cross_entropy", "nll_loss", "binary_cross_entropy", "mse_loss", …
    behind: str = ""  # function that made its input: "softmax", "sigmoid", "relu", …; "": none seen
    lower: float = -math.inf  # bounds that this function puts on the input
    upper: float = math.inf
    classes: int = 0  # of cross entropy
    broadcast: bool = False  # input and target had different shapes
    target_low: float = NAN  # smallest target seen
    target_high: float = NAN  # largest target seen
    beyond: float = NAN  # share of the targets outside of the bounds
    missed: float = NAN  # their mean squared distance to the bounds / variance of the targets
    mixed: bool = False  # its input is a softmax over the samples, not over the classes
    direct: bool = False  # its input is a layer's output, reshaped or bounded perhaps
    targets: float = NAN  # how many class numbers were seen
    tail: float = NAN  # share of them that ends its row in one class, as padding does


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One training step that was looked at."""

    step: int
    time: float  # seconds since the start of the run
    loss: float = NAN
    baseline: float = NAN  # loss of the best constant prediction for the targets seen so far
    lr: tuple[float, ...] = ()  # one an optimizer, first group
    sites: Mapping[str, SiteStats] = field(default_factory=dict)
    layers: Mapping[str, LayerStats] = field(default_factory=dict)
    parameters: Mapping[str, ParameterStats] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Overhead:
    """What watching cost."""

    seconds: float = 0.0  # extra time of the probed steps
    total: float = 0.0  # time from the first step to the last
    probes: int = 0
    steps: int = 0
    compiled: bool = True  # whether tensors were looked at by the compiled core

    @property
    def share(self) -> float:
        return self.seconds / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NonFiniteOrigin:
    """Where the first NaN or infinity of a run arose, in the step in which it did."""

    step: int
    kind: str  # "forward", "backward"; "input", "parameter": what went in was not finite already
    operation: str = ""  # as torch spells it: "log", "sqrt", "softmax"; "": not known
    name: str = ""  # of the parameter that was not finite already
    before: tuple[str, ...] = ()  # the nearest layers whose output goes into the operation
    after: tuple[str, ...] = ()  # the nearest layers that the operation's output goes into
    line: str = ""  # of the script, where anomaly mode notes it


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """A step whose loss, or gradient, jumped far above its last 64 values, with a snapshot of it.

    The gradient is that of the parameters with one dimension. Parts are root mean squares.
    """

    step: int
    kind: str  # "loss" or "gradient"
    value: float
    usual: float  # median of the last 64 steps
    spread: float  # their standard deviation, estimated robustly; of a gradient in log units
    rate: float = NAN  # largest learning rate of the last three steps
    usual_rate: float = NAN  # median of the last 64
    inputs: Mapping[str, float] = field(default_factory=dict)  # weight → what its layer was given
    weights: Mapping[str, float] = field(default_factory=dict)  # parameter → its value
    gradients: Mapping[str, float] = field(default_factory=dict)  # parameter → its gradient


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All that is known of one run (`stetho run`, `watch`) or of one check-up (`stetho check`)."""

    command: str = ""
    kind: str = "run"  # "run" or "check": a check has one probe and no training
    created: str = ""  # ISO 8601, UTC
    versions: Mapping[str, str] = field(default_factory=dict)  # stetho, python, torch
    device: str = "cpu"
    finished: bool = False  # the watched script came to its end
    exit_code: int | None = None
    sites: tuple[Site, ...] = ()
    layers: tuple[Layer, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    optimizers: tuple[Optimizer, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    probes: tuple[Probe, ...] = ()
    loss_steps: tuple[int, ...] = ()  # ascending; one entry a training step, thinned in long runs
    losses: tuple[float, ...] = ()
    first_nonfinite_loss: int | None = None  # step; exact even between probes
    origin: NonFiniteOrigin | None = None  # of the first value that is not finite
    spikes: tuple[Spike, ...] = ()
    unseen: tuple[str, ...] = ()  # what could not be watched, one sentence each
    faults: tuple[str, ...] = ()  # tracebacks of faults of our own
    overhead: Overhead = Overhead()

    @property
    def players(self) -> bool:
        """Whether several optimizers step in turn, each with a loss of its own (a GAN's two)."""
        return sum(optimizer.in_turns for optimizer in self.optimizers) > 1

"""One training, described by plain values: what is trained, on what, and how."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spec:
    """The same spec and seed give the same training. A planted fault changes one or two fields."""

    family: str = "mlp"  # mlp, cnn, resnet, rnn, lstm, gru, vit, gpt
    data: str = "digits"  # a name in `data.TASKS`
    function: str = "relu"
    depth: int = 3  # hidden layers, blocks, or layers of a stack
    width: int = 64
    norm: str = "none"  # none, batch, layer
    init: str = "default"  # torch's own; "fitted": He or Glorot; "normal": deviation 1/√fan-in
    gain: float = 1.0  # hidden weights are multiplied with it
    bias: float = 0.0  # added to hidden biases
    length: int = 0  # steps of a made sequence
    optimizer: str = "adam"  # sgd, momentum, rmsprop, adam, adamw
    lr: float = 1e-3
    jump: float = 1.0  # the learning rate is multiplied with it at `onset`
    weight_decay: float = 0.0
    clip: float = 0.0  # norm at which gradients are clipped; 0: not at all
    zero_grad: bool = True
    batch: int = 32
    steps: int = 240
    input_scale: float = 1.0
    input_offset: float = 0.0
    input_zero: bool = False  # every input is 0
    output: str = ""  # a function put on the output: softmax, sigmoid, tanh, relu
    loss: str = ""  # "" fits the data; else broadcast, squared
    noise: float = 0.0  # share of labels drawn at random
    frozen: float = 0.0  # share of the weights that no optimizer has, from the first layer on
    nan: str = ""  # data, logarithm, division: what gives NaN from `onset` on
    onset: int = 0  # step at which a fault begins

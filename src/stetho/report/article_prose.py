"""Groups of claims → what a newcomer should know before reading them."""

from __future__ import annotations

INTRODUCTION = (
    "A deep network learns by sending a gradient back through its layers. Whether that works hangs "
    "to a good part on one small choice: the activation function. An article of 2018 (Ayoosh "
    "Kathuria, Vanishing Gradients and Choosing the Right Activation Function) says why, and which "
    "one to take. Here each of its claims is an experiment: what must be measured for it to hold "
    "is fixed before it runs, and the verdict follows from the numbers.",
)

PROSE: dict[str, tuple[str, ...]] = {
    "a": (
        "Each layer sees what the one before it gives. Three things are said to make that easy to "
        "learn from: numbers on both sides of zero, spread like a bell, and much the same from one "
        "batch to the next. When they move while the network trains, each layer has to learn again "
        "what it knew: this is called internal covariate shift.",
    ),
    "b": (
        "On its way back the gradient is multiplied at each layer with the slope of the activation "
        "function and with the weights: that is the chain rule. Where these factors are below 1, "
        "what comes to the first layers is a product of many small numbers. The gradient has "
        "vanished, and these layers stay as chance has made them.",
        "A unit is saturated where its function is flat: its input is so high or so low that the "
        "slope is next to 0. It passes on no gradient, and its own weights, which learn by the "
        "same slope, need many steps to come back.",
    ),
    "c": (
        "ReLU gives 0 below zero and its input above. Its slope is 1 or 0, so that it does not "
        "shrink a gradient that it passes. It saturates on one side only: a unit can say how much "
        "of its feature is there, and a plain 0 where there is none.",
        "Two faults come with it. A unit whose input is below zero for all data gives 0, gets no "
        "gradient, and can never come back: it is dead (dying ReLU). And as its outputs are never "
        "negative, the weights that read them get gradients of one sign for a sample: they can "
        "only all rise or all fall, and the way to the optimum is a zig-zag.",
    ),
    "d": (
        "What if the negative side is not cut off, but made small? Leaky ReLU has a fixed slope "
        "below zero; the randomised form draws it anew each time; PReLU learns it. No unit can "
        "die, and outputs have both signs, but nothing saturates any more.",
    ),
    "e": (
        "ELU wants both: outputs with a mean near zero, and a side that saturates. Above zero it "
        "is the identity, below it is α(eˣ − 1), which bends towards −α. The exponential has its "
        "price.",
    ),
    "advice": (
        "The article's advice in four steps: take ReLU first; if it disappoints, Leaky ReLU or "
        "ELU; with time to spare compare the ones with random or learned slopes; and know that "
        "batch normalisation does much of the work. What holds for you is seen on your own "
        "network: `stetho choose train.py` makes that comparison inside of an unchanged script.",
    ),
    "others": (
        "Things that the article's series names beside: the optimizers, which can hide a vanished "
        "gradient or not; the LSTM, which keeps a gradient alive through time; and a detector of "
        "the YOLO kind, which uses Leaky ReLU.",
    ),
}

"""Why something is not watched, in the sentences of a report's section "Not seen"."""

from __future__ import annotations

from enum import Enum


class Unseen(Enum):
    """A reason each; `where` is the module that is running, or "the script"."""

    PART_IN_PLACE = "{where}: {function} changes a part of a tensor in place; not watched"
    FROZEN_BEFORE = (
        "{where}/{function}: no gradient flows through it, as all layers before it are frozen"
    )
    TOO_LONG = "{where}: {function} takes too many steps to follow; not watched"
    CHANGES_INPUT = "{where} ({kind}): an activation that changes its input; not watched"
    MIXES = "{where} ({kind}): bends its elements together, not each by itself; not watched"
    WRITTEN_OUT = (
        "before {layer}: a function written out in the script ({operation}); not watched, but it "
        "would be as a module of its own"
    )
    GATES = "{where}: the gates inside of torch's fused {kind} are no sites"
    COMPILED = (
        "{where}: compiled by torch.compile, not watched; run the script with "
        "TORCH_COMPILE_DISABLE=1 to look inside"
    )
    SCRIPTED = "{where}: compiled by torch.jit; what happens inside of it is not watched"
    BATCHED = "{where}: run by torch.func.vmap; not watched"
    NESTED = "{where}: nested tensors; not watched"
    FAST_PATH = "{where}: attention in evaluation mode whose weights are all frozen; not watched"
    SHARDED = (
        "biases are shared out among ranks (FSDP2): whether they silence or saturate units is not "
        "known"
    )
    FLAT = (
        "weights and biases lie in flat parameters (FullyShardedDataParallel): what is reported "
        "for single layers, and whether biases silence or saturate units, is not known"
    )

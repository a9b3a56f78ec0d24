"""A tensor → what the kernels need of it.

Tensors are handed over as numbers: address, type, shape, strides, and the bytes from there to the
end of their memory, against which `core.cpp` checks every size before a kernel runs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stetho.summarise import native

KINDS = {torch.float32: 0, torch.float64: 1, torch.bfloat16: 2, torch.float16: 3}
MOST_AXES = 16
View = tuple[int, int, tuple[int, ...], tuple[int, ...], int]


def view(tensor: Tensor) -> View | None:
    """What the kernels need of a tensor; None: theirs is not the way to look at it.

    Other devices, sparse tensors, subclasses and what has no memory of its own are left to torch.
    """
    if native.core is None or (type(tensor) is not Tensor and type(tensor) is not nn.Parameter):
        return None
    kind = KINDS.get(tensor.dtype)
    if kind is None or not tensor.is_cpu or tensor.layout is not torch.strided:
        return None
    if tensor.ndim > MOST_AXES or tensor.is_neg():
        return None
    try:
        address = tensor.data_ptr()
        room = tensor.untyped_storage().nbytes() - tensor.storage_offset() * tensor.itemsize
    except RuntimeError:  # a tensor in name only
        return None
    if room < tensor.itemsize or not address:
        return None
    return address, kind, tensor.shape, tensor.stride(), int(room)

"""Names of torch functions that a module called → is the module an activation function?"""

from __future__ import annotations

from collections.abc import Collection

# What shapes, moves or creates without mixing elements.
NEUTRAL = frozenset(
    """__get__ __set__ dim size numel item tolist is_floating_point type to float half bfloat16
    double view reshape view_as expand expand_as contiguous clone detach zeros_like ones_like
    full_like empty_like tensor as_tensor requires_grad_ unsqueeze squeeze broadcast_to new_zeros
    new_ones new_full scalar_tensor is_complex __len__ type_as data_ptr stride nelement ndimension
    device is_cuda set_grad_enabled _set_grad_enabled __bool__ __float__ __contains__""".split()
)
LINEAR = frozenset(
    """add add_ sub sub_ rsub __rsub__ __radd__ __rmul__ mul mul_ div div_ true_divide __rdiv__
    __rtruediv__ __add__ __sub__ __mul__ __truediv__ neg neg_ negative __neg__ addcmul addcdiv
    lerp subtract multiply divide""".split()
)
NONLINEAR = frozenset(
    """abs abs_ absolute acos acosh arccos arccosh arcsin arcsinh arctan arctanh asin asinh atan
    atan2 arctan2 atanh celu clamp clamp_ clamp_min clamp_min_ clamp_max clamp_max_ clip clip_ cos
    cosh elu elu_ erf erfc erfinv exp exp_ exp2 expm1 expit fmod frac gelu hardshrink hardsigmoid
    hardswish hardtanh hardtanh_ heaviside hypot leaky_relu leaky_relu_ ldexp log log10 log1p log2
    log_sigmoid logsigmoid logaddexp logaddexp2 masked_fill masked_fill_ maximum max minimum min
    mish pow pow_ __pow__ __rpow__ prelu reciprocal relu relu6 relu_ relu6_ remainder round rrelu
    rsqrt selu selu_ sgn sigmoid sigmoid_ sign silu sin sinc sinh softplus softshrink softsign sqrt
    square square_ tan tanh tanh_ tanhshrink threshold threshold_ trunc where xlogy floor ceil
    i0 i0e i1 i1e lgamma digamma fmax fmin copysign nan_to_num rad2deg deg2rad""".split()
)
COMPARING = frozenset(
    """gt ge lt le eq ne __gt__ __ge__ __lt__ __le__ __eq__ __ne__ greater less greater_equal
    less_equal logical_and logical_or logical_not __and__ __or__ __invert__ bitwise_and bitwise_or
    bitwise_not isnan isfinite isinf""".split()
)
ELEMENTWISE = NEUTRAL | LINEAR | NONLINEAR | COMPARING


def is_activation(functions: Collection[str]) -> bool:
    """Whether a module that called just these functions bends every element by itself.

    It must call nothing that mixes elements (sums, products of matrices, random numbers), and at
    least one function that is not linear.
    """
    return all(f in ELEMENTWISE for f in functions) and any(f in NONLINEAR for f in functions)

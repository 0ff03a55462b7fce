"""How arithmetic over single cells is compiled: once, cached, without fast-math, and free of the GIL."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


_OPTIONS: dict[str, Any] = {"error_model": "numpy"}


def inner(function: Function) -> Function:
    """*function* compiled as a part of another."""
    compiled: Any = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **_OPTIONS)(function)  # type: ignore[call-overload]
    return cast(Function, compiled)


def outer(function: Function) -> Function:
    """*function* compiled once and cached; serial, so that threads can share the work."""
    compiled: Any = njit(cache=True, nogil=True, **_OPTIONS)(function)
    return cast(Function, compiled)

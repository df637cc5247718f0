"""A hint to the processor: fetch a row of an array that a kernel will read soon.

Environments stand at scattered rows of a long tape, so that each of their steps waits for memory. A loop that asks for the
rows of later environments first does not wait.
"""

from typing import Any

import numba
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

__all__ = ["prefetch"]

READ, KEEP, DATA = 0, 3, 1  # arguments of LLVM's prefetch: for reading, into every cache, not instructions

if numba.config.DISABLE_JIT:

    def prefetch(array: Any, row: int) -> None:
        """Do nothing: plain Python has no such hint."""

else:

    @intrinsic  # type: ignore[untyped-decorator]
    def prefetch(typing_context: Any, array: Any, row: Any) -> Any:
        """Ask for the first bytes of `array[row]` from within a kernel; a row that does not exist is no error."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            values = context.make_array(signature.args[0])(context, builder, arguments[0])
            word, byte = ir.IntType(64), ir.IntType(8).as_pointer()
            offset = builder.mul(arguments[1], builder.extract_value(values.strides, 0))
            address = builder.inttoptr(builder.add(builder.ptrtoint(values.data, word), offset), byte)
            flag = ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
            hint = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
            builder.call(hint, [address, flag(READ), flag(KEEP), flag(DATA)])
            return context.get_dummy_value()

        return types.void(array, types.int64), generate

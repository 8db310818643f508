# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A test's mirror: `echo` gives back what it is given, `relayed` asks the imported `echo` (see ../wit/mirror.wit).
script/guests builds it."""

from componentize_py_types import Err
from wit_world.imports import echo as other
from wit_world.imports import types

NAMES = [
    "bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char", "string", "bytes", "numbers",
    "strings", "lists", "record", "tuple", "variant", "enum", "flags", "option", "options", "nested",
]


def given_back(self, x):
    return x


def said(self, x):
    """A result that is given is an object; one that is returned, what it says: an error is raised."""
    if isinstance(x, Err):
        raise x
    return x.value


def asking(name):
    return lambda self, *given: getattr(other, name)(*given)


RESULTS = ["result", "verdict", "bare_result"]

Echo = type("Echo", (), {
    **{f"of_{name}": given_back for name in NAMES},
    **{f"of_{name}": said for name in RESULTS},
    "of_many": lambda self, *given: types.Many(*given),
})
Relayed = type("Relayed", (), {f"of_{name}": asking(f"of_{name}") for name in [*NAMES, *RESULTS, "many"]})

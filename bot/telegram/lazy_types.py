"""Import aiogram in a second less and 90 MB less. Import this module before anything of aiogram.

aiogram declares some 300 pydantic types with `defer_build`, and then builds the validators of all of them when it is
imported, each with everything that it may contain. Here `BaseModel.model_rebuild` is replaced while aiogram is
imported, so that this loop does nothing; pydantic builds a deferred type when it is first used. For that it looks up
the names in a type's annotations in the module that defines the type, so the names that aiogram would have handed over
are put there.

Three things used here are not public and may change: pydantic's parameter `_types_namespace`, by which aiogram's loop
is told from other calls, aiogram's `types._Default`, and that aiogram builds in such a loop at all. A test imports
aiogram this way. Where the parameter is missing, aiogram is imported as usual, only slower and larger.
"""

from __future__ import annotations

import sys
from typing import Any, Final, List, Literal, Optional, Union  # noqa: UP035 - names aiogram's annotations use

from pydantic import BaseModel

BUILDING: Final = "_types_namespace"  # what only that loop passes on
PLAIN_NAMES: Final = {"List": List, "Literal": Literal, "Optional": Optional, "Union": Union}  # noqa: UP006


def _import_types() -> bool:
    """Whether aiogram was imported here, and not before."""
    if "aiogram" in sys.modules:
        return False
    build = BaseModel.__dict__["model_rebuild"]

    def later(cls: type[BaseModel], /, **options: Any) -> bool | None:
        if BUILDING in options and cls.__module__.startswith("aiogram."):
            return None
        built: bool | None = build.__func__(cls, **options)
        return built

    BaseModel.model_rebuild = classmethod(later)  # type: ignore[method-assign, assignment]
    try:
        from aiogram import types
    finally:
        BaseModel.model_rebuild = build  # type: ignore[method-assign]
    names = {name: getattr(types, name) for name in types.__all__} | PLAIN_NAMES
    if hasattr(types, "_Default"):
        names["Default"] = types._Default  # noqa: SLF001 - under this name the annotations know it
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith(("aiogram.types.", "aiogram.methods.")):
            for name, value in names.items():
                vars(module).setdefault(name, value)
    return True


LAZY: Final = _import_types()

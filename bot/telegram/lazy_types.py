"""Import aiogram without the 90 MB and the second that it takes to build what nobody uses. Import this before aiogram.

aiogram defers the building of its types' validators and then builds all 300 of them at its import, each with everything
that it may hold. Here that loop is passed over, and each type is built when it is first used, as pydantic does with a
deferred one; for that the names which aiogram hands to its loop are put where pydantic looks for them. Should another
version of aiogram go another way, it is imported as it comes. Only public names of both libraries are used.
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

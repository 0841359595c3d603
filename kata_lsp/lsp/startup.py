"""Owns cold start: LSP's classes are defined on first use, and the collector sleeps meanwhile.

Importing `lsprotocol.types` makes attrs generate and compile methods for 555 classes, of which a
session uses a few dozen; that was 250 of the 350 ms of a bare pygls start. Must not know what the
server does with the classes.
"""

import gc
import logging
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import RLock
from typing import Any

import attrs

_log = logging.getLogger(__name__)
_TYPES = "lsprotocol.types"


class _Undefined:
    """Stands where attrs keeps a class's fields; the first look at it defines the class."""

    def __init__(self, finish: Callable[[type], None]) -> None:
        self._finish = finish

    def __get__(self, instance: object, owner: type) -> Any:
        self._finish(owner)
        return owner.__attrs_attrs__  # type: ignore[attr-defined]  # just set by attrs


def _lazy_define() -> Callable[[type], type]:
    lock = RLock()

    def finish(cls: type) -> None:
        from lsprotocol import types  # noqa: PLC0415 - by now the module is complete

        with lock:
            for base in reversed(cls.__mro__):
                if isinstance(base.__dict__.get("__attrs_attrs__"), _Undefined):
                    # Resolving names here spares lsprotocol's own pass over all the classes.
                    names = dict(types.ALL_TYPES_MAP)
                    # Without slots attrs completes the class in place instead of replacing it;
                    # ours is not an __init__ to keep.
                    attrs.define(base, slots=False, init=True)
                    attrs.resolve_types(base, names, {})

    undefined = _Undefined(finish)

    def define(cls: type) -> type:
        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it is one
            finish(cls)
            type(self).__init__(self, *args, **kwargs)

        cls.__attrs_attrs__ = undefined  # type: ignore[attr-defined]  # attrs' own marker
        cls.__init__ = __init__  # type: ignore[misc]  # replaced by attrs on the first call
        return cls

    return define


def define_lsp_types_lazily() -> bool:
    """Import `lsprotocol.types` so that each class is defined by attrs when it is first used.

    Public attrs only (`define(slots=False)`, `resolve_types`), nothing cached on disk: should any
    step fail, with another attrs or lsprotocol say, the module is imported the plain way.

    Returns:
        Whether the classes are lazy. They are not when the module had been imported already.
    """
    if _TYPES in sys.modules:
        return False
    try:
        with fast_imports(), _defining_lazily():
            from lsprotocol import types  # noqa: PLC0415 - this import is the point
        return _settle(types.Position)
    except Exception:  # noqa: BLE001 - whatever it is, the plain import is the remedy
        for name in (_TYPES, "lsprotocol"):  # the package holds on to its modules
            sys.modules.pop(name, None)
        _log.warning("LSP types are defined eagerly: starting takes longer", exc_info=True)
        return False


@contextmanager
def _defining_lazily() -> Generator[None]:
    eager_define = attrs.define
    attrs.define = _lazy_define()  # type: ignore[assignment]  # for the length of one import
    try:
        yield
    finally:
        attrs.define = eager_define


@contextmanager
def fast_imports() -> Generator[None]:
    """Keep the collector off meanwhile: what imports make is not garbage."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _settle(sample: Any) -> bool:
    if sample(1, 2) != sample(1, 2) or attrs.fields(sample).line.type is not int:
        raise TypeError("attrs did not complete a class in place")
    from lsprotocol import _hooks  # noqa: PLC0415 - its flag has no public name

    # Each class resolves its own names when it is defined; left False this only costs time.
    setattr(_hooks, "_resolved_forward_references", True)  # noqa: B010 - private to the checker
    return True


_THRESHOLDS = (50_000, 20, 50)
"""A long spec is a hundred thousand objects without a cycle among them. At Python's own
thresholds the collector goes through them every few keystrokes, each time for longer than a
keystroke may take."""


def freeze() -> None:
    """Let the collector forget what start-up made (it lives until exit) and turn it on."""
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    gc.enable()

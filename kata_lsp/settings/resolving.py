"""Owns how layers of values become the settings: later wins, and a workspace may only narrow.

Must not know files, editors or the process environment; layers come in as values.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

from kata_lsp.settings.layers import Entry, Layer, SettingProblem
from kata_lsp.settings.model import (
    BudgetSettings,
    ContextSettings,
    DeadlineSettings,
    ProviderSettings,
    Settings,
)
from kata_lsp.settings.rules import Narrowing, is_insecure
from kata_lsp.settings.schema import (
    ENV_PREFIX,
    GROUPS,
    LEAVES,
    Leaf,
    Path,
    WrongValueError,
    accepted,
    environment_name,
    pattern_of,
)

MAX_PROBLEMS: Final = 20
"""Problems told per layer; a hostile file cannot flood a user with messages."""

_SPEC_PATH: Final[Path] = ("specPath",)
_CREDENTIAL: Final = re.compile(r"(?i)(api|auth|access)[._-]?(key|token)$|^(key|token|secret)$")
_INSECURE: Final = (
    "must be https: http is for this machine only, unless the provider's allowInsecureHttp is true"
)

Severity = Literal["warning", "error"]


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings, what was wrong with the layers, and which layer each set value is from."""

    settings: Settings
    problems: tuple[SettingProblem, ...]
    origins: Mapping[str, str]


class _NotTakenError(Exception):
    def __init__(self, what: str, severity: Severity) -> None:
        super().__init__(what)
        self.severity: Severity = severity


@dataclass(slots=True)
class _State:
    values: dict[Path, Any] = field(default_factory=dict[Path, Any])
    origins: dict[Path, str] = field(default_factory=dict[Path, str])
    refused_urls: dict[str, str] = field(default_factory=dict[str, str])


def load_settings(
    layers: Sequence[Layer], *, leaves_root: Callable[[str], bool] = lambda _: False
) -> Resolved:
    """Return what the layers, in their order, make of the defaults.

    A value that is not taken leaves the earlier one in place and becomes a problem. A provider
    whose base URL is refused is marked `refused`: the vendor's own address is no substitute.

    Args:
        layers: The user's own ones first, then those that narrow.
        leaves_root: Tells whether a relative path leads out of the workspace through a link.
    """
    state = _State()
    problems: list[SettingProblem] = []
    for layer in layers:
        problems.extend(layer.problems)
        problems.extend(_apply(state, layer, leaves_root))
    problems.extend(_refuse_insecure_urls(state))
    origins = {".".join(path): name for path, name in sorted(state.origins.items())}
    return Resolved(_built(state), tuple(problems), MappingProxyType(origins))


def _apply(state: _State, layer: Layer, leaves_root: Callable[[str], bool]) -> list[SettingProblem]:
    found: list[SettingProblem] = []
    untold = 0
    for entry in layer.entries:
        if entry.raw is None:  # JSON's way to say that nothing is set here
            continue
        try:
            state.values[entry.path] = _taken(state, layer, entry, leaves_root)
            state.origins[entry.path] = layer.name
        except _NotTakenError as error:
            if len(found) < MAX_PROBLEMS:
                found.append(_problem(layer.name, entry, str(error), error.severity))
            else:
                untold += 1
    if untold:
        what = f"{untold} more values were not taken"
        found.append(SettingProblem(layer.name, "", what, "warning"))
    return found


def _taken(state: _State, layer: Layer, entry: Entry, leaves_root: Callable[[str], bool]) -> Any:
    leaf = _leaf_of(entry)
    if layer.narrows and leaf.about.workspace is Narrowing.REFUSED:
        raise _NotTakenError("is a user setting; a workspace may not change it", "warning")
    try:
        value = accepted(leaf, entry.raw)
    except WrongValueError as error:
        if leaf.path[-1] == "baseUrl":
            state.refused_urls[entry.path[1]] = str(error)
        raise _NotTakenError(f"{error}; the earlier value stays", "error") from None
    if leaf.path == _SPEC_PATH and leaves_root(value):
        reason = "leads out of the workspace through a link; the earlier value stays"
        raise _NotTakenError(reason, "error")
    if layer.narrows:
        return _narrowed(leaf, state.values.get(entry.path, leaf.default), value)
    return value


def _leaf_of(entry: Entry) -> Leaf:
    pattern = pattern_of(entry.path)
    if pattern in LEAVES:
        return LEAVES[pattern]
    if pattern in GROUPS:
        raise _NotTakenError("must be a table of settings", "error")
    if _CREDENTIAL.search(entry.path[-1]):
        reason = "is not a setting: credentials are kept out of them; use `kata-lsp auth set`"
        raise _NotTakenError(reason, "warning")
    is_variable = entry.label.startswith(ENV_PREFIX)
    if is_variable:
        known = [environment_name(path) for path in LEAVES]
    else:
        known = [".".join(path) for path in (*LEAVES, *sorted(GROUPS))]
    close = difflib.get_close_matches(entry.label[:80], known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise _NotTakenError(f"is not a setting{hint}", "warning")


def _narrowed(leaf: Leaf, earlier: Any, value: Any) -> Any:
    match leaf.about.workspace:
        case Narrowing.REFUSED:
            raise _NotTakenError("is a user setting; a workspace may not change it", "warning")
        case Narrowing.LOWER:
            if earlier is not None and value > earlier:
                reason = f"may only be lowered by a workspace; it stays {earlier:g}"
                raise _NotTakenError(reason, "warning")
            return value
        case Narrowing.STRICTER:
            order = leaf.about.strictness
            if order.index(value) > order.index(earlier):
                reason = f"may only be made stricter by a workspace; it stays {earlier}"
                raise _NotTakenError(reason, "warning")
            return value
        case Narrowing.ADD:
            return (*earlier, *(item for item in value if item not in earlier))
        case Narrowing.SET:
            return value


def _problem(layer: str, entry: Entry, what: str, severity: Severity) -> SettingProblem:
    label = entry.label
    if not re.fullmatch(r"[\w.-]{1,80}", label):  # a repository's text may hold anything
        label = f"{label[:60]!r}"
    return SettingProblem(layer, label, f"{label} {what}", severity)


def _refuse_insecure_urls(state: _State) -> list[SettingProblem]:
    # Once all layers are in: a later one may say that this provider is allowed to be insecure.
    found: list[SettingProblem] = []
    for path in [path for path in state.values if path[-1] == "baseUrl"]:
        is_allowed = state.values.get((*path[:2], "allowInsecureHttp"), False)
        if is_allowed or not is_insecure(state.values[path]):
            continue
        del state.values[path]
        state.refused_urls[path[1]] = _INSECURE
        entry = Entry(".".join(path), path, None)
        found.append(_problem(state.origins.pop(path), entry, _INSECURE, "error"))
    return found


def _built(state: _State) -> Settings:
    parts: dict[Path, dict[str, Any]] = {}
    for path, value in state.values.items():
        parts.setdefault(path[:-1], {})[LEAVES[pattern_of(path)].field_path[-1]] = value
    providers = {path[1]: values for path, values in parts.items() if len(path) > 1}
    for provider_id, reason in state.refused_urls.items():
        own = providers.setdefault(provider_id, {})
        if "base_url" not in own:
            own["refused"] = f"its base URL {reason}"
    return Settings(
        **parts.get((), {}),
        context=ContextSettings(**parts.get(("context",), {})),
        deadlines=DeadlineSettings(**parts.get(("deadlines",), {})),
        budget=BudgetSettings(**parts.get(("budget",), {})),
        providers=MappingProxyType(
            {name: ProviderSettings(**values) for name, values in providers.items()}
        ),
    )

"""Owns the form of a layer of values, and how tables and the environment are read into it.

Must not know which values are taken; `resolving` decides that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

from kata_lsp.settings.schema import (
    ANY_ID,
    ENV_PREFIX,
    GROUPS,
    LEAVES,
    Path,
    environment_name,
    from_text,
    pattern_of,
)

_NOT_SETTINGS: Final = frozenset({"KATA_SCRIPTED_FILE"})
"""Variables with our prefix that are not for the settings: the scripted provider reads this one."""


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """A value that was not taken.

    `key` is what the user wrote. `message` says what is wrong and never shows the value. An
    `error` is a wrong value, a `warning` an unknown key or one that the layer may not change.
    """

    layer: str
    key: str
    message: str
    severity: Literal["warning", "error"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of a layer: what the user wrote it as, the setting it means, and the value."""

    label: str
    path: Path
    raw: object


@dataclass(frozen=True, slots=True)
class Layer:
    """Where values come from, in the user's words, and what it says.

    A layer that `narrows` is one whose author need not be the user (invariant 12). `problems` are
    those of reading it.
    """

    name: str
    entries: tuple[Entry, ...] = ()
    narrows: bool = False
    problems: tuple[SettingProblem, ...] = ()


def table_layer(name: str, table: Mapping[str, object], *, narrows: bool = False) -> Layer:
    """Return the layer of a TOML document or a client's JSON, nested by camelCase keys."""
    entries = tuple(Entry(".".join(path), path, raw) for path, raw in _flat(table, ()))
    return Layer(name, entries, narrows)


def _flat(table: Mapping[str, object], above: Path) -> Iterator[tuple[Path, object]]:
    for key, raw in table.items():
        path = (*above, key)
        if pattern_of(path) in GROUPS and isinstance(raw, Mapping):
            yield from _flat(cast("Mapping[str, object]", raw), path)
        else:
            yield path, raw


def environment_layer(environment: Mapping[str, str], provider_ids: Sequence[str] = ()) -> Layer:
    """Return the layer of the `KATA_*` variables; an empty one counts as unset.

    `KATA_CONTEXT_MAX_TOKENS` is `context.maxTokens`; `KATA_PROVIDERS_MY_BOX_BASE_URL` is
    `providers.ID.baseUrl` with the one of `provider_ids` that is spelled `MY_BOX` in capitals with
    underscores, else `my-box`. `KATA_*_API_KEY` are credentials, which are not settings.
    """
    names = {environment_name(path): path for path in LEAVES if ANY_ID not in path}
    entries: list[Entry] = []
    for name, text in sorted(environment.items()):
        is_ours = name.startswith(ENV_PREFIX) and not name.endswith("_API_KEY")
        if not is_ours or name in _NOT_SETTINGS or not text.strip():
            continue
        path = names.get(name) or _provider_path(name, provider_ids) or (name,)
        leaf = LEAVES.get(pattern_of(path))
        entries.append(Entry(name, path, text if leaf is None else from_text(leaf, text)))
    return Layer("environment", tuple(entries))


def _provider_path(name: str, provider_ids: Sequence[str]) -> Path | None:
    known = {environment_name((each,)).removeprefix(ENV_PREFIX): each for each in provider_ids}
    for path in LEAVES:
        if ANY_ID not in path:
            continue
        before, after = environment_name(path).split(ANY_ID.upper())
        spelled = name.removeprefix(before).removesuffix(after)
        if spelled and name == f"{before}{spelled}{after}":
            provider_id = known.get(spelled, spelled.lower().replace("_", "-"))
            return (path[0], provider_id, *path[2:])
    return None

"""Owns which providers exist: the modules in `adapters/` and the user's custom providers.

Must not know any vendor by name, nor import an SDK; adding a provider is adding one file.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import ModuleType

from kata_lsp.errors import InvalidInputError
from kata_lsp.providers import adapters
from kata_lsp.providers.base import Deadlines, Endpoint, ProviderSpec
from kata_lsp.settings.model import ProviderSettings, Settings


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider that can be named in a call: its spec, and where it is reached."""

    id: str
    spec: ProviderSpec
    endpoint: Endpoint
    custom: bool = False
    key_command: tuple[str, ...] = ()
    """The user's own program, with arguments, that prints the key."""


def discover(package: ModuleType = adapters) -> tuple[ProviderSpec, ...]:
    """Return the `PROVIDER` (or each of `PROVIDERS`) of every module of a package, by kind.

    Modules whose name begins with an underscore, or that declare none, are support code.

    Raises:
        ValueError: Two modules declare the same kind, or something that is not a spec.
    """
    found: dict[str, ProviderSpec] = {}
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if module.name.rpartition(".")[2].startswith("_"):
            continue
        for spec in _declared(module.name):
            if spec.kind in found:
                raise ValueError(f"provider kind {spec.kind!r} is declared twice: {module.name}")
            found[spec.kind] = spec
    return tuple(found[kind] for kind in sorted(found))


def _declared(module_name: str) -> Iterable[ProviderSpec]:
    module = importlib.import_module(module_name)
    declared = getattr(module, "PROVIDERS", None) or (getattr(module, "PROVIDER", None),)
    for spec in declared:
        if spec is None:
            continue
        if not isinstance(spec, ProviderSpec):
            raise ValueError(f"{module_name}: PROVIDER is not a ProviderSpec")  # noqa: TRY004
        yield spec


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every provider the settings allow for: built-in ones, then custom ones in their order.

    `problems` holds custom providers that cannot work and why; they spoil nothing for the others.
    """

    providers: Mapping[str, Provider]
    problems: Mapping[str, InvalidInputError]

    def find(self, provider_id: str) -> Provider:
        """Return the provider of that id.

        Raises:
            InvalidInputError: There is none (the message names those there are), or its
                settings cannot work (the message names the setting).
        """
        if provider_id in self.problems:
            raise self.problems[provider_id]
        if provider_id not in self.providers:
            names = ", ".join(sorted(self.providers))
            raise InvalidInputError(
                "provider",
                f"{provider_id!r} is not a provider; known ones are {names}. "
                "A custom one is defined by `kata.providers` in the user settings.",
            )
        return self.providers[provider_id]


def catalog(specs: Iterable[ProviderSpec], settings: Settings) -> Catalog:
    """Return the providers that `specs` and the user's settings make up."""
    by_kind = {spec.kind: spec for spec in specs}
    deadlines = Deadlines(
        connect=settings.deadlines.connect,
        first_token=settings.deadlines.first_token,
        idle=settings.deadlines.idle,
        total=settings.deadlines.total,
    )
    known = {
        kind: Provider(kind, spec, Endpoint(kind, None, deadlines))
        for kind, spec in by_kind.items()
        if spec.builtin
    }
    problems: dict[str, InvalidInputError] = {}
    for provider_id, own in settings.providers.items():
        endpoint = Endpoint(provider_id, own.base_url, deadlines)
        if own.refused:
            problems[provider_id] = InvalidInputError(f"providers.{provider_id}", own.refused)
            continue
        try:
            custom = _is_custom(own, known.get(provider_id))
            spec = _custom_spec(provider_id, own, by_kind) if custom else by_kind[provider_id]
        except InvalidInputError as problem:
            problems[provider_id] = problem
            continue
        command = own.api_key_command
        known[provider_id] = Provider(provider_id, spec, endpoint, custom, command)
    return Catalog(known, problems)


def _is_custom(own: ProviderSettings, built_in: Provider | None) -> bool:
    return built_in is None or own.kind not in (None, built_in.spec.kind)


def _custom_spec(
    provider_id: str, own: ProviderSettings, by_kind: Mapping[str, ProviderSpec]
) -> ProviderSpec:
    where = f"providers.{provider_id}"
    if own.kind is None:
        raise InvalidInputError(f"{where}.kind", "a custom provider needs a kind and a base URL")
    if own.kind not in by_kind:
        kinds = ", ".join(sorted(by_kind))
        raise InvalidInputError(f"{where}.kind", f"{own.kind!r} is not a known kind ({kinds})")
    if not own.base_url:
        raise InvalidInputError(f"{where}.baseUrl", "a custom provider needs the server's base URL")
    spec = by_kind[own.kind]
    capabilities = spec.capabilities
    if not own.needs_key:
        capabilities = replace(capabilities, needs_credential=False)
    return replace(
        spec,
        display_name=provider_id,
        capabilities=capabilities,
        # The vendor's own variables hold keys for the vendor; another host must not get them.
        key_variables=(custom_key_variable(provider_id),),
        token_variables=(),
        builtin=True,
    )


def custom_key_variable(provider_id: str) -> str:
    """Return the environment variable that holds a custom provider's key."""
    name = "".join(char if char.isalnum() else "_" for char in provider_id).upper()
    return f"KATA_{name}_API_KEY"

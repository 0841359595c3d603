"""Which providers there are: discovered modules and a user's own."""

from __future__ import annotations

import importlib
import subprocess
import sys
from dataclasses import replace

import pytest

from kata_lsp.errors import InvalidInputError
from kata_lsp.providers.adapters.scripted import Script, scripted_provider
from kata_lsp.providers.registry import Catalog, catalog, custom_key_variable, discover
from kata_lsp.settings.model import DeadlineSettings, ProviderSettings, Settings

SPECS = discover()


def catalog_of(**providers: ProviderSettings) -> Catalog:
    """The catalog with these provider settings."""
    named = {name.replace("_", "-"): own for name, own in providers.items()}
    return catalog(SPECS, replace(Settings(), providers=named))


def test_every_module_of_the_adapters_package_is_found():
    """Adding a provider is adding one file: discovery names no provider."""
    kinds = {spec.kind for spec in SPECS}
    assert {"anthropic", "openai", "local", "scripted"} <= kinds
    assert [spec.kind for spec in SPECS] == sorted(kinds)


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"one": "PROVIDER = spec('a')", "_own": "PROVIDER = spec('b')", "none": ""}, ["a"]),
        ({"two": "PROVIDERS = (spec('b'), spec('a'))"}, ["a", "b"]),
        ({"one": "PROVIDER = spec('a')", "two": "PROVIDER = spec('a')"}, "declared twice"),
        ({"odd": "PROVIDER = 'a'"}, "not a ProviderSpec"),
    ],
)
def test_a_package_of_adapters_is_read_module_by_module(
    files, found, tmp_path, monkeypatch, request
):
    """Support modules are passed over; what cannot be meant is refused at once."""
    name = f"adapters_{abs(hash(request.node.name))}"
    head = (
        "from kata_lsp.providers.adapters.scripted import Script, scripted_provider\n"
        "def spec(kind): return scripted_provider(Script(), kind)\n"
    )
    (tmp_path / name).mkdir()
    for file, code in {"__init__": "", **files}.items():
        (tmp_path / name / f"{file}.py").write_text(head + code if code else "")
    monkeypatch.syspath_prepend(tmp_path)
    package = importlib.import_module(name)
    if isinstance(found, list):
        assert [spec.kind for spec in discover(package)] == found
        return
    with pytest.raises(ValueError, match=found):
        discover(package)


def test_discovery_imports_no_sdk():
    """A fresh interpreter that lists the providers has loaded no vendor's library."""
    code = (
        "import sys; from kata_lsp.providers.registry import discover; discover();"
        "print([m for m in ('anthropic', 'openai', 'httpx', 'httpx2', 'keyring') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_kinds_that_only_custom_providers_use_are_not_listed():
    """A compatible server exists only once a user defines one."""
    assert "openai-compatible" not in catalog_of().providers


def test_an_unknown_provider_is_refused_with_the_known_ones():
    """The message says what was asked for and what there is."""
    with pytest.raises(InvalidInputError) as caught:
        catalog_of().find("claude")
    assert caught.value.field == "provider"
    assert "'claude'" in caught.value.message
    assert "anthropic, local, openai, scripted" in caught.value.message


def test_a_custom_provider_has_its_own_address_and_its_own_key_variable():
    """It is never sent the vendor's key: another host must not get it."""
    own = ProviderSettings(kind="openai-compatible", base_url="http://127.0.0.1:1/v1")
    provider = catalog_of(my_vllm=own).find("my-vllm")
    assert provider.custom
    assert provider.endpoint.base_url == "http://127.0.0.1:1/v1"
    assert provider.spec.key_variables == ("KATA_MY_VLLM_API_KEY",)
    assert provider.spec.token_variables == ()
    assert custom_key_variable("a.b") == "KATA_A_B_API_KEY"


def test_a_custom_provider_may_need_no_key():
    """A local server that takes anyone is usable without a credential."""
    own = ProviderSettings(
        kind="openai-compatible", base_url="http://127.0.0.1:1/v1", needs_key=False
    )
    assert not catalog_of(ollama=own).find("ollama").spec.capabilities.needs_credential


@pytest.mark.parametrize(
    ("own", "field"),
    [
        (ProviderSettings(base_url="http://127.0.0.1:1"), "providers.mine.kind"),
        (ProviderSettings(kind="openai-compatible"), "providers.mine.baseUrl"),
        (ProviderSettings(kind="pigeon", base_url="http://127.0.0.1:1"), "providers.mine.kind"),  # pyright: ignore[reportArgumentType] - wrong on purpose
        (ProviderSettings(refused="its base URL is not https"), "providers.mine"),
    ],
)
def test_a_custom_provider_that_cannot_work_spoils_only_itself(own, field):
    """Asking for it names the setting; the others stay usable."""
    known = catalog_of(mine=own)
    with pytest.raises(InvalidInputError) as caught:
        known.find("mine")
    assert caught.value.field == field
    assert known.find("local").id == "local"


def test_a_built_in_provider_keeps_its_variables_behind_another_address():
    """A gateway in front of the vendor is the user's own choice for the vendor's key."""
    own = ProviderSettings(base_url="https://gateway.example/v1", api_key_command=("pass", "key"))
    provider = catalog_of(openai=own).find("openai")
    assert not provider.custom
    assert provider.spec.key_variables == ("OPENAI_API_KEY",)
    assert provider.key_command == ("pass", "key")


def test_deadlines_of_the_settings_reach_every_endpoint():
    """The adapter's connect deadline and the runtime's others are the user's."""
    settings = replace(Settings(), deadlines=DeadlineSettings(1, 2, 3, 4))
    deadlines = catalog(SPECS, settings).find("anthropic").endpoint.deadlines
    assert (deadlines.connect, deadlines.first_token, deadlines.idle, deadlines.total) == (
        1,
        2,
        3,
        4,
    )


def test_a_spec_given_by_a_caller_is_a_provider_like_any_other():
    """Tests and runtime modes bring their own specs."""
    spec = scripted_provider(Script(), kind="other")
    assert catalog([spec], Settings()).find("other").spec is spec

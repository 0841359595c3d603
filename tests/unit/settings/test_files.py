"""Settings read from real files: the user's own and a repository's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kata_lsp.settings.files import MAX_BYTES, REPOSITORY_FILE, read_settings, user_settings_path
from kata_lsp.settings.model import Settings
from kata_lsp.settings.resolving import Resolved


@pytest.fixture
def user_file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.toml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "tree" / ".kata").mkdir(parents=True)
    return tmp_path / "tree"


def write(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")


def read(user_file: Path, root: Path) -> Resolved:
    return read_settings(environment={}, user_file=user_file, root=root)


def test_all_layers(user_file: Path, root: Path) -> None:
    """File, environment, client, repository and client workspace are applied in that order."""
    write(user_file, 'model = "file"\nprovider = "file"\n[context]\nlimit = 9\n')
    write(root / REPOSITORY_FILE, 'specPath = "a.md"\nmodel = "evil"\n[context]\nlimit = 8\n')
    resolved = read_settings(
        environment={"KATA_MODEL": "variable"},
        user_file=user_file,
        root=root,
        client={"apply": "auto"},
        client_workspace={"specPath": "b.md", "apply": "ask"},
    )
    assert resolved.settings.provider == "file"
    assert resolved.settings.model == "variable"
    assert (resolved.settings.apply, resolved.settings.spec_path) == ("ask", "b.md")
    assert resolved.settings.context.limit == 8
    assert [(problem.layer, problem.key) for problem in resolved.problems] == [
        ("repository settings", "model")
    ]


def test_no_files(user_file: Path, root: Path) -> None:
    """Missing files are no problem."""
    assert read(user_file, root) == Resolved(Settings(), (), {})
    assert read_settings(environment={}, user_file=user_file).settings == Settings()


def test_the_users_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's file is in the platform's configuration folder."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert user_settings_path() == tmp_path / "kata-lsp" / "settings.toml"
    write(user_settings_path(), 'model = "m"')
    assert read_settings(environment={}).settings.model == "m"


def test_a_variable_means_a_provider_of_the_file(user_file: Path, root: Path) -> None:
    """Provider ids of the user's file are recognised in variables."""
    write(user_file, '[providers."my.box"]\nkind = "openai-compatible"\n')
    resolved = read_settings(
        environment={"KATA_PROVIDERS_MY_BOX_MODEL": "m"}, user_file=user_file, root=root
    )
    assert resolved.settings.providers["my.box"].model == "m"


@pytest.mark.parametrize(
    "content",
    [b"model = ", b"\xff", b"a = " + b"[" * 5000, b"#" * (MAX_BYTES + 1)],
    ids=["syntax", "encoding", "depth", "size"],
)
def test_unreadable_files(user_file: Path, root: Path, content: bytes) -> None:
    """A file that cannot be read is named, and the other layers still count."""
    for file in (user_file, root / REPOSITORY_FILE):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
    resolved = read(user_file, root)
    assert resolved.settings == Settings()
    assert [problem.key for problem in resolved.problems] == [
        str(user_file),
        str(root / REPOSITORY_FILE),
    ]


def test_a_folder_and_a_pipe(user_file: Path, root: Path) -> None:
    """What is not a regular file is refused at once, without waiting for its other end."""
    user_file.mkdir(parents=True)
    os.mkfifo(root / REPOSITORY_FILE)
    assert len(read(user_file, root).problems) == 2


@pytest.mark.parametrize("link", [".kata", REPOSITORY_FILE])
def test_a_linked_repository_file(user_file: Path, root: Path, tmp_path: Path, link: str) -> None:
    """A repository's settings that are a link out of it are not read."""
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere / "settings.toml", 'specPath = "x.md"')
    if link == ".kata":
        (root / ".kata").rmdir()
    target = elsewhere if link == ".kata" else elsewhere / "settings.toml"
    (root / link).symlink_to(target)
    resolved = read(user_file, root)
    assert resolved.settings == Settings()
    assert "out of the workspace" in resolved.problems[0].message


def test_a_spec_behind_a_link(user_file: Path, root: Path, tmp_path: Path) -> None:
    """A spec path that a link leads out of the workspace is refused; a link inside is fine."""
    (root / "out").symlink_to(tmp_path)
    (root / "loop").symlink_to(root / "loop")
    (root / "in").symlink_to(root / ".kata")
    for path in ("out/spec.md", "loop/spec.md"):
        write(root / REPOSITORY_FILE, f'specPath = "{path}"')
        resolved = read(user_file, root)
        assert resolved.settings == Settings()
        assert [problem.key for problem in resolved.problems] == ["specPath"]
    write(root / REPOSITORY_FILE, 'specPath = "in/spec.md"')
    assert read(user_file, root).settings.spec_path == "in/spec.md"

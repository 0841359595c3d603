"""Tests of workspace folders: which root is meant, and what is outside."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from kata_lsp.errors import InvalidInputError
from kata_lsp.lsp.documents import Documents
from kata_lsp.lsp.folders import Folders


def folders(*uris: str, root_uri: str | None = None) -> Folders:
    """Return the folders of a client that opened these."""
    opened = [types.WorkspaceFolder(uri=uri, name="w") for uri in uris]
    workspace = Documents(root_uri, workspace_folders=opened)
    return Folders(lambda: workspace)


def test_without_a_root_the_first_folder_is_meant(tmp_path: Path):
    """Then the root URI of clients without folders."""
    (tmp_path / "a b").mkdir()
    uri = (tmp_path / "a b").as_uri()
    real = str((tmp_path / "a b").resolve())
    assert folders(uri, tmp_path.as_uri()).resolve(None) == real
    assert folders(root_uri=uri).resolve(None) == real
    assert folders("untitled:x", uri).resolve(None) == real


@pytest.mark.parametrize(
    "spelling", ["{root}", "{root}/sub", "{uri}", "{uri}/sub", "{root}/sub/../sub/"]
)
def test_a_root_may_be_a_folder_or_inside_one(tmp_path: Path, spelling):
    """As a path or a URI."""
    (tmp_path / "sub").mkdir()
    root = spelling.format(root=tmp_path, uri=tmp_path.as_uri())
    found = folders(tmp_path.as_uri()).resolve(root)
    assert found in (str(tmp_path.resolve()), str((tmp_path / "sub").resolve()))


@pytest.mark.parametrize(
    "root",
    [
        "/",
        "/etc",
        "{root}/..",
        "{root}x",
        "{root}/out",
        "relative",
        "",
        "~",
        "http://x/y",
        "file:///%00",
    ],
)
def test_anything_outside_is_refused_by_name(tmp_path: Path, root):
    """Also a sibling with the same beginning, and a link that leads out."""
    folder = tmp_path / "w"
    folder.mkdir()
    (tmp_path / "wx").mkdir()
    (folder / "out").symlink_to("/etc")
    with pytest.raises(InvalidInputError) as caught:
        folders(folder.as_uri()).resolve(root.format(root=folder))
    assert caught.value.field == "root"


def test_without_any_folder_the_remedy_is_named():
    """Nothing is guessed from the process's own directory."""
    with pytest.raises(InvalidInputError, match="open the project's folder"):
        folders().resolve(None)
    with pytest.raises(InvalidInputError, match="open the project's folder"):
        folders().resolve("/etc")
    assert folders().first() is None


def test_a_file_has_the_uri_that_the_client_would_give_it(tmp_path: Path):
    """Under its folder's own spelling; outside of every folder, the plain one."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    uri = f"{tmp_path.as_uri()}/link"
    known = folders(uri)
    real = (tmp_path / "real").resolve()
    assert known.uri(real / "a b" / "ü.md") == f"{uri}/a%20b/%C3%BC.md"
    assert known.uri(real) == uri
    assert known.uri("/elsewhere/x.md") == "file:///elsewhere/x.md"
    assert known.spec_uri(str(real), ".kata/spec.md") == f"{uri}/.kata/spec.md"

"""Owns the workspace folders: which root a command works in, and how the client spells a path.

Must not know commands or specs. A root outside the folders the user opened is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kata_lsp.errors import InvalidInputError
from kata_lsp.lsp.convert import canonical, path_to_uri, uri_to_path
from kata_lsp.lsp.documents import Documents


class Folders:
    """The folders of the client, as they are now.

    Args:
        workspace: Returns the client's workspace.
    """

    def __init__(self, workspace: Callable[[], Documents]) -> None:
        self._workspace = workspace

    def resolve(self, root: str | None) -> str:
        """Return the absolute path, links resolved, of the folder to work in.

        Args:
            root: A path or a file URI, equal to or inside a workspace folder; None for the first
                folder.

        Raises:
            InvalidInputError: It is not, or the client has no folder open.
        """
        folders = [path for path, _ in self._known()]
        if not folders:
            raise InvalidInputError(
                "root", "the editor has no folder open; open the project's folder and try again"
            )
        if root is None:
            return folders[0]
        path = uri_to_path(root) if ":/" in root else root
        if path is None or not Path(path).is_absolute():
            raise InvalidInputError("root", f"{root!r} is neither an absolute path nor a file URI")
        wanted = canonical(path)
        if not any(_holds(folder, wanted) for folder in folders):
            raise InvalidInputError(
                "root",
                f"{root!r} is outside the workspace; the open folders are {', '.join(folders)}",
            )
        return wanted

    def all(self) -> tuple[str, ...]:
        """Return every open folder's absolute path, links resolved, in the client's order."""
        return tuple(path for path, _ in self._known())

    def first(self) -> str | None:
        """Return the root a command without one would work in, or None without a folder."""
        return next((path for path, _ in self._known()), None)

    def uri(self, path: str | Path) -> str:
        """Return the URI of a file as the client spells it: under the URI of its folder."""
        wanted = canonical(str(path))
        for folder, uri in self._known():
            if _holds(folder, wanted):
                return uri_inside(uri, Path(wanted).relative_to(folder).as_posix())
        return path_to_uri(path)

    def spec_uri(self, root: str, spec_path: str) -> str:
        """Return the URI of a spec as the client spells it."""
        return self.uri(Path(root, spec_path))

    def _known(self) -> list[tuple[str, str]]:
        workspace = self._workspace()
        uris = [folder.uri for folder in workspace.folders.values()]
        if not uris and workspace.root_uri:
            uris = [workspace.root_uri]
        paths = ((uri_to_path(uri), uri) for uri in uris)
        return [(canonical(path), uri) for path, uri in paths if path is not None]


def uri_inside(folder: str, path: str) -> str:
    """Return the URI of a posix path relative to a folder, spelled as the folder's own URI is."""
    inside = "" if path == "." else path.lstrip("/")
    rest = path_to_uri(f"/{inside}", windows=False).removeprefix("file://")
    return folder.rstrip("/") + rest.rstrip("/")


def _holds(folder: str, path: str) -> bool:
    return path == folder or Path(folder) in Path(path).parents

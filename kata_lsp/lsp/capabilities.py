"""Owns which of the server's capabilities depend on the client's.

Must not know what a capability is for; what the features registered is there already.
"""

from lsprotocol import types

from kata_lsp.lsp.client import Client


def pulls_diagnostics(client: Client) -> bool:
    """Whether the client asks for diagnostics itself and can be told to ask again.

    One that cannot be told would never see a draft that came while nobody typed: it gets pushes,
    and never both.
    """
    can = client.session.capability
    return (
        isinstance(can("textDocument.diagnostic"), dict)
        and can("workspace.diagnostics.refreshSupport") is True
    )


def fit(capabilities: types.ServerCapabilities, client: Client) -> None:
    """Change what was built for any client into what this one may be told."""
    if not pulls_diagnostics(client):
        capabilities.diagnostic_provider = None
    # Options of a rename are for those only who say that they know them.
    if capabilities.rename_provider and client.session.capability(
        "textDocument.rename.prepareSupport"
    ):
        capabilities.rename_provider = types.RenameOptions(prepare_provider=True)

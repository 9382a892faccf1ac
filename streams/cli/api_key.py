"""rasd api-key: keys to submit and export articles, and for standing searches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from streams.errors import OperatorError

if TYPE_CHECKING:
    from streams.api.keys import Key


def register(app: typer.Typer) -> None:
    keys = typer.Typer(help="Manage API keys: new.", no_args_is_help=True, rich_markup_mode="markdown")
    keys.callback()(lambda: None)
    keys.command()(new)
    app.add_typer(keys, name="api-key", rich_help_panel="Operations")


def new(
    name: str = typer.Option(..., "--name", "-n", help="Name of its holder."),
    scope: list[str] = typer.Option(
        ["intake", "export"],
        "--scope",
        help="Permission: intake (submit articles), export, alerts, or read, which export and alerts include.",
    ),
    file: Path = typer.Option(None, "--file", help="Append the entry to this file (RASD_API_KEYS_FILE)."),
) -> None:
    """Generate an API key and print it, this once; the server needs only its entry, with a hash.

    Example: `rasd api-key new --name newsroom --scope export --file api-keys.txt`
    """
    from streams.api.keys import Scope, make_key

    if unknown := sorted(set(scope) - set(Scope)):
        raise OperatorError(f"unknown scope {unknown[0]}", hint=f"known: {', '.join(Scope)}", status=2)
    secret, key = make_key(name, [Scope(entry) for entry in scope])
    if file is not None:
        _append(file, key)
        typer.echo(f"entry added to {file}; give its holder this key, which is not shown again:", err=True)
        typer.echo(secret)
        return
    typer.echo(f"key    {secret}")
    typer.echo(f"entry  {key.entry()}")
    typer.echo("Give the key to its holder; it is not shown again. Add the entry to RASD_API_KEYS.", err=True)


def _append(path: Path, key: Key) -> None:
    from streams.api.keys import read_file

    if path.exists() and any(known.name == key.name for known in read_file(path)):
        raise OperatorError(f"{path} already has a key named {key.name}", hint="choose another --name", status=2)
    try:
        path.touch(mode=0o600)
        with path.open("a", encoding="utf-8") as sink:
            sink.write(key.entry() + "\n")
    except OSError as error:
        raise OperatorError(f"cannot write {path}: {error.strerror}") from error

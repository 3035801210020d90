"""`models list | import | verify`: what lies in the models folder, and bringing more in."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, get_args

from inpaint_studio.cli.output import BAD_INPUT, DONE, MISSING, Output, Subparsers
from inpaint_studio.errors import Missing
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.weights.entries import STATE_TEXT, ModelEntry, ModelKind
from inpaint_studio.weights.folder import ModelFolder
from inpaint_studio.weights.known import known_models
from inpaint_studio.weights.memory import with_memory


def add_parser(subparsers: Subparsers, common: argparse.ArgumentParser) -> None:
    parser = subparsers.add_parser(
        "models", help="list, import and verify models on disk (nothing is ever downloaded)"
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    listing = actions.add_parser("list", parents=[common], help="what is there and its state")
    listing.add_argument(
        "--known", action="store_true", help="also well-known models and where to obtain them"
    )

    bring = actions.add_parser(
        "import", parents=[common], help="take models from a folder, a file or a USB stick"
    )
    bring.add_argument("source", type=Path, metavar="PATH")
    bring.add_argument("--kind", choices=get_args(ModelKind), help="what the file is for")
    bring.add_argument(
        "--trust", action="store_true", help="you trust the source of TorchScript (program code)"
    )
    bring.add_argument("--overwrite", action="store_true", help="replace a model of that name")

    check = actions.add_parser(
        "verify", parents=[common], help="read every byte: sums, finite weights, contracts"
    )
    check.add_argument("model", nargs="*", metavar="MODEL", help="id or name; all, when none")
    check.add_argument(
        "--trust", action="store_true", help="you trust the source of TorchScript (program code)"
    )


def run(args: argparse.Namespace) -> int:
    """Run one action. Exit codes: 0, 2 something was refused, 4 a named model is missing."""
    output = Output(as_json=args.json)
    folder = ModelFolder()
    match args.action:
        case "list":
            return _list(args, folder, output)
        case "import":
            return _import(args, folder, output)
        case _:
            return _verify(args, folder, output)


def _list(args: argparse.Namespace, folder: ModelFolder, output: Output) -> int:
    entries = tuple(with_memory(entry) for entry in folder.entries())
    output.table(
        f"Models in {folder.root}",
        ("Model", "Family", "Size", "State", "SHA-256", "Licence"),
        [
            (
                entry.id,
                entry.family,
                size_text(entry.bytes),
                STATE_TEXT[entry.state],
                entry.sha256[:12],
                entry.licence or "unknown",
            )
            for entry in entries
        ],
    )
    for entry in entries:
        if entry.advice and entry.state != "new":
            output.say(f"{entry.id}: {entry.advice}")
    if not entries:
        output.say(
            f"There are no models in {folder.root}. flat, patch and text need none; "
            "`models list --known` says what else there is and where to obtain it."
        )
    if args.known:
        output.table(
            "Well-known models",
            ("Model", "For", "What it does", "Where to obtain it", "Licence"),
            [(k.name, k.kind, k.what, k.obtain, k.licence) for k in known_models()],
        )
    output.document(
        {
            "folder": str(folder.root),
            "models": [row(entry) for entry in entries],
            "known": [
                {"name": k.name, "kind": k.kind, "what": k.what, "obtain": k.obtain,
                 "licence": k.licence, "sha256": k.sha256}
                for k in known_models()
            ] if args.known else [],
        }
    )  # fmt: skip
    return DONE


def _import(args: argparse.Namespace, folder: ModelFolder, output: Output) -> int:
    from inpaint_studio.weights.transfer import import_models

    with output.progress("Importing") as token:
        results = import_models(
            args.source,
            folder,
            token,
            kind=args.kind,
            trust=args.trust,
            overwrite=args.overwrite,
            probe=_probe,
        )
    for result in results:
        output.say(result.sentence)
    output.document(
        {
            "folder": str(folder.root),
            "models": [
                {
                    "source": str(result.source),
                    "sentence": result.sentence,
                    "imported": result.entry is not None and result.is_new,
                    "model": row(result.entry) if result.entry is not None else None,
                }
                for result in results
            ],
        }
    )
    refused = [r for r in results if r.entry is None and not r.is_new]
    return BAD_INPUT if refused else DONE


def _verify(args: argparse.Namespace, folder: ModelFolder, output: Output) -> int:
    from inpaint_studio.engines.learned_check import check_models

    entries = _chosen(args.model, folder)
    with output.progress("Verifying") as token:
        checked = check_models(entries, folder.root, token, trust=args.trust)
    output.table(
        "",
        ("Model", "State", "SHA-256", "What to do"),
        [(e.id, STATE_TEXT[e.state], e.sha256[:16], e.advice) for e in checked],
    )
    if not checked:
        output.say(f"There are no models in {folder.root}.")
    output.document({"folder": str(folder.root), "models": [row(entry) for entry in checked]})
    if any(entry.state == "missing" for entry in checked):
        return MISSING
    return DONE if all(entry.state == "ready" for entry in checked) else BAD_INPUT


def _chosen(names: list[str], folder: ModelFolder) -> tuple[ModelEntry, ...]:
    if not names:
        return folder.entries()
    chosen = []
    for name in names:
        entry = folder.find(name)
        if entry is None:
            raise Missing(
                f"There is no model called {name} in {folder.root}; `models list` shows what is."
            )
        chosen.append(entry)
    return tuple(chosen)


def _probe(entry: ModelEntry, token: RunToken) -> ModelEntry:
    from inpaint_studio.engines.learned_probe import probed

    return probed(entry, token)


def row(entry: ModelEntry) -> dict[str, Any]:
    """Return an entry as JSON for scripts."""
    return {
        "id": entry.id,
        "kind": entry.kind,
        "name": entry.name,
        "family": entry.family,
        "path": str(entry.path),
        "bytes": entry.bytes,
        "state": entry.state,
        "advice": entry.advice,
        "sha256": entry.sha256,
        "licence": entry.licence,
        "known": entry.known,
        "trusted": entry.trusted,
        "added_at": entry.added_at,
    }


def size_text(count: int) -> str:
    """Return a number of bytes for a person."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= unit:
            return f"{count / unit:.2f} {name}" if unit == 1e9 else f"{count / unit:.1f} {name}"
    return f"{count} bytes"

"""`doctor`: what is here, what is missing and what to do, whether the library is sound."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import sys
from pathlib import Path
from typing import Any

from inpaint_studio import __version__
from inpaint_studio.cli.output import BAD_INPUT, BUG, DONE, Output, Subparsers, library_path
from inpaint_studio.cli.window import has_display
from inpaint_studio.engines.cards import cuda_card
from inpaint_studio.errors import BadSetting, LibraryError
from inpaint_studio.paths import models_dir
from inpaint_studio.pipeline.checks import policy_in_force
from inpaint_studio.pipeline.planning import engines_ready
from inpaint_studio.routing.policy import Policy, user_policy
from inpaint_studio.store.library import DATABASE, Library, restore

PACKAGES = (
    "pyside6-essentials", "numpy", "numba", "opencv-python-headless", "pillow", "pyvips",
    "onnxruntime", "rapidocr", "torch", "torchvision", "diffusers", "easyocr",
)  # fmt: skip


def add_parser(subparsers: Subparsers, common: argparse.ArgumentParser) -> None:
    parser = subparsers.add_parser(
        "doctor", parents=[common], help="what is installed, what is missing, is the library sound"
    )
    parser.add_argument("--runs", action="store_true", help="list the runs of the library")
    parser.add_argument("--sweep", action="store_true", help="delete artifacts nothing names")
    parser.add_argument(
        "--policy", type=Path, default=None, metavar="FILE", help="check a routing policy"
    )
    parser.add_argument("--restore", action="store_true", help="go back to the newest sound backup")


def run(args: argparse.Namespace) -> int:
    """Returns: 0 sound, 1 the library is damaged, 2 the routing policy cannot be used."""
    output = Output(as_json=args.json)
    if args.policy is not None:
        policy = policy_in_force(args.policy)
        output.document(_policy_json(policy))
        output.say(f"{args.policy} can be used; its rules are read from top to bottom:")
        _show_rules(output, policy)
        return DONE
    folder = library_path(args)
    if args.restore:
        used = restore(folder)
        output.say(f"The library is back at {used.name}.")
        output.document({"restored": str(used)})
        return DONE
    report = _machine() | {
        "engines": dict(engines_ready()),
        "routing": _routing(),
        "library": _library(folder, args),
    }
    output.document(report)
    _show(output, report)
    if report["library"].get("damaged"):
        return BUG
    return BAD_INPUT if report["routing"]["problem"] else DONE


def _routing() -> dict[str, str]:
    """The policy in force, and why it cannot be used ("": it can)."""
    try:
        return {"policy": policy_in_force().path, "own": str(user_policy()), "problem": ""}
    except BadSetting as error:
        own = str(user_policy())
        return {"policy": own, "own": own, "problem": str(error)}


def _policy_json(policy: Policy) -> dict[str, Any]:
    return {"policy": policy.path, "problem": "", "rules": [rule.name for rule in policy.rules]}


def _show_rules(output: Output, policy: Policy) -> None:
    output.table(
        "",
        ("rule", "engine", "when"),
        [
            (rule.name, rule.engine, ", ".join(c.sentence for c in rule.conditions) or "always")
            for rule in policy.rules
        ],
    )


def _machine() -> dict[str, Any]:
    import psutil

    memory = psutil.virtual_memory()
    return {
        "program": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory.total / 2**30, 1),
        "memory_free_gb": round(memory.available / 2**30, 1),
        "display": has_display(),
        "models": str(models_dir()),
        "packages": {name: _version(name) for name in PACKAGES},
        "clashing_packages": _clashes(),
        "patch_search": _patch_search(),
    }


def _patch_search() -> str:
    card = cuda_card()
    if not card:
        return "on the CPU; torch sees no graphics card"
    return f"on the CPU; on {card} with --set device=cuda"


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _clashes() -> list[str]:
    """Packages that break others by being there."""
    wrong = [n for n in ("opencv-python", "opencv-contrib-python") if _version(n)]
    if _version("pyside6-essentials").startswith("6.12.") and sys.version_info < (3, 12):
        wrong.append("pyside6-essentials 6.12 (aborts on Python 3.11)")
    return wrong


def _library(folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    if not (folder / DATABASE).exists():
        return {"path": str(folder), "exists": False}
    try:
        with Library.open(folder, wait_s=2.0) as library:
            freed = library.sweep() if args.sweep else 0
            runs = library.runs.recent(10_000 if args.runs else 5)
            return {
                "path": str(folder),
                "exists": True,
                "problems": library.database.check(),
                "objects_mb": round(library.objects.disk_bytes() / 1e6, 1),
                "freed_mb": round(freed / 1e6, 1),
                "waiting": library.reviews.count("waiting"),
                "runs": [
                    {
                        "run": row.run_id,
                        "photo": row.photo_name,
                        "engine": row.engine,
                        "accepted": row.accepted,
                        "risk": round(row.risk, 3),
                    }
                    for row in runs
                ],
            }
    except LibraryError as error:
        return {"path": str(folder), "exists": True, "damaged": True, "problem": str(error)}


def _show(output: Output, report: dict[str, Any]) -> None:
    output.say(
        f"Inpaint Studio {report['program']} · Python {report['python']} · {report['system']} · "
        f"{report['cores']} cores · {report['memory_free_gb']} of {report['memory_gb']} GB free"
    )
    output.say("display: " + ("yes" if report["display"] else "none (the terminal does it all)"))
    output.say(f"patch searches: {report['patch_search']}")
    output.table(
        "",
        ("engine", "state"),
        [(name, why or "ready") for name, why in report["engines"].items()],
    )
    missing = [name for name, version in report["packages"].items() if not version]
    if missing:
        output.say(f"not installed: {', '.join(missing)}")
    for clash in report["clashing_packages"]:
        output.say(f"remove this package, it breaks others: {clash}")
    routing = report["routing"]
    if routing["problem"]:
        output.say(f"routing: {routing['problem']}")
    else:
        output.say(f"routing: {routing['policy']} (one of your own goes to {routing['own']})")
    library = report["library"]
    if not library["exists"]:
        output.say(f"library: none yet at {library['path']}")
    elif library.get("damaged"):
        output.say(f"library: {library['problem']}")
    else:
        state = "; ".join(library["problems"]) or "sound"
        output.say(
            f"library: {library['path']} · {state} · {library['objects_mb']} MB of artifacts · "
            f"{library['waiting']} waiting for review"
        )
        output.table(
            "",
            ("run", "photo", "engine", "verdict", "risk"),
            [
                (
                    r["run"],
                    r["photo"],
                    r["engine"],
                    "accepted" if r["accepted"] else "flagged",
                    r["risk"],
                )
                for r in library["runs"]
            ],
        )

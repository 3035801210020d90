"""The built package holds what the program needs, and nothing that is not ours."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_every_module_and_resource_is_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {str(p.relative_to(ROOT)) for p in (ROOT / "inpaint_studio").rglob("*.py")}
    resources = {
        f"inpaint_studio/{path.relative_to(ROOT)}"
        for path in (ROOT / "resources").rglob("*")
        if path.is_file()
    }
    assert modules - names == set()
    assert resources - names == set()
    assert not any(name.startswith("tests/") for name in names)


def test_the_installed_program_starts_and_finds_its_resources(wheel: Path, tmp_path: Path) -> None:
    """Unpacked, not the checkout: the modules that run are the wheel's own."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        "import inpaint_studio, inpaint_studio.paths as p, sys;"
        "assert inpaint_studio.__file__.startswith(sys.argv[1]), inpaint_studio.__file__;"
        "assert p.resource('routing', 'policy.toml').is_file();"
        "from inpaint_studio.cli.main import main; raise SystemExit(main(['doctor', '--json']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "INPAINT_STUDIO_HOME": str(tmp_path / "home"),
             "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr

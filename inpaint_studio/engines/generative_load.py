"""Loads a diffusers pipeline from disk, strictly, and keeps one warm per process.

Why not `DiffusionPipeline.from_pretrained`: it fills in missing tensors at random without a
word, follows code that an index names, and reaches for the network when a file is missing. Here
every part is loaded by an allow-listed class, its tensors are compared with what the class
expects, and the pipeline is put together by its constructor.
"""

from __future__ import annotations

import gc
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inpaint_studio.engines.generative_device import DevicePlan
from inpaint_studio.errors import BadModel
from inpaint_studio.weights.companion import companion_of
from inpaint_studio.weights.entries import ModelEntry
from inpaint_studio.weights.families import BY_NAME, Family
from inpaint_studio.weights.guard import SKIPPED_PARTS, read_index
from inpaint_studio.weights.offline import set_offline
from inpaint_studio.weights.tensors import read_header


@dataclass(slots=True)
class Loaded:
    """A pipeline in memory. `key` is what it was made from; another key means another one."""

    pipe: Any
    family: Family
    key: tuple[str, ...]
    scheduler: Any


_warm: Loaded | None = None


def warm(entry: ModelEntry, sha256: str, plan: DevicePlan) -> Loaded:
    """Return the pipeline, loaded once per process; another model frees the one before.

    Raises: BadModel: parts or tensors are missing, superfluous or of another shape.
        MemoryError, torch.OutOfMemoryError.
    """
    global _warm
    key = (entry.id, sha256, *plan.key)
    if _warm is not None and _warm.key == key:
        return _warm
    forget()
    family = BY_NAME[entry.family]
    pipe = load(entry, family, plan.dtype)
    loaded = Loaded(pipe, family, key, pipe.scheduler)
    plan.place(pipe)
    _warm = loaded
    return loaded


def forget() -> None:
    """Free the warm pipeline and the memory it held, on the device too."""
    global _warm
    if _warm is None:
        return
    _warm = None
    release_device_memory()


def release_device_memory() -> None:
    """Give the device's cached blocks back after an allocation failed."""
    gc.collect()
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def current() -> Any:
    """Return the pipeline that is warm in this process, or None."""
    return _warm.pipe if _warm is not None else None


def warm_model() -> str:
    """Return the id of the model that is warm in this process, or ""."""
    return _warm.key[0] if _warm is not None else ""


def load(entry: ModelEntry, family: Family, dtype: str = "float32") -> Any:
    """Return the pipeline of a diffusers folder or a single file, on the CPU.

    Raises: BadModel.
    """
    set_offline()
    import torch

    with quiet():
        import diffusers

        diffusers.logging.set_verbosity_error()
        diffusers.logging.disable_progress_bar()
        kind = getattr(torch, dtype)
        try:
            if entry.path.is_dir():
                index = read_index(entry.path)
                parts = _folder_parts(entry.path, index, kind)
            else:
                companion = companion_of(entry.path, family.name)
                index = read_index(companion)
                parts = _file_parts(entry.path, companion, index, kind)
            pipe = _assemble(family, index, parts)
        except BadModel:
            raise
        except (MemoryError, torch.OutOfMemoryError):
            raise
        except Exception as error:  # whatever a library makes of a file that is not right
            raise BadModel(
                f"{entry.name} cannot be loaded as {family.title}: {first_line(error)}. "
                "Copy it again, or use the model in another format."
            ) from error
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _folder_parts(
    folder: Path, index: dict[str, Any], dtype: Any, skip: frozenset[str] = frozenset()
) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    for name, value in index.items():
        if name.startswith("_") or not isinstance(value, list) or name in SKIPPED_PARTS:
            continue
        if name in skip:
            continue
        library, class_name = value
        parts[name] = None if library is None else _part(folder / name, library, class_name, dtype)
    return parts


def _part(folder: Path, library: str, class_name: str, dtype: Any) -> Any:
    kind = class_of(library, class_name)
    if not hasattr(kind, "state_dict"):
        return kind.from_pretrained(str(folder), local_files_only=True)
    more: dict[str, Any] = {}
    if library == "diffusers":
        more = {"torch_dtype": dtype}
    else:
        more = {"dtype": dtype, "trust_remote_code": False}
    variant = _variant(folder)
    if variant:
        more["variant"] = variant
    model, report = kind.from_pretrained(
        str(folder),
        local_files_only=True,
        use_safetensors=True,
        output_loading_info=True,
        **more,
    )
    _check_report(folder, report)
    _check_whole(folder.name, model)
    return model.eval()


def class_of(library: str, class_name: str) -> Any:
    """Return a class of diffusers or transformers that is a part of a pipeline.

    Raises: BadModel: there is no such class, or it is no model, scheduler or tokenizer.
    """
    if library not in ("diffusers", "transformers") or not class_name.isidentifier():
        raise BadModel(f"The part {library}.{class_name} is refused: it is no known model part.")
    import diffusers
    import transformers

    module = diffusers if library == "diffusers" else transformers
    kind = getattr(module, class_name, None)
    allowed = (
        (diffusers.ModelMixin, diffusers.SchedulerMixin)
        if library == "diffusers"
        else (transformers.PreTrainedModel, transformers.PreTrainedTokenizerBase)
    )
    if not isinstance(kind, type) or not issubclass(kind, allowed):
        raise BadModel(f"The part {library}.{class_name} is refused: it is no known model part.")
    return kind


def _variant(folder: Path) -> str:
    """Return "fp16" or the like when a part has only files of that variant."""
    names = [path.name for path in folder.glob("*.safetensors")]
    plain = [name for name in names if name.count(".") == 1]
    if plain or not names:
        return ""
    return sorted(names)[0].split(".")[-2].split("-")[0]


def _check_report(folder: Path, report: Any) -> None:
    for key, what in (
        ("missing_keys", "lacks the tensor"),
        ("unexpected_keys", "has the superfluous tensor"),
        ("mismatched_keys", "has another shape for the tensor"),
    ):
        names = sorted(str(name) for name in report.get(key, ()) if not _is_harmless(str(name)))
        if names:
            raise BadModel(
                f"{folder.parent.name}/{folder.name} is damaged or another model: it {what} "
                f"{names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}."
            )
    if report.get("error_msgs"):
        raise BadModel(f"{folder.parent.name}/{folder.name} is damaged: its tensors do not fit.")


def _is_harmless(name: str) -> bool:
    # Older exports carry this constant table; newer classes make it themselves.
    return name.endswith("position_ids")


def _check_whole(name: str, model: Any) -> None:
    missing = [key for key, tensor in model.state_dict().items() if tensor.is_meta]
    if missing:
        raise BadModel(
            f"The file is damaged or another model: {name} lacks the tensor {missing[0]}"
            f"{f' and {len(missing) - 1} more' if len(missing) > 1 else ''}."
        )


def _file_parts(file: Path, companion: Path, index: dict[str, Any], dtype: Any) -> dict[str, Any]:
    """Return the parts of a single file; what it does not hold comes from its companion."""
    import diffusers
    from diffusers.loaders.single_file import load_single_file_sub_model
    from safetensors.torch import load_file

    tensors = load_file(str(file))
    names = {tensor.name for tensor in read_header(file)}
    parts: dict[str, Any] = {}
    for name, value in index.items():
        if name.startswith("_") or not isinstance(value, list) or name in SKIPPED_PARTS:
            continue
        library, class_name = value
        if library is None:
            parts[name] = None
            continue
        kind = class_of(library, class_name)
        if not hasattr(kind, "state_dict") or not _holds(names, name):
            parts[name] = _part(companion / name, library, class_name, dtype)
            continue
        part = load_single_file_sub_model(
            library_name=library,
            class_name=class_name,
            name=name,
            checkpoint=dict(tensors),
            pipelines=diffusers.pipelines,
            is_pipeline_module=False,
            cached_model_config_path=str(companion),
            local_files_only=True,
            torch_dtype=dtype,
        )
        _check_whole(name, part)
        parts[name] = part.eval()
    return parts


def _holds(names: set[str], part: str) -> bool:
    """Whether a single file holds this part of a pipeline."""
    starts = {
        "vae": ("first_stage_model.", "vae."),
        "text_encoder": (
            "cond_stage_model.",
            "conditioner.embedders.0.",
            "text_encoders.clip_l.",
        ),
        "text_encoder_2": ("conditioner.embedders.1.", "text_encoders.clip_g."),
        "text_encoder_3": ("text_encoders.t5xxl.",),
    }
    if part in ("unet", "transformer"):
        return True
    return any(name.startswith(starts.get(part, ("\0",))) for name in names)


def _assemble(family: Family, index: dict[str, Any], parts: dict[str, Any]) -> Any:
    import diffusers

    kind: Any
    if family.pipeline == "AutoPipelineForInpainting":
        from diffusers.pipelines.auto_pipeline import (
            AUTO_INPAINT_PIPELINES_MAPPING,
            _get_task_class,
        )

        kind = _get_task_class(AUTO_INPAINT_PIPELINES_MAPPING, index["_class_name"])
    else:
        kind = getattr(diffusers, family.pipeline)
    expected, optional = kind._get_signature_keys(kind)
    values = {name: parts.get(name) for name in expected}
    values |= {
        name: index[name]
        for name in optional
        if name in index and isinstance(index[name], (bool, int, float, str))
    }
    if "requires_safety_checker" in optional:
        values["requires_safety_checker"] = False
    return kind(**values)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep libraries' advice to their own users away from ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:200].rstrip(".")


def native_side(path: Path, family: Family) -> int:
    """Return the side in px a model was trained at, from its settings, else the family's."""
    part = "unet" if family.name in ("sd", "sdxl", "sd-upscale") else "transformer"
    try:
        folder = path if path.is_dir() else companion_of(path, family.name)
        settings = json.loads((folder / part / "config.json").read_text("utf-8"))
        latents = settings.get("sample_size")
    except (BadModel, OSError, ValueError):
        return family.native_px
    if type(latents) is int and 4 <= latents <= 512:
        return latents * 8
    return family.native_px

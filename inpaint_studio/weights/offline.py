"""Shuts every door that a model library might open, before the library is imported."""

from __future__ import annotations

import os
import sys

# Offline, no telemetry, no remote code, no pickled objects, same bytes from cuBLAS.
ENVIRONMENT: dict[str, str] = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_TELEMETRY": "YES",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "DIFFUSERS_DISABLE_REMOTE_CODE": "1",
    "HF_HUB_TRUST_REMOTE_CODE": "0",
    "TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
}


def set_offline() -> None:
    """Set the environment that model libraries read when they are imported.

    A library that some other code imported earlier has read the environment already, so its
    flag is set too.
    """
    os.environ.update(ENVIRONMENT)
    # A library that was told otherwise by the user's shell must not load objects from pickles.
    os.environ.pop("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", None)
    constants = sys.modules.get("huggingface_hub.constants")
    if constants is not None:
        vars(constants)["HF_HUB_OFFLINE"] = True

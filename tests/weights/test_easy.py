"""EasyOCR: used only with plain weights on disk; nothing fetched, nothing run."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from inpaint_studio.errors import BadModel, Missing
from inpaint_studio.vision.easy import DETECTOR, EasyReader


class _Bomb:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.marker}",)


PHOTO = np.full((40, 60, 3), 200, np.uint8)


def test_without_weights_it_says_what_to_put_where(tmp_path: Path) -> None:
    reader = EasyReader(tmp_path)
    assert DETECTOR in reader.why_not() and str(tmp_path) in reader.why_not()
    with pytest.raises(Missing):
        reader.letters(PHOTO)


def test_weights_with_code_are_refused_before_easyocr_is_imported(tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    for name in (DETECTOR, "english_g2.pth"):
        (tmp_path / name).write_bytes(pickle.dumps(_Bomb(marker)))
    known = "easyocr" in sys.modules
    reader = EasyReader(tmp_path)
    assert "would run code" in reader.why_not()
    with pytest.raises(Missing, match="would run code"):
        reader.letters(PHOTO)
    assert not marker.exists() and ("easyocr" in sys.modules) == known


@pytest.mark.slow
def test_random_weights_are_refused_by_sum_and_read_when_the_sum_is_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inpaint_studio.weights.offline import set_offline

    set_offline()
    import torch
    from easyocr import config, easyocr
    from easyocr.craft import CRAFT
    from easyocr.model.vgg_model import Model

    torch.manual_seed(1)
    english = config.recognition_models["gen2"]["english_g2"]
    torch.save(CRAFT(pretrained=False).state_dict(), tmp_path / DETECTOR)
    classes = len(english["characters"]) + 1
    network = Model(input_channel=1, output_channel=256, hidden_size=256, num_class=classes)
    # As its authors saved it: from a model split over several devices.
    state = {f"module.{key}": tensor for key, tensor in network.state_dict().items()}
    torch.save(state, tmp_path / "english_g2.pth")
    before = list(sys.path)
    with pytest.raises(BadModel, match="damaged"):
        EasyReader(tmp_path).letters(PHOTO)
    monkeypatch.setitem(
        config.detection_models["craft"], "md5sum", easyocr.calculate_md5(tmp_path / DETECTOR)
    )
    monkeypatch.setitem(english, "md5sum", easyocr.calculate_md5(tmp_path / "english_g2.pth"))
    for box, text, score in EasyReader(tmp_path).letters(PHOTO):
        assert box.right <= 60 and isinstance(text, str) and 0 <= score <= 1
    assert sys.path == before

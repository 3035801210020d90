"""The families of diffusion models: one table of what each wants.

Read without torch or diffusers: the class a folder names decides its family, the tensors a
single file holds decide its own. A family that is not listed goes through diffusers'
`AutoPipelineForInpainting` when its class is on `OTHERS`; nothing else is ever loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Use: TypeAlias = Literal["inpaint", "upscale"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What a family of diffusion models wants.

    classes: names in `model_index.json` that belong here. pipeline: the diffusers class that
    runs them. multiple: sides in px must be multiples of it. native_px: the side it was trained
    at. largest_px: the longest side still sharp and coherent. strength: share of the steps that
    are taken when something is removed over a pre-fill. teraflop: work of one step at native
    size with guidance. params_b: parameters of the denoiser, in billions. true_guidance: the
    guidance doubles the work.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    pipeline: str
    use: Use = "inpaint"
    multiple: int = 8
    native_px: int = 512
    largest_px: int = 768
    steps: int = 30
    guidance: float = 7.5
    strength: float = 0.99
    teraflop: float = 1.6
    params_b: float = 0.86
    true_guidance: bool = True
    has_negative: bool = True


FAMILIES: tuple[Family, ...] = (
    Family(
        name="sd",
        title="Stable Diffusion 1.5 / 2",
        classes=(
            "StableDiffusionInpaintPipeline",
            "StableDiffusionPipeline",
            "StableDiffusionImg2ImgPipeline",
            "LatentConsistencyModelPipeline",
            "LatentConsistencyModelImg2ImgPipeline",
        ),
        pipeline="StableDiffusionInpaintPipeline",
    ),
    Family(
        name="sdxl",
        title="Stable Diffusion XL",
        classes=(
            "StableDiffusionXLInpaintPipeline",
            "StableDiffusionXLPipeline",
            "StableDiffusionXLImg2ImgPipeline",
        ),
        pipeline="StableDiffusionXLInpaintPipeline",
        native_px=1024,
        largest_px=1280,
        guidance=7.0,
        teraflop=12.0,
        params_b=2.57,
    ),
    Family(
        name="sd3",
        title="Stable Diffusion 3 / 3.5",
        classes=(
            "StableDiffusion3InpaintPipeline",
            "StableDiffusion3Pipeline",
            "StableDiffusion3Img2ImgPipeline",
        ),
        pipeline="StableDiffusion3InpaintPipeline",
        multiple=16,
        native_px=1024,
        largest_px=1280,
        guidance=5.0,
        strength=0.9,
        teraflop=12.0,
        params_b=2.0,
    ),
    Family(
        name="flux-fill",
        title="FLUX Fill",
        classes=("FluxFillPipeline",),
        pipeline="FluxFillPipeline",
        multiple=16,
        native_px=1024,
        largest_px=1536,
        guidance=30.0,
        strength=1.0,
        teraflop=60.0,
        params_b=11.9,
        true_guidance=False,
        has_negative=False,
    ),
    Family(
        name="flux",
        title="FLUX",
        classes=("FluxPipeline", "FluxInpaintPipeline", "FluxImg2ImgPipeline"),
        pipeline="FluxInpaintPipeline",
        multiple=16,
        native_px=1024,
        largest_px=1536,
        guidance=3.5,
        strength=0.9,
        teraflop=60.0,
        params_b=11.9,
        true_guidance=False,
        has_negative=False,
    ),
    Family(
        name="other",
        title="Other inpainting pipeline",
        classes=("ZImagePipeline", "ZImageInpaintPipeline", "QwenImageInpaintPipeline",
                 "QwenImagePipeline"),
        pipeline="AutoPipelineForInpainting",
        multiple=16,
        native_px=1024,
        largest_px=1280,
        guidance=4.0,
        strength=0.95,
        teraflop=30.0,
        params_b=6.0,
    ),
    Family(
        name="sd-upscale",
        title="Stable Diffusion upscaler",
        classes=("StableDiffusionUpscalePipeline",),
        pipeline="StableDiffusionUpscalePipeline",
        use="upscale",
        native_px=128,
        largest_px=256,
        steps=20,
        guidance=1.0,
        params_b=0.47,
    ),
)  # fmt: skip

BY_NAME: dict[str, Family] = {family.name: family for family in FAMILIES}
BY_CLASS: dict[str, Family] = {name: family for family in FAMILIES for name in family.classes}


def family_of_class(class_name: str) -> Family | None:
    """Return the family of a pipeline class, or None when it is not one we run."""
    return BY_CLASS.get(class_name)


def family_of_tensors(shapes: Mapping[str, tuple[int, ...]]) -> Family | None:
    """Return the family of a single file by its tensors' names and shapes, or None."""

    def has(start: str) -> bool:
        return any(name.startswith(start) for name in shapes)

    if has("model.diffusion_model.joint_blocks.") or has("joint_blocks."):
        return BY_NAME["sd3"]
    for name in ("x_embedder.weight", "img_in.weight", "model.diffusion_model.img_in.weight"):
        if name in shapes and len(shapes[name]) == 2:
            # Fill models see the photo and the mask beside the 64 channels of noise.
            return BY_NAME["flux-fill" if shapes[name][1] == 384 else "flux"]
    if has("pos_embed.proj.") and has("transformer_blocks."):
        return BY_NAME["sd3"]
    if has("conditioner.embedders."):
        return BY_NAME["sdxl"]
    if has("model.diffusion_model.input_blocks."):
        return BY_NAME["sd"]
    return None

"""Tiny random-weight models of every family, built on the spot: real formats, no real weights.

A 4-level VAE, a byte vocabulary of 514 tokens, a denoiser of two levels: 1 to 3 MB and a
fraction of a second a run, through the very code that full-size models take.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Parts = dict[str, Any]


def _quiet() -> None:
    import diffusers
    import transformers

    diffusers.logging.set_verbosity_error()
    transformers.logging.set_verbosity_error()
    diffusers.logging.disable_progress_bar()
    transformers.logging.disable_progress_bar()


def _seed(seed: int) -> None:
    import torch

    torch.manual_seed(seed)


def byte_letters() -> list[str]:
    """Return the 256 printable stand-ins that byte-level vocabularies use."""
    codes = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {code: chr(code) for code in codes}
    extra = 0
    for code in range(256):
        if code not in letters:
            letters[code] = chr(256 + extra)
            extra += 1
    return [letters[code] for code in range(256)]


def clip_tokenizer(folder: Path) -> Any:
    from transformers import CLIPTokenizer

    letters = byte_letters()
    words = [*letters, *(letter + "</w>" for letter in letters)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "vocab.json"
    vocabulary.write_text(json.dumps({word: place for place, word in enumerate(words)}))
    merges = folder / "merges.txt"
    merges.write_text("#version: 0.2\n")
    return CLIPTokenizer(str(vocabulary), str(merges), model_max_length=77)


def t5_tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, T5TokenizerFast

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    pieces += [(chr(code), -3.0) for code in range(33, 127)]
    try:
        return T5TokenizerFast(vocab=pieces, extra_ids=0, model_max_length=64)
    except TypeError:
        made = Tokenizer(models.Unigram(pieces, unk_id=2))
        made.pre_tokenizer = pre_tokenizers.Metaspace()
        return PreTrainedTokenizerFast(
            tokenizer_object=made, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
        )


def clip_text(*, width: int = 32, projected: bool = False) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=514,
        hidden_size=width,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=77,
        projection_dim=width,
        bos_token_id=512,
        eos_token_id=513,
        pad_token_id=513,
    )
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config).eval()


def vae(channels: int = 4, *, quant: bool = True) -> Any:
    from diffusers import AutoencoderKL

    shift = {} if channels == 4 else {"shift_factor": 0.06}
    return AutoencoderKL(
        block_out_channels=[8, 8, 8, 8],
        norm_num_groups=4,
        layers_per_block=1,
        in_channels=3,
        out_channels=3,
        down_block_types=["DownEncoderBlock2D"] * 4,
        up_block_types=["UpDecoderBlock2D"] * 4,
        latent_channels=channels,
        use_quant_conv=quant,
        use_post_quant_conv=quant,
        scaling_factor=0.18215,
        sample_size=64,
        **shift,
    ).eval()


def unet(in_channels: int, *, cross: int = 32, **more: Any) -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        block_out_channels=(16, 32),
        norm_num_groups=8,
        layers_per_block=1,
        sample_size=16,
        in_channels=in_channels,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=8,
        cross_attention_dim=cross,
        **more,
    ).eval()


def sd(work: Path, channels: int = 9, *, lcm: bool = False) -> Any:
    """Stable Diffusion 1.5 / 2 with 9 (inpainting) or 4 channels; LCM with its own schedule."""
    from diffusers import DDIMScheduler, LCMScheduler, StableDiffusionInpaintPipeline

    _seed(1)
    plan: dict[str, Any] = {
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "clip_sample": False,
        "steps_offset": 1,
    }
    more = {"time_cond_proj_dim": 16} if lcm else {}
    scheduler = LCMScheduler(**plan) if lcm else DDIMScheduler(**plan, set_alpha_to_one=False)
    return StableDiffusionInpaintPipeline(
        vae=vae(),
        text_encoder=clip_text(),
        tokenizer=clip_tokenizer(work / "words"),
        unet=unet(channels, **more),
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def sdxl(work: Path, channels: int = 9) -> Any:
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLInpaintPipeline

    _seed(2)
    words = clip_tokenizer(work / "words")
    return StableDiffusionXLInpaintPipeline(
        vae=vae(),
        text_encoder=clip_text(),
        # Wider, so that a single file's two encoders can be told apart by their width.
        text_encoder_2=clip_text(width=48, projected=True),
        tokenizer=words,
        tokenizer_2=words,
        unet=unet(
            channels,
            cross=80,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            transformer_layers_per_block=(1, 1),
            projection_class_embeddings_input_dim=6 * 8 + 48,
        ),
        scheduler=EulerDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1
        ),
    )


def sd3(work: Path, channels: int = 16) -> Any:
    from diffusers import (
        FlowMatchEulerDiscreteScheduler,
        SD3Transformer2DModel,
        StableDiffusion3InpaintPipeline,
    )

    _seed(3)
    words = clip_tokenizer(work / "words")
    return StableDiffusion3InpaintPipeline(
        transformer=SD3Transformer2DModel(
            sample_size=16,
            patch_size=2,
            in_channels=channels,
            num_layers=2,
            attention_head_dim=8,
            num_attention_heads=4,
            joint_attention_dim=80,
            caption_projection_dim=32,
            pooled_projection_dim=80,
            out_channels=16,
            pos_embed_max_size=96,
        ).eval(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=vae(16, quant=False),
        text_encoder=clip_text(projected=True),
        text_encoder_2=clip_text(width=48, projected=True),
        text_encoder_3=None,
        tokenizer=words,
        tokenizer_2=words,
        tokenizer_3=None,
    )


def flux(work: Path, *, fill: bool = True) -> Any:
    from diffusers import (
        FlowMatchEulerDiscreteScheduler,
        FluxFillPipeline,
        FluxInpaintPipeline,
        FluxTransformer2DModel,
    )
    from transformers import T5Config, T5EncoderModel

    _seed(4)
    kind = FluxFillPipeline if fill else FluxInpaintPipeline
    return kind(
        transformer=FluxTransformer2DModel(
            patch_size=1,
            # 64 latents, 64 of the masked photo, 256 of the mask (packed 2 by 2 and 8 by 8).
            in_channels=384 if fill else 64,
            out_channels=64,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            pooled_projection_dim=32,
            axes_dims_rope=(4, 4, 8),
            guidance_embeds=fill,
        ).eval(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True),
        vae=vae(16, quant=False),
        text_encoder=clip_text(),
        tokenizer=clip_tokenizer(work / "words"),
        text_encoder_2=T5EncoderModel(
            T5Config(
                vocab_size=98, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4,
                pad_token_id=0, eos_token_id=1,
            )
        ).eval(),
        tokenizer_2=t5_tokenizer(),
    )  # fmt: skip


def upscaler(work: Path) -> Any:
    from diffusers import DDIMScheduler, DDPMScheduler, StableDiffusionUpscalePipeline

    _seed(5)
    plan: dict[str, Any] = {"beta_schedule": "scaled_linear", "beta_start": 0.0001,
                            "beta_end": 0.02}  # fmt: skip
    from diffusers import AutoencoderKL

    small = AutoencoderKL(
        block_out_channels=[8, 8, 8],
        norm_num_groups=4,
        layers_per_block=1,
        down_block_types=["DownEncoderBlock2D"] * 3,
        up_block_types=["UpDecoderBlock2D"] * 3,
        latent_channels=4,
        scaling_factor=0.08333,
        sample_size=64,
    ).eval()
    return StableDiffusionUpscalePipeline(
        vae=small,
        text_encoder=clip_text(),
        tokenizer=clip_tokenizer(work / "words"),
        unet=unet(7, num_class_embeds=1000),
        low_res_scheduler=DDPMScheduler(**plan),
        scheduler=DDIMScheduler(**plan, clip_sample=False, set_alpha_to_one=False),
        max_noise_level=350,
    )


MAKERS: dict[str, Callable[[Path], Any]] = {
    "sd9": sd,
    "sd4": lambda work: sd(work, 4),
    "lcm": lambda work: sd(work, 9, lcm=True),
    "sdxl": sdxl,
    "sd3": sd3,
    "flux-fill": flux,
}


def save(name: str, target: Path, work: Path) -> Path:
    """Build the model `name` and save it as a diffusers folder at `target`."""
    _quiet()
    maker = MAKERS.get(name, upscaler)
    maker(work).save_pretrained(target, safe_serialization=True)
    return target


def torchscript_lama(target: Path, *, value_range: tuple[float, float] = (0.0, 1.0)) -> Path:
    """A LaMa-like TorchScript network: image + mask, the hole averaged from what is around."""
    import torch
    from torch import nn

    class Average(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pool = nn.Sequential(
                nn.AvgPool2d((63, 1), stride=1, padding=(31, 0)),
                nn.AvgPool2d((1, 63), stride=1, padding=(0, 31)),
            )
            self.near = nn.AvgPool2d(9, stride=1, padding=4)

        def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            known = 1.0 - mask
            far = self.pool(image * known) / (self.pool(known) + 1e-4)
            weight = self.near(known)
            near = self.near(image * known) / (weight + 1e-4)
            fill = torch.where(weight > 0.05, near, far)
            return image * known + fill * mask

    target.parent.mkdir(parents=True, exist_ok=True)
    torch.jit.script(Average().eval()).save(str(target))
    return target


def onnx_net(target: Path, *, style: str = "lama", size: int = 0) -> Path:
    """An ONNX network that averages: "lama", "lama-255" (output 0..255), "concat", "migan"."""
    import onnx
    from onnx import TensorProto, helper

    side: list[Any] = [size, size] if size else ["h", "w"]
    byte = style == "migan"
    kind = TensorProto.UINT8 if byte else TensorProto.FLOAT
    nodes = []
    if style == "concat":
        inputs = [helper.make_tensor_value_info("input", kind, [1, 4, *side])]
        nodes.append(helper.make_node("Split", ["input", "parts"], ["image_f", "mask_f"], axis=1))
    else:
        inputs = [
            helper.make_tensor_value_info("image", kind, [1, 3, *side]),
            helper.make_tensor_value_info("mask", kind, [1, 1, *side]),
        ]
        if byte:  # 255 = keep
            nodes += [
                helper.make_node("Cast", ["image"], ["image_f"], to=TensorProto.FLOAT),
                helper.make_node("Cast", ["mask"], ["keep_255"], to=TensorProto.FLOAT),
                helper.make_node("Div", ["keep_255", "full"], ["keep_f"]),
                helper.make_node("Sub", ["one", "keep_f"], ["mask_f"]),
            ]
        else:
            nodes += [
                helper.make_node("Identity", ["image"], ["image_f"]),
                helper.make_node("Identity", ["mask"], ["mask_f"]),
            ]
    down = {"kernel_shape": [63, 1], "pads": [31, 0, 31, 0], "count_include_pad": 1}
    across = {"kernel_shape": [1, 63], "pads": [0, 31, 0, 31], "count_include_pad": 1}
    nodes += [
        helper.make_node("Sub", ["one", "mask_f"], ["known"]),
        helper.make_node("Mul", ["image_f", "known"], ["seen"]),
        helper.make_node("AveragePool", ["seen"], ["seen_down"], **down),
        helper.make_node("AveragePool", ["seen_down"], ["sum"], **across),
        helper.make_node("AveragePool", ["known"], ["known_down"], **down),
        helper.make_node("AveragePool", ["known_down"], ["count"], **across),
        helper.make_node("Add", ["count", "tiny"], ["count_up"]),
        helper.make_node("Div", ["sum", "count_up"], ["guess"]),
        helper.make_node("Mul", ["guess", "mask_f"], ["inside"]),
        helper.make_node("Add", ["seen", "inside"], ["made"]),
    ]
    if style == "lama-255":
        nodes.append(helper.make_node("Mul", ["made", "full"], ["output"]))
    elif byte:
        nodes.append(helper.make_node("Cast", ["made"], ["output"], to=TensorProto.UINT8))
    else:
        nodes.append(helper.make_node("Identity", ["made"], ["output"]))
    constants = [
        helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0]),
        helper.make_tensor("tiny", TensorProto.FLOAT, [1], [1e-4]),
        helper.make_tensor("full", TensorProto.FLOAT, [1], [255.0]),
        helper.make_tensor("parts", TensorProto.INT64, [2], [3, 1]),
    ]
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(
        nodes,
        "average",
        inputs,
        [helper.make_tensor_value_info("output", kind, [1, 3, *side])],
        [constant for constant in constants if constant.name in used],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(model.SerializeToString())
    return target

"""Turns tiny diffusers pipelines into the single-file checkpoints that people have on disk.

The other way round than the library's loaders: names of the original research code.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any, TypeAlias

Tensors: TypeAlias = dict[str, Any]

_RESNET = (
    (r"\.norm1\.", ".in_layers.0."),
    (r"\.conv1\.", ".in_layers.2."),
    (r"\.norm2\.", ".out_layers.0."),
    (r"\.conv2\.", ".out_layers.3."),
    (r"\.time_emb_proj\.", ".emb_layers.1."),
    (r"\.conv_shortcut\.", ".skip_connection."),
)
_UNET_ENDS = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}


def unet(state: Tensors) -> Tensors:
    """One resnet a level, as in the tiny models."""
    made: Tensors = {}
    for key, tensor in state.items():
        made[f"model.diffusion_model.{_unet_name(key)}"] = tensor
    return made


def _unet_name(key: str) -> str:
    for start, new in _UNET_ENDS.items():
        if key.startswith(f"{start}."):
            return key.replace(start, new, 1)
    if found := re.match(r"down_blocks\.(\d)\.(resnets|attentions|downsamplers)\.(\d)\.(.*)", key):
        level, what, place, rest = found.groups()
        if what == "downsamplers":
            return f"input_blocks.{2 * int(level) + 2}.0.{rest.replace('conv.', 'op.')}"
        block = f"input_blocks.{2 * int(level) + 1 + int(place)}"
        return _in_block(block, what, rest)
    if found := re.match(r"up_blocks\.(\d)\.(resnets|attentions|upsamplers)\.(\d)\.(.*)", key):
        level, what, place, rest = found.groups()
        if what == "upsamplers":
            return f"output_blocks.{2 * int(level) + 1}.2.{rest}"
        return _in_block(f"output_blocks.{2 * int(level) + int(place)}", what, rest)
    if found := re.match(r"mid_block\.(resnets|attentions)\.(\d)\.(.*)", key):
        what, place, rest = found.groups()
        if what == "attentions":
            return f"middle_block.1.{rest}"
        return _resnet(f"middle_block.{2 * int(place)}.{rest}")
    raise AssertionError(key)


def _in_block(block: str, what: str, rest: str) -> str:
    return _resnet(f"{block}.0.{rest}") if what == "resnets" else f"{block}.1.{rest}"


def _resnet(name: str) -> str:
    for old, new in _RESNET:
        name = re.sub(old, new, name)
    return name


def vae(state: Tensors, levels: int = 4) -> Tensors:
    made: Tensors = {}
    for key, tensor in state.items():
        name = key
        name = re.sub(r"down_blocks\.(\d)\.resnets\.", r"down.\1.block.", name)
        name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
        name = re.sub(
            r"up_blocks\.(\d)\.resnets\.", lambda m: f"up.{levels - 1 - int(m[1])}.block.", name
        )
        name = re.sub(
            r"up_blocks\.(\d)\.upsamplers\.0",
            lambda m: f"up.{levels - 1 - int(m[1])}.upsample",
            name,
        )
        name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
        name = name.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
        if "mid_block.attentions.0" in name:
            name = name.replace("mid_block.attentions.0", "mid.attn_1")
            name = name.replace("group_norm", "norm").replace("to_out.0", "proj_out")
            name = re.sub(r"to_([qkv])\.", r"\1.", name)
            if tensor.ndim == 2:
                tensor = tensor[:, :, None, None]
        made[f"first_stage_model.{name}"] = tensor
    return made


def clip(state: Tensors, prefix: str) -> Tensors:
    return {
        prefix + (key if key.startswith("text_") else f"text_model.{key}"): tensor
        for key, tensor in state.items()
    }


def open_clip(state: Tensors, prefix: str) -> Tensors:
    import torch

    made: Tensors = {}
    heads: dict[tuple[str, str], dict[str, Any]] = {}
    ends = {
        "text_model.embeddings.position_embedding.weight": "positional_embedding",
        "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
        "text_model.final_layer_norm.weight": "ln_final.weight",
        "text_model.final_layer_norm.bias": "ln_final.bias",
    }
    for key, tensor in state.items():
        if key == "text_projection.weight":
            made[f"{prefix}text_projection"] = tensor.T.contiguous()
        elif key in ends:
            made[prefix + ends[key]] = tensor
        elif found := re.match(r"(.*)\.self_attn\.([qkv])_proj\.(weight|bias)", key):
            layer, letter, kind = found.groups()
            heads.setdefault((layer, kind), {})[letter] = tensor
        else:
            made[prefix + _open_clip_name(key)] = tensor
    for (layer, kind), parts in heads.items():
        name = _open_clip_name(f"{layer}.self_attn.in_proj_{kind}")
        made[prefix + name] = torch.cat([parts["q"], parts["k"], parts["v"]])
    return made


def _open_clip_name(key: str) -> str:
    name = key.replace("text_model.encoder.layers.", "transformer.resblocks.")
    for old, new in (
        ("layer_norm1", "ln_1"),
        ("layer_norm2", "ln_2"),
        (".fc1.", ".c_fc."),
        (".fc2.", ".c_proj."),
        (".self_attn", ".attn"),
    ):
        name = name.replace(old, new)
    return name


def sd3(state: Tensors, layers: int = 2) -> Tensors:
    import torch

    def swapped(tensor: Any) -> Any:
        shift, scale = tensor.chunk(2)
        return torch.cat([scale, shift])

    made: Tensors = {"pos_embed": state["pos_embed.pos_embed"]}

    def put(old: str, new: str, change: Any = lambda t: t) -> None:
        for kind in ("weight", "bias"):
            if f"{old}.{kind}" in state:
                made[f"{new}.{kind}"] = change(state[f"{old}.{kind}"])

    put("pos_embed.proj", "x_embedder.proj")
    put("context_embedder", "context_embedder")
    for place, new in ((1, 0), (2, 2)):
        put(f"time_text_embed.timestep_embedder.linear_{place}", f"t_embedder.mlp.{new}")
        put(f"time_text_embed.text_embedder.linear_{place}", f"y_embedder.mlp.{new}")
    put("proj_out", "final_layer.linear")
    put("norm_out.linear", "final_layer.adaLN_modulation.1", swapped)
    for layer in range(layers):
        old, new = f"transformer_blocks.{layer}", f"joint_blocks.{layer}"
        for names, side in (
            (("to_q", "to_k", "to_v"), "x_block"),
            (("add_q_proj", "add_k_proj", "add_v_proj"), "context_block"),
        ):
            for kind in ("weight", "bias"):
                made[f"{new}.{side}.attn.qkv.{kind}"] = torch.cat(
                    [state[f"{old}.attn.{name}.{kind}"] for name in names]
                )
        put(f"{old}.attn.to_out.0", f"{new}.x_block.attn.proj")
        put(f"{old}.attn.to_add_out", f"{new}.context_block.attn.proj")
        put(f"{old}.norm1.linear", f"{new}.x_block.adaLN_modulation.1")
        last = layer == layers - 1
        put(
            f"{old}.norm1_context.linear",
            f"{new}.context_block.adaLN_modulation.1",
            swapped if last else lambda t: t,
        )
        put(f"{old}.ff.net.0.proj", f"{new}.x_block.mlp.fc1")
        put(f"{old}.ff.net.2", f"{new}.x_block.mlp.fc2")
        put(f"{old}.ff_context.net.0.proj", f"{new}.context_block.mlp.fc1")
        put(f"{old}.ff_context.net.2", f"{new}.context_block.mlp.fc2")
    return {f"model.diffusion_model.{key}": tensor for key, tensor in made.items()}


def save(name: str, pipe: Any, folder: Path, target: Path) -> Path:
    """Write `target` (.safetensors) and, beside it, the settings it needs from `folder`.

    FLUX is written as people have it: the transformer alone; the rest comes from a companion.
    """
    from safetensors.torch import save_file

    if name == "flux-fill":
        tensors = dict(pipe.transformer.state_dict())
    elif name == "sd3":
        tensors = sd3(pipe.transformer.state_dict()) | vae(pipe.vae.state_dict())
        for part, short in (("text_encoder", "clip_l"), ("text_encoder_2", "clip_g")):
            state = getattr(pipe, part).state_dict()
            tensors |= clip(state, f"text_encoders.{short}.transformer.")
    else:
        tensors = unet(pipe.unet.state_dict()) | vae(pipe.vae.state_dict())
        if name == "sdxl":
            first = pipe.text_encoder.state_dict()
            tensors |= clip(first, "conditioner.embedders.0.transformer.")
            tensors |= open_clip(pipe.text_encoder_2.state_dict(), "conditioner.embedders.1.model.")
        else:
            tensors |= clip(pipe.text_encoder.state_dict(), "cond_stage_model.transformer.")
    target.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: tensor.contiguous().clone() for key, tensor in tensors.items()}, target)
    keeps = (
        (lambda _, names: ["transformer"] if "transformer" in names else [])
        if name == "flux-fill"
        else shutil.ignore_patterns("*.safetensors")
    )
    companion = target.with_suffix("")
    shutil.copytree(folder, companion, ignore=keeps)
    if name == "flux-fill":
        (companion / "transformer").mkdir()
        shutil.copy(folder / "transformer" / "config.json", companion / "transformer")
    return target

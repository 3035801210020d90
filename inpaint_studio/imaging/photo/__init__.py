"""Photos in, photos out. Depth, profile, alpha and metadata are kept, or the loss is announced."""

from inpaint_studio.imaging.photo.fresh import bigger, canvas
from inpaint_studio.imaging.photo.layered import layers_statement, save_layers
from inpaint_studio.imaging.photo.masks import read_mask, write_mask
from inpaint_studio.imaging.photo.model import Photo, SaveOptions, SaveReport, SaveStatement, Source
from inpaint_studio.imaging.photo.opening import estimate_open_mb, open_photo, thumbnail
from inpaint_studio.imaging.photo.saving import save_photo, save_statement

__all__ = [
    "Photo",
    "SaveOptions",
    "SaveReport",
    "SaveStatement",
    "Source",
    "bigger",
    "canvas",
    "estimate_open_mb",
    "layers_statement",
    "open_photo",
    "read_mask",
    "save_layers",
    "save_photo",
    "save_statement",
    "thumbnail",
    "write_mask",
]

"""The canvas: big photos, masks and before/after comparisons in a plain QWidget."""

from inpaint_studio.ui.canvas.canvas import Canvas
from inpaint_studio.ui.canvas.picture import Patched, Picture, Pyramid
from inpaint_studio.ui.canvas.stage import Stage
from inpaint_studio.ui.canvas.view import View

__all__ = ["Canvas", "Patched", "Picture", "Pyramid", "Stage", "View"]

"""Small widgets that every workspace is made of."""

from inpaint_studio.ui.widgets.basics import (
    Hint,
    Segmented,
    button,
    caption,
    dim,
    heading,
    icon_button,
    label,
    name_lists,
    rule,
    spaced,
)
from inpaint_studio.ui.widgets.gauge import Gauge, GaugeList
from inpaint_studio.ui.widgets.histogram import Histogram
from inpaint_studio.ui.widgets.notice import Card, Notice
from inpaint_studio.ui.widgets.section import Panel, Section
from inpaint_studio.ui.widgets.slider import NamedSlider, Slider

__all__ = [
    "Card", "Gauge", "GaugeList", "Hint", "Histogram", "NamedSlider", "Notice", "Panel", "Section",
    "Segmented", "Slider", "button", "caption", "dim", "heading", "icon_button", "label",
    "name_lists", "rule", "spaced",
]  # fmt: skip

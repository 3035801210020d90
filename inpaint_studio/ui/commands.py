"""One table of everything the user can do.

Menus, shortcuts, tooltips, the palette (Ctrl+K), the F1 sheet and rebinding all read `COMMANDS`;
nothing else in the window makes a shortcut. A command belongs to one workspace or to all ("*"):
keys may repeat between workspaces, never within one (tested).
"""

from __future__ import annotations

from dataclasses import dataclass

EVERYWHERE = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One thing the user can do.

    keys: in Qt's portable spelling, the first one is shown. menu: where it stands ("" for none).
    where: a workspace's key or "*". held: acts while the key is down (the handler is told both).
    check: has a tick. repeat: fires again while the key is held down.
    """

    id: str
    title: str
    keys: tuple[str, ...] = ()
    menu: str = ""
    where: str = "retouch"
    icon: str = ""
    help: str = ""
    check: bool = False
    held: bool = False
    repeat: bool = False


def _c(id_: str, title: str, keys: str = "", menu: str = "", **more: object) -> Command:
    made = tuple(key for key in keys.split(" ") if key)
    return Command(id=id_, title=title, keys=made, menu=menu, **more)  # type: ignore[arg-type]


FILE: tuple[Command, ...] = (
    _c("file.open", "Open photos…", "Ctrl+O", "File", where="*", icon="folder"),
    _c("file.paste", "New from clipboard", "Ctrl+V", "File",
       help="Open the picture on the clipboard"),
    _c("file.copy", "Copy result", "Ctrl+C", "File", help="Put the photo on the clipboard"),
    _c("file.canvas", "New canvas…", "Ctrl+N", "File",
       help="An empty picture for a model to make something on"),
    _c("file.enlarge", "Enlarge…", "Ctrl+Alt+I", "File",
       help="A copy 2, 3 or 4 times as big; an upscaler model adds the detail"),
    _c("file.save", "Save…", "Ctrl+S", "File", icon="save",
       help="Save a copy; says beforehand what the file keeps"),
    _c("file.save_again", "Save again", "Ctrl+Alt+S", "File",
       help="Save where and how you saved last"),
    _c("file.reload", "Read again from disk", "", "File"),
    _c("file.close", "Close photo", "Ctrl+W", "File"),
    _c("file.next", "Next photo", "Right", "File"),
    _c("file.previous", "Previous photo", "Left", "File"),
    _c("file.samples", "Open sample photos", "", "File"),
    _c("app.quit", "Quit", "Ctrl+Q", "File", where="*"),
)  # fmt: skip

EDIT: tuple[Command, ...] = (
    _c("edit.undo", "Undo", "Ctrl+Z", "Edit", icon="undo", repeat=True),
    _c("edit.redo", "Redo", "Ctrl+Shift+Z Ctrl+Y", "Edit", icon="redo", repeat=True),
    _c("edit.hide", "Hide or show this edit", "H", "Edit"),
    _c("edit.again", "Run this edit again…", "Ctrl+R", "Edit",
       help="Another seed or engine for the edit chosen in the history"),
    _c("edit.review", "Send this edit to review", "Ctrl+Shift+R", "Edit"),
    _c("edit.accept", "Approve this edit", "A", "Edit", icon="check"),
    _c("edit.reject", "Reject this edit", "Shift+X", "Edit", icon="close",
       help="Takes it out of the photo, and notes that it was wrong"),
    _c("edit.flagged", "Next flagged edit", "F", "Edit", icon="flag",
       help="Goes to the edits of this photo that nobody has decided"),
    _c("edit.replay", "Replay this run", "", "Edit", help="Proves that it gives the same bytes"),
    _c("app.settings", "Settings…", "Ctrl+,", "Edit", where="*", icon="settings"),
)  # fmt: skip

TOOLS: tuple[Command, ...] = (
    _c("tool.hand", "Hand", "Z", "Tools", icon="hand", check=True, help="Move the photo"),
    _c("tool.brush", "Brush", "B", "Tools", icon="brush", check=True,
       help="Paint what shall go. Shift+click draws a straight stroke"),
    _c("tool.eraser", "Eraser", "E", "Tools", icon="eraser", check=True,
       help="Take away from the mask"),
    _c("tool.rectangle", "Rectangle", "M", "Tools", icon="rectangle", check=True),
    _c("tool.ellipse", "Ellipse", "Shift+M", "Tools", icon="ellipse", check=True),
    _c("tool.lasso", "Lasso", "L", "Tools", icon="lasso", check=True),
    _c("tool.polygon", "Polygon", "Shift+L", "Tools", icon="polygon", check=True,
       help="Click the corners; Enter or a double click closes it"),
    _c("tool.wand", "Wand", "W", "Tools", icon="wand", check=True,
       help="Takes what looks alike; the preview follows the pointer"),
    _c("tool.object", "Object", "O", "Tools", icon="object", check=True,
       help="Click a thing, drag a box around it, or Shift+drag along it; Alt takes away"),
    _c("tool.restore", "Restore original", "R", "Tools", icon="restore", check=True,
       help="Paint the photo as it was opened back in"),
    _c("tool.source", "Sampling area", "S", "Tools", icon="source", check=True,
       help="Paint where the fill may copy from; Alt paints where it may not"),
    _c("tool.dropper", "Colour dab", "D", "Tools", icon="dropper", check=True,
       help="Alt+click takes a colour, a stroke paints it as an ordinary edit"),
    _c("tool.pick", "Proposals", "P", "Tools", icon="pins", check=True,
       help="Keep or drop the masks the program suggests"),
    _c("tool.keys", "Point with the keys", "K", "Tools", check=True,
       help="Arrows move (Shift far, Ctrl by a pixel), Space draws or clicks, Delete takes away"),
    _c("tool.bigger", "Larger brush", "]", "Tools", repeat=True),
    _c("tool.smaller", "Smaller brush", "[", "Tools", repeat=True),
)  # fmt: skip

MASK: tuple[Command, ...] = (
    _c("mask.swap", "Swap add and subtract", "X", "Mask"),
    _c("mask.propose_text", "Propose text", "Shift+T", "Mask", icon="text"),
    _c("mask.propose_object", "Propose objects", "Shift+O", "Mask"),
    _c("mask.propose_blemish", "Propose blemishes", "Shift+B", "Mask"),
    _c("mask.propose_logo", "Propose logos", "Shift+G", "Mask"),
    _c("mask.next_pin", "Next proposal", "N", "Mask", repeat=True,
       help="Space keeps it, Delete drops it"),
    _c("mask.previous_pin", "Previous proposal", "Shift+N", "Mask", repeat=True),
    _c("mask.keep_all", "Keep all proposals", "Ctrl+Shift+A", "Mask"),
    _c("mask.drop_all", "Drop all proposals", "", "Mask"),
    _c("mask.grow", "Grow mask", "Ctrl+]", "Mask", repeat=True, icon="plus",
       help="By the step in the tool bar"),
    _c("mask.shrink", "Shrink mask", "Ctrl+[", "Mask", repeat=True, icon="minus"),
    _c("mask.feather_more", "More feather", "Shift+] }", "Mask", repeat=True,
       help="The feather lies outside the mask only"),
    _c("mask.feather_less", "Less feather", "Shift+[ {", "Mask", repeat=True),
    _c("mask.holes", "Fill holes", "", "Mask"),
    _c("mask.invert", "Invert mask", "Ctrl+I", "Mask", icon="invert"),
    _c("mask.clear", "Clear mask", "Ctrl+D", "Mask", icon="trash"),
    _c("mask.last", "Use the last mask again", "Ctrl+L", "Mask"),
    _c("mask.import", "Import mask…", "", "Mask"),
    _c("mask.export", "Export mask…", "", "Mask"),
    _c("mask.source_clear", "Forget the sampling area", "", "Mask"),
)  # fmt: skip

RUN: tuple[Command, ...] = (
    _c("run.start", "Run", "Ctrl+Return Ctrl+Enter", "Run", icon="play",
       help="Fill what is masked"),
    _c("run.first", "Run before the others", "Ctrl+Shift+Return Ctrl+Shift+Enter", "Run"),
    _c("run.compare", "Run the other engine and compare", "Ctrl+Alt+Return", "Run"),
    _c("run.detail", "Add detail to the mask", "", "Run",
       help="An upscaler model makes the detail anew, in place; the colours stay"),
    _c("run.plan", "Show the plan", "Ctrl+P", "Run", help="Which engine would run, and why"),
    _c("run.cancel", "Cancel", "Esc", "Run"),
    _c("run.cancel_all", "Cancel everything", "Shift+Esc", "Run"),
    _c("run.on_release", "Fill on release", "J", "Run", check=True,
       help="Run as soon as a stroke ends"),
    _c("run.accept_variation", "Take this variation", "Return Enter", "Run"),
    _c("run.next_variation", "Next variation", ".", "Run"),
    _c("run.previous_variation", "Previous variation", ",", "Run"),
)  # fmt: skip

VIEW: tuple[Command, ...] = (
    _c("view.fit", "Fit in window", "Ctrl+0 0", "View", icon="fit"),
    _c("view.actual", "100 %", "Ctrl+1 1", "View"),
    _c("view.in", "Zoom in", "Ctrl++ Ctrl+= + =", "View", icon="zoom-in", repeat=True),
    _c("view.out", "Zoom out", "Ctrl+- -", "View", icon="zoom-out", repeat=True),
    _c("view.edit", "Zoom to the edit", "Ctrl+2 2", "View"),
    _c("view.mask", "Show the mask", "Q", "View", icon="eye", check=True),
    _c("view.evidence", "Show the evidence", "G", "View", check=True,
       help="Draw where the gates found fault"),
    _c("view.before", "Before", "\\", "View", held=True, help="Tap to keep, hold to peek"),
    _c("view.cycle", "Next comparison", "Y", "View"),
    _c("view.split", "Split", "Shift+1", "View", check=True),
    _c("view.side", "Side by side", "Shift+2", "View", check=True),
    _c("view.swipe", "Swipe", "Shift+3", "View", check=True),
    _c("view.difference", "Difference", "Shift+4", "View", check=True),
    _c("view.onion", "Onion", "Shift+5", "View", check=True),
    _c("view.masked", "Mask alone", "Shift+6", "View", check=True),
    _c("view.after", "Result", "Shift+0", "View", check=True),
    _c("view.left", "Photos and history panel", "F5", "View", check=True),
    _c("view.right", "Inspector panel", "F6", "View", check=True),
)  # fmt: skip

APP: tuple[Command, ...] = (
    _c("app.palette", "Command palette", "Ctrl+K", "Help", where="*", icon="search"),
    _c("app.sheet", "Keyboard sheet", "F1", "Help", where="*", icon="keyboard"),
    _c("app.keys", "Change keys…", "", "Help", where="*"),
    _c("app.theme", "Light or dark", "F9", "View", where="*"),
    _c("app.fullscreen", "Full screen", "F11", "View", where="*"),
    _c("app.retouch", "Retouch", "Alt+1", "Window", where="*", icon="brush"),
    _c("app.review", "Review", "Alt+2", "Window", where="*", icon="flag"),
    _c("app.batch", "Batch", "Alt+3", "Window", where="*", icon="batch"),
    _c("app.insights", "Insights", "Alt+4", "Window", where="*", icon="chart"),
    _c("app.models", "Models", "Alt+5", "Window", where="*", icon="model"),
)  # fmt: skip

REVIEW: tuple[Command, ...] = (
    _c("review.accept", "Accept", "Space A", "Review", where="review", icon="check"),
    _c("review.reject", "Reject", "X", "Review", where="review", icon="close"),
    *(
        _c(f"review.reason{n}", f"Reject with reason {n}", str(n), "Review", where="review")
        for n in range(1, 7)
    ),
    _c("review.fix", "Fix in the editor", "F", "Review", where="review", icon="brush"),
    _c("review.skip", "Skip", "S", "Review", where="review", icon="skip"),
    _c("review.escalate", "Escalate", "U", "Review", where="review",
       help="Leave it to someone else; it waits behind the others"),
    _c("review.undo", "Undo the decision", "Z Ctrl+Z", "Review", where="review", icon="undo"),
    _c("review.next", "Look at the next", "Right", "Review", where="review", repeat=True),
    _c("review.previous", "Look back", "Left", "Review", where="review", repeat=True),
    _c("review.before", "Before", "B \\", "Review", where="review", held=True),
    _c("review.difference", "Difference", "D", "Review", where="review", check=True),
    _c("review.cycle", "Next comparison", "Y", "Review", where="review"),
    _c("review.group", "Group", "G", "Review", where="review", icon="group"),
    _c("review.evidence", "Show the evidence", "E", "Review", where="review", check=True),
    _c("review.fit", "Fit in window", "Ctrl+0 0", "Review", where="review"),
    _c("review.actual", "100 %", "Ctrl+1", "Review", where="review"),
    _c("review.edit", "Zoom to the edit", "Ctrl+2", "Review", where="review"),
    _c("review.in", "Zoom in", "Ctrl++ Ctrl+= +", "Review", where="review", repeat=True),
    _c("review.out", "Zoom out", "Ctrl+- -", "Review", where="review", repeat=True),
    _c("review.sheet", "Keyboard sheet", "?", "Review", where="review"),
    _c("review.filter", "Filter the queue", "Ctrl+F /", "Review", where="review", icon="filter"),
)  # fmt: skip

BATCH: tuple[Command, ...] = (
    _c("batch.start", "Start the batch", "Ctrl+Return", "Batch", where="batch", icon="play"),
    _c("batch.cancel", "Stop the batch", "Esc", "Batch", where="batch", icon="stop"),
    _c("batch.add", "Add a folder…", "Ctrl+Shift+O", "Batch", where="batch", icon="folder"),
    _c("batch.retry", "Run the failed ones again", "Ctrl+R", "Batch", where="batch", icon="retry"),
    _c("batch.retry_flagged", "Run flagged ones again…", "Ctrl+Shift+R", "Batch", where="batch",
       icon="retry", help="Those flagged for one reason, with another engine"),
)  # fmt: skip

INSIGHTS: tuple[Command, ...] = (
    _c("insights.refresh", "Draw anew", "F5 Ctrl+R", "Insights", where="insights", icon="retry"),
    _c("insights.export", "Export the figures…", "Ctrl+E", "Insights", where="insights",
       icon="save"),
)  # fmt: skip

COMMANDS: tuple[Command, ...] = (
    *FILE, *EDIT, *TOOLS, *MASK, *RUN, *VIEW, *APP, *REVIEW, *BATCH, *INSIGHTS,
)  # fmt: skip

MENUS = ("File", "Edit", "Tools", "Mask", "Run", "View", "Review", "Batch", "Insights",
         "Window", "Help")  # fmt: skip

BY_ID = {command.id: command for command in COMMANDS}


def command(command_id: str) -> Command:
    return BY_ID[command_id]

"""How the patch engine finds structure, and what was tried.

Large holes are laid out by `patch_scene` down to a quarter of their size and settle from there on,
with a decay of 1.1 (by eye: 1.5 lets what the rim cuts grow inwards again), at the finest scale,
too: with 2.4 there, as up to version 14, the rim broke straight edges of what was laid out. The
look index likes that (96 object and rectangle holes: 0.743, with 1.1 and 1.5 0.732), the eye does
not: of 95 blind votes 57 were for 1.1 and 1.1 over version 14, of 85 48 over 1.1 and 1.5, of 92 54
over 1.3 and 1.5. Sources that are copied again and again are dearer (a lake was filled with one
row of waves); a price of 0.15 and up to twentyfold brought things of elsewhere. Three layouts are
made and the one is kept whose patches, settled, are most like known ones: of four finished fills
so chosen the raters preferred the chosen one to the first in 43 of 71. That measure tells what
they prefer of two fills of a hole (AUC 0.69 at full size, 0.67 at a quarter, 0.65 at an eighth; the
gates' risk 0.63); the look index does not. Half the sweeps lose nothing with three layouts. Left
out: twice the weight for texture (0.13 instead of 0.22 less detail than the truth, measured as the
log of high frequencies, but 39 of 89 votes, and brush strokes and captions 0.02 worse), the price
of use at the layout's scales (no change), a layout down to half size (more misfit, by eye more of
elsewhere). The rest of this is about all others.

Structure is settled at coarser scales, where a fill costs little: it is begun twice, from a smooth
guess and in layers from the rim inwards, and the start whose matches cost least is kept (24 object
holes: the best of three 0.012 better than their mean, n = 5; cost and distance to the truth
correlate by 0.3 within a hole; a second smooth start, as in version 9, takes 1.25 times as long
and gives 72 holes 0.691, not 0.689). There a patch's say falls with every px of depth by 1.5, not
by 2.4 as at the finest scale: the stronger the rim, the further what it cuts grows inwards, though
a person wanted it gone. At coarser scales the border of the picture is repeated outwards: what lies
between hole and border is thinner than a patch there, and a fill that may not copy it sets other
things in its place, such as a sea in the sky (24 object holes and 24 rectangles, look index 0.755
instead of 0.772). A repeated pixel costs as much as 12 levels of brightness, or the fill streaks
where real sources fit nearly as well (0.745 with all of this, 0.743 without, but clouds and stripes
go on better to the eye; four times that brings the sea back, 0.759). Deep in the hole a match costs
more for each neighbour copied from elsewhere: fewer fragments, and the bounds cut more comparisons
short (0.743, about 0.9 times the time; from the rim on 0.749, and brush strokes and captions 0.571
instead of 0.551, as near the rim the fit should decide). Colour counts one and a half times as much
as up to version 10: fewer islands of another colour to the eye, the same look index.

Measured on 72 object and rectangle holes and left out (HOG distance to the truth, lower is better,
where the engine has 0.74): mirrored sources 0.745 for 14 % more time, growing first from edges that
cross the rim 0.758 against 0.746 without, a preference for short moves 0.01 to 0.07 worse. On 48
object holes (0.839, s.e. of a difference 0.004 to 0.008): patches of 5 px 0.864 and of 9 px 0.839,
oriented texture features 0.853, half the weight for brightness 0.844, bounded differences 0.847, a
higher cost for sources used often 0.835 to 0.845, context of 128 px 0.832 and of the whole photo
0.842. On 24 object holes (look index 0.877; with one start and a decay of 2.4 0.876 to 0.895, on
the mean of six seeds 0.889): a fourth start 0.871, a decay of 1.3 at coarser scales 0.890 with four
starts and 0.901 with more copies (cleaner to the eye, smears more), 1.8 at the finest 0.873, votes
three times as sharp 0.003 worse. Starts of unlike decay do not compare: the lower one's matches
always cost less. On the 48 holes above, most with 3 px of margin (0.754): scales down to a crop of
21 px instead of 42 0.015 worse, three starts 0.012, one start 0.006 for 0.65 times the time, three
times the price of fragments 0.008 (24 holes); a further scale for thin holes brings brush strokes
and captions nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from inpaint_studio.engines.patch_levels import CHROMA


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How structure is found.

    smooth: for each start whether its first guess is smooth, not grown in layers. decay: how much
    less a patch has to say for every px that it lies deeper in the hole, and fine_decay at the
    finest scale. copied: how many of a coarser scale's last votes are copies, and fine_copied of
    the finest's. apart: what a match costs for each neighbour that is copied from elsewhere.
    margin: how many px of a coarser scale its border is repeated outwards, and what a source costs
    for each pixel of it there. chroma: how much colour differences count. often: what a source
    costs for each time too many that it is copied. `patch_levels.Level` says more of these.
    laid_out: whether the coarsest scales are `patch_scene`'s, if they can be; layouts: from how
    many of them the best is taken, and passes: how long each is worked on (`Scene`). lettered:
    whether a layout is one more start, and each place keeps the start that fits it best. partly:
    whether sources may be known in part, and must have the ground's colour (`patch_ground`).
    """

    smooth: tuple[bool, ...]
    decay: float
    fine_decay: float
    copied: int
    fine_copied: int
    apart: float = 0.0
    margin: int = 0
    margin_cost: float = 0.0
    chroma: float = CHROMA
    often: float = 0.0
    laid_out: bool = False
    layouts: int = 1
    passes: int = 2
    lettered: bool = False
    partly: bool = False


SETTLED = Manner(
    smooth=(True, False),
    decay=1.5,
    fine_decay=2.4,
    copied=2,
    fine_copied=2,
    apart=0.1,
    margin=6,
    margin_cost=150.0,
    chroma=0.75,
)
"""What surrounds most of the hole fills it. Thin masks, all rim, are `GROWN`."""
LAID_OUT = replace(
    SETTLED, decay=1.1, fine_decay=1.1, often=0.1, laid_out=True, layouts=3, passes=1
)
"""Where a layout is there, the rim has hardly more say than the rest."""
RIMMED = replace(LAID_OUT, fine_decay=SETTLED.fine_decay, often=0.0, layouts=1, passes=2)
"""As up to version 14, where the finest scale let what the rim cuts grow into the layout."""
LETTERED = replace(SETTLED, smooth=(False,), lettered=True, partly=True)
"""Letters (`patch_letters`): a layout in place of the smooth guess."""
_SMOOTH = {1: (True,), 2: SETTLED.smooth, 3: (True, True, False)}
GROWN = Manner(smooth=(False,), decay=2.4, fine_decay=2.4, copied=0, fine_copied=2)
"""Whatever reaches the rim grows inwards, as up to version 8."""


def settled(starts: int) -> Manner:
    """Return `SETTLED` with 1 to 3 starts; version 9 had three."""
    return replace(SETTLED, smooth=_SMOOTH[starts])

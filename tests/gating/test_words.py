"""What a verdict says: log lines that people know, and which reading is named first."""

from __future__ import annotations

from inpaint_studio.gating.readings.table import row
from inpaint_studio.gating.words import (
    LIKELY,
    blame,
    guess_line,
    label_of,
    likeliest,
    log_line,
    log_lines,
    summary,
)
from inpaint_studio.records import Reading


def reading(name: str, value: float, high: float | None, *, decides: bool = False) -> Reading:
    passed = high is None or value <= high
    return Reading(name=name, value=value, low=None, high=high, passed=passed, decides=decides)


def test_the_log_lines_of_the_article_are_recognisable() -> None:
    mse = reading("reconstruction_mse", 0.082, 0.04)
    assert log_line(mse) == "reconstruction_mse=0.082 > threshold(0.04)"
    ratio = reading("high_freq_power_ratio", 0.61, None)
    assert log_line(ratio) == "texture_mismatch_detected: high_freq_power_ratio=0.61"
    low = Reading(name="high_freq_power_ratio", value=0.61, low=0.7, high=1.4, passed=False)
    assert log_line(low) == (
        "texture_mismatch_detected: high_freq_power_ratio=0.61 < threshold(0.7)"
    )


def test_plain_vetoes_come_first_then_the_surest_signs_then_what_left_its_band() -> None:
    readings = [
        reading("texture_amplitude", 9.0, 8.0),
        reading("hue_signs", 2.0, 1.0, decides=True),
        reading("shift_signs", 9.0, 1.0, decides=True),
        reading("letters_left", 4.0, 0.0, decides=True),
        reading("seam", 1.0, 8.0),
    ]
    names = [r.name for r in blame(readings, {"texture_amplitude": 5.0})]
    assert names == ["letters_left", "shift_signs", "hue_signs", "texture_amplitude"]
    said = summary(accepted=False, risk=0.9, threshold=0.5, blamed=blame(readings[:3], {}))
    assert said == "The fill lies beside its place: it would fit better a pixel or two aside."


def test_where_no_reading_left_its_band_the_weightiest_are_named() -> None:
    shares = {"texture_support": 1.4, "join": 0.9, "seam": 0.5, "light_break": 0.2, "ghost": -1.0}
    blamed = blame([reading(name, 0.1, 8.0) for name in sorted(shares)], shares)
    assert [r.name for r in blamed] == ["texture_support", "join", "seam"]
    assert summary(accepted=False, risk=0.4, threshold=0.3, blamed=blamed) == (
        "The fill's texture is like nothing around it; roughness across the edge and step across "
        "the edge weigh with it: only together do they speak against this fill."
    )
    assert summary(accepted=False, risk=0.4, threshold=0.3, blamed=blamed[:1]) == (
        "The fill's texture is like nothing around it; with several smaller signs it speaks "
        "against this fill."
    )
    soft = Reading(name="high_freq_power_ratio", value=0.8, low=0.7, high=1.4)
    assert summary(accepted=False, risk=0.4, threshold=0.3, blamed=[soft]).startswith(
        "Fill is smoother than its surroundings; with"
    )


def test_the_sign_nearest_to_its_limit_is_named_as_a_guess() -> None:
    readings = [
        reading("letters_signs", 2.0, 3.2),
        reading("pasted_signs", -1.0, -0.5),
        reading("strip_colour", 9.0, 8.0),
        reading("seam", 7.9, 8.0),
    ]
    guess = likeliest(readings)
    assert guess is not None and guess.name == "pasted_signs"
    blamed = blame(readings, {})
    assert summary(accepted=False, risk=0.4, threshold=0.3, blamed=blamed, guess=guess) == (
        "Most likely: something stands in the fill that belongs to nothing around it. "
        "A guess: no sign alone reached its limit, all readings together did."
    )
    first, second, *_ = log_lines(blamed, risk=0.4, threshold=0.3, guess=guess)
    assert first == guess_line(guess) == "most likely, a guess: pasted_signs=-1 <= threshold(-0.5)"
    assert "detected" not in first and second.endswith("strip_colour=9 > threshold(8)")
    assert summary(accepted=True, risk=0.1, threshold=0.3, blamed=[], guess=None).startswith(
        "Looks"
    )


def test_no_guess_where_a_sign_is_sure_or_none_is_near() -> None:
    near, far = reading("pasted_signs", 1.0, 1.0 + LIKELY), reading("seam_signs", 1.0, 1.1 + LIKELY)
    assert likeliest([near]) == near
    assert likeliest([far]) is None and likeliest([]) is None
    assert likeliest([near, reading("hue_signs", 2.0, 1.0, decides=True)]) is None
    assert likeliest([near, reading("letters_left", 4.0, 0.0, decides=True)]) is None
    other = [reading("scaled_back", 0.5, 1.0), reading("of_an_older_version", 0.5, 1.0)]
    assert likeliest(other) is None and likeliest([*other, near]) == near


def test_a_reading_has_one_plain_name_everywhere() -> None:
    assert label_of("seam") == row("seam").label == "Step across the edge"
    assert label_of("scaled_back") == "Same photo when scaled back"
    assert label_of("of_an_older_version") == "Of an older version"


def test_to_differ_from_before_is_no_fault_but_to_look_the_same_is_worth_a_word() -> None:
    likeness = row("ssim")
    assert likeness.worse == "high" and likeness.too_high and not likeness.too_low

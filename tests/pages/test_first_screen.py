"""Which layer, since when, what to do: answered without scrolling on a laptop, for each example."""

from __future__ import annotations

import pytest

from acceptance.runs import EXAMPLES, stetho

# Words of the first answer, what the second begins with, words of the third.
ANSWERS = {
    "deep_sigmoid": ("sigmoid (after layers.0)", "Step 0", "replace sigmoid with ReLU or ELU"),
    "dying_relu": ("1/relu", "Step ", "learning rate"),
    "saturated_tanh": ("1/tanh", "Step 0", "initialise the weights"),
    "unscaled_input": ("layer 0", "Step 0", "subtract each feature's mean"),
    "plain_cnn": ("None of 4 hidden sites", "–", "Nothing"),
    "healthy_cnn": ("None of 3 hidden sites", "–", "Nothing"),
    "tiny_gpt": ("None of 3 hidden sites", "–", "Nothing"),
}


@pytest.mark.parametrize("example", ANSWERS)
def test_three_answers(example, tmp_path, open_page):
    script = [EXAMPLES / f"{example}.py", *(["--steps", "60"] if example == "tiny_gpt" else [])]
    options = ["--every", "20", "-o", "a.stetho", "--html", "a.html"]
    ran = stetho("run", *options, *script, cwd=tmp_path)
    assert ran.code == 0, ran.stderr
    page = open_page(tmp_path / "a.html")
    answers = page.locator(".answers dd")
    which, when, what = answers.all_inner_texts()
    expected = ANSWERS[example]
    assert expected[0] in which
    assert when.startswith(expected[1])
    assert expected[2] in what
    for place in range(3):
        box = answers.nth(place).bounding_box()
        assert box["y"] + box["height"] < 768
    plot = page.locator("figure[data-chart=depth] .plot").bounding_box()
    assert plot["y"] + plot["height"] < 768

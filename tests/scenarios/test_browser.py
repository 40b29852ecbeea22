"""The first half of the main job by clicking: ask, see the evidence, thumb down, correct, ask again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_workspace import Workspace, playground

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
QUESTION = "How many webhooks can one account have?"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(
        not Path(CHROMIUM).exists(),
        reason="no browser here: install Debian's package chromium to run this test",
    ),
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with playground(tmp_path_factory.mktemp("home")) as started:
        yield started


def test_somebody_asks_corrects_and_is_answered_rightly_by_clicking(workspace: Workspace) -> None:
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(workspace.url)

        expect(page.get_by_text("Lorebot is here")).to_be_visible()
        page.get_by_test_id("composer").fill(f"@Lorebot {QUESTION}")
        page.get_by_test_id("composer").press("Enter")
        thread = page.get_by_test_id("thread-panel")
        expect(thread.get_by_test_id("feedback-down")).to_be_visible(timeout=60_000)

        thread.get_by_test_id("feedback-down").click()
        modal = page.get_by_test_id("modal")
        expect(modal).to_be_visible(timeout=10_000)
        modal.get_by_role("radio").first.check()
        modal.get_by_test_id("input-correction").fill("thirty, since June")
        modal.get_by_test_id("modal-submit").click()
        expect(modal).to_be_hidden(timeout=10_000)
        expect(page.get_by_test_id("ephemeral").first).to_be_visible(timeout=30_000)

        page.get_by_test_id("composer").fill(f"@Lorebot {QUESTION.upper()}")
        page.get_by_test_id("composer").press("Enter")
        expect(thread.get_by_text("thirty, since June").first).to_be_visible(timeout=60_000)
        assert problems == []
        browser.close()

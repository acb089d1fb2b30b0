"""The pages on the whole running system: from the candidate's tap to the row on the host's page, and what may fail."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.conftest import PLACE, Opened
from tests.support.up import children

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

NAME, PHONE, SEEN = "张丽", "13800138000", "张*"


def watched(*pages: Page) -> list[str]:
    """What pages complain of from now on: script errors, and what their Content-Security-Policy refused."""
    said: list[str] = []
    for page in pages:
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda line: said.append(line.text) if "Content Security Policy" in line.text else None)
    return said


async def console_of(studio: BrowserContext, opened: Opened) -> Page:
    """The host's console, logged in by pasting the token."""
    page = await studio.new_page()
    await page.goto(f"{opened.http}/host/{opened.fair}")
    await page.fill("#token", f"  {opened.host}\n")
    await page.click("button[type=submit]")
    await expect(page.locator(".connection")).to_have_attribute("data-state", "connected")
    return page


async def fill(page: Page, opened: Opened, name: str = NAME, phone: str = PHONE) -> None:
    """The least that a sign-up takes, and one job."""
    await page.fill("#name", name)
    await page.fill("#phone", phone)
    await page.select_option("#province", PLACE[0])
    await expect(page.locator("#county")).to_be_enabled()
    await page.select_option("#county", PLACE[1])
    await page.check(f'[data-job="{opened.job}"] input')
    for consent in ("employers", "host", "ranking"):
        await page.check(f"#consent_{consent}")


async def candidate_of(phone: BrowserContext, opened: Opened, query: str = "") -> Page:
    page = await phone.new_page()
    await page.goto(f"{opened.http}/fairs/{opened.fair}{query}")
    await expect(page.locator("#province")).to_be_visible()
    return page


async def reloaded_until(page: Page, selector: str) -> None:
    """What a person without scripts does: reload until it is there."""
    async with asyncio.timeout(30):
        while await page.locator(selector).count() == 0:
            await page.reload()


async def me(page: Page) -> dict[str, Any]:
    """What the phone keeps of its sign-up."""
    fair = await page.evaluate("document.body.dataset.fair")
    kept: dict[str, Any] = await page.evaluate(
        "(fair) => JSON.parse(localStorage.getItem(`livefair:me:${fair}`))", fair
    )
    return kept


async def test_from_the_tap_to_the_row_and_from_the_offer_to_the_seat(
    phone: BrowserContext, studio: BrowserContext, opened: Opened
) -> None:
    host = await console_of(studio, opened)
    candidate = await candidate_of(phone, opened, "?from=kuaishou&id=v-1")
    complaints = watched(host, candidate)
    await host.reload()
    await candidate.reload()
    await expect(candidate.locator("#province")).to_be_visible()
    await expect(host.locator(".rows > li")).to_have_count(0)

    await fill(candidate, opened)
    await candidate.dblclick("#submit")

    row = host.locator(".rows > li")
    await expect(row).to_have_count(1)
    await expect(row.locator(".row-name")).to_have_text(SEEN)
    await expect(row.locator(".row-job")).to_have_text("住家育儿嫂")
    await expect(row).to_have_attribute("data-state", "matched")
    await expect(row).to_have_class(re.compile("is-good"))
    await expect(row.locator(".row-why")).to_contain_text("待核实")
    await expect(host.locator("[data-count=people]")).to_have_text("1")
    await expect(host.locator("[data-count=applications]")).to_have_text("1")
    await expect(host.locator("[data-count=matched]")).to_have_text("1")
    shown = await host.content()
    assert NAME not in shown
    assert PHONE not in shown

    await expect(candidate.locator(".receipt")).to_have_attribute("data-kind", "delivered")
    card = candidate.locator(".card")
    await expect(card).to_have_count(1)
    await expect(card).to_have_attribute("data-state", "matched")
    assert await candidate.evaluate("Object.keys(localStorage).filter((name) => name.includes('outbox'))") == []

    await opened.offer((await me(candidate))["candidate"])
    await expect(card.locator(".countdown")).to_contain_text("还剩")
    await card.locator(".answers .primary").click()
    await expect(card).to_have_attribute("data-state", "accepted")
    await expect(row).to_have_attribute("data-state", "accepted")
    await expect(row.locator(".row-why")).to_contain_text("已接受录用")
    await expect(host.locator(f"[data-job={opened.job}] [data-seats-left]")).to_have_text("剩 1")
    await candidate.reload()
    await expect(candidate.locator(".card")).to_have_attribute("data-state", "accepted")
    await expect(row).to_have_count(1)
    assert complaints == []


async def test_a_sign_up_whose_answer_was_lost_is_one_sign_up_after_a_reload(
    phone: BrowserContext, opened: Opened
) -> None:
    keys: list[str] = []
    lost = True

    async def tunnel(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if not lost:
            await route.continue_()
            return
        await route.fetch()  # it arrived
        await route.abort()  # and nobody ever heard so

    await phone.route("**/signups", tunnel)
    page = await candidate_of(phone, opened)
    await fill(page, opened)
    await page.click("#submit")
    await expect(page.locator('.receipt[data-kind="saved"]')).to_be_visible()
    await page.close()

    lost = False
    page = await phone.new_page()
    await page.goto(f"{opened.http}/fairs/{opened.fair}")
    await expect(page.locator('.receipt[data-kind="delivered"]')).to_be_visible()
    await expect(page.locator(".card")).to_have_count(1)
    assert len(keys) >= 2
    assert len(set(keys)) == 1
    assert len(await opened.rows()) == 1


async def test_what_is_wrong_is_said_beside_its_field_by_the_page_and_by_the_door(
    phone: BrowserContext, opened: Opened
) -> None:
    page = await candidate_of(phone, opened)
    await page.click("#submit")
    for field in ("name", "phone", "region", "consent_employers"):
        await expect(page.locator(f"#{field}-error")).not_to_be_empty()
    await expect(page.locator("#name")).to_be_focused()
    await expect(page.locator("#name")).to_have_attribute("aria-invalid", "true")

    await fill(page, opened, name="1234")  # a name only for the page
    await page.fill("#name", "1234")
    await expect(page.locator("#name-error")).to_be_empty()
    await page.click("#submit")
    await expect(page.locator("#name-error")).not_to_be_empty()
    await expect(page.locator("#signup")).to_be_visible()
    assert await opened.rows() == {}
    await page.fill("#name", NAME)
    await page.click("#submit")
    await expect(page.locator('.receipt[data-kind="delivered"]')).to_be_visible()


async def test_a_sign_up_works_with_scripts_off(browser: Browser, opened: Opened) -> None:
    context = await browser.new_context(java_script_enabled=False, locale="zh-CN")
    page = await context.new_page()
    await page.goto(f"{opened.http}/fairs/{opened.fair}")
    await page.fill("#name", "李芳")
    await page.fill("#phone", "13900139000")
    await page.fill("#region", "朝阳区")
    await page.check(f'[data-job="{opened.job}"] input')
    await page.check("#consent_employers")
    await page.check("#consent_host")
    await page.click("#submit")
    await expect(page.locator("#region-error")).not_to_be_empty()
    await expect(page.locator("#name")).to_have_value("李芳")
    await expect(page.locator("#consent_employers")).to_be_checked()
    await page.locator("input[name=region_choice]").first.check()
    await page.click("#submit")
    await expect(page).to_have_url(re.compile(f"/me/{opened.fair}"))
    await reloaded_until(page, '.card[data-state="matched"] .card-state')
    await expect(page.locator(".card-state")).to_have_text("匹配上了")
    offer = await opened.offer(next(iter((await opened.rows()).values()))["candidate"])
    await reloaded_until(page, f'input[name=offer][value="{offer}"]')
    await page.locator("button[name=accept][value=yes]").click()
    await reloaded_until(page, '.card[data-state="accepted"]')
    await context.close()


async def test_a_form_that_was_posted_before_the_scripts_came_is_taken_over(
    phone: BrowserContext, opened: Opened
) -> None:
    page = await candidate_of(phone, opened)
    await fill(page, opened)
    await page.evaluate("HTMLFormElement.prototype.submit.call(document.getElementById('signup'))")
    await expect(page).to_have_url(re.compile(f"/me/{opened.fair}"))
    await expect(page.locator('#live .receipt[data-kind="delivered"]')).to_be_visible()
    await expect(page.locator("#live .card")).to_have_attribute("data-state", "matched")
    await expect(page.locator("#plain")).to_be_hidden()
    assert len(await opened.rows()) == 1


async def test_the_console_lives_through_a_killed_gateway(
    phone: BrowserContext, studio: BrowserContext, opened: Opened
) -> None:
    host = await console_of(studio, opened)
    await host.evaluate("window.same = true")
    for number in range(2):
        for pid in await asyncio.to_thread(gateways, opened):
            os.kill(pid, signal.SIGKILL)
        await expect(host.locator(".connection")).not_to_have_attribute("data-state", "connected")
        page = await candidate_of(phone, opened)
        await fill(page, opened, phone=f"1390000000{number}")
        await page.click("#submit")
        await expect(host.locator(".rows > li")).to_have_count(number + 1)
        await expect(host.locator(".connection")).to_have_attribute("data-state", "connected")
        await expect(page.locator(".card")).to_have_count(1)
        await page.evaluate("localStorage.clear()")  # the next one is somebody else
        await page.close()
    assert await host.evaluate("window.same") is True
    ids = await host.locator(".rows > li").evaluate_all("(rows) => rows.map((row) => row.dataset.application)")
    assert sorted(ids) == sorted(await opened.rows())


def gateways(opened: Opened) -> list[int]:
    """The living gateways: children of up whose command says so."""
    found = []
    for pid in children(opened.running.process.pid):
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        if "gateway" in words:
            found.append(pid)
    return found


async def test_the_host_pins_pauses_and_closes(phone: BrowserContext, studio: BrowserContext, opened: Opened) -> None:
    host = await console_of(studio, opened)
    candidate = await candidate_of(phone, opened)
    card = host.locator(f"[data-job={opened.job}]")
    await card.get_by_role("button", name="讲这个").click()
    await expect(card).to_have_class(re.compile("is-pinned"))
    await expect(candidate.locator(f"[data-job={opened.job}] .pinned")).to_be_visible()
    second = await opened.add_job("做饭保洁", seats=1)
    await expect(host.locator(f"[data-job={second}]")).to_be_visible()
    await expect(candidate.locator(f"[data-job={second}] .job-title")).to_have_text("做饭保洁")
    await host.get_by_role("button", name="暂停").click()
    await expect(host.locator("#fair-state")).to_have_attribute("data-state", "paused")
    await expect(candidate.locator("#fair-state")).to_have_attribute("data-state", "paused")
    await host.get_by_role("button", name="结束").click()
    await host.get_by_role("button", name="确定").click()
    await expect(host.locator("#fair-state")).to_have_attribute("data-state", "closed")
    await expect(candidate.locator("#signup")).to_be_hidden()
    await expect(candidate.locator("#closed")).to_be_visible()


async def test_a_token_that_is_not_the_hosts_opens_nothing(studio: BrowserContext, opened: Opened) -> None:
    page = await studio.new_page()
    await page.goto(f"{opened.http}/host/{opened.fair}")
    for wrong in (opened.token("host", "somebody"), opened.token("employer", "e1"), "nonsense"):
        await page.fill("#token", wrong)
        await page.click("button[type=submit]")
        await expect(page.locator("#login-problem")).not_to_be_empty()
        assert await page.evaluate("sessionStorage.length") == 0
    assert wrong not in page.url


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_the_first_visit_costs_at_most_50_kb(language: str, phone: BrowserContext, opened: Opened) -> None:
    page = await phone.new_page()
    async with page.expect_response("**/static/vendor/htm.js") as last:  # what is imported by what is imported later
        await page.goto(f"{opened.http}/fairs/{opened.fair}?lang={language}")
    await (await last.value).finished()
    await expect(page.locator("#connection")).to_have_attribute("data-state", "connected")
    sizes: dict[str, int] = await page.evaluate(
        """() => Object.fromEntries(["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
          .map((one) => [one.name, one.encodedBodySize]))"""
    )
    assert any(name.endswith("/snapshot") for name in sizes)
    assert sum(sizes.values()) <= 50_000, sizes


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_axe_finds_nothing(language: str, phone: BrowserContext, studio: BrowserContext, opened: Opened) -> None:
    axe = Axe()
    found: dict[str, Any] = {}

    async def look(name: str, page: Page) -> None:
        results = await axe.run(page)
        if results.violations_count:
            found[name] = [
                (each["id"], [node["html"][:200] for node in each["nodes"]]) for each in results.response["violations"]
            ]

    query = f"?lang={language}"
    page = await phone.new_page()
    await page.goto(f"{opened.http}/{query}")
    await look("start", page)
    await page.goto(f"{opened.http}/fairs/none{query}")
    await look("missing", page)
    page = await candidate_of(phone, opened, query)
    await page.evaluate("document.getElementById('more').open = true")
    await look("form", page)
    await page.click("#submit")
    await look("form with errors", page)
    await fill(page, opened)
    await page.click("#submit")
    await expect(page.locator(".card")).to_have_count(1)
    await opened.offer((await me(page))["candidate"])
    await expect(page.locator(".countdown")).to_be_visible()
    await page.locator(".why summary").click()
    await look("mine", page)
    host = await studio.new_page()
    await host.goto(f"{opened.http}/host/{opened.fair}{query}")
    await expect(host.locator("#token")).to_be_visible()
    await look("login", host)
    await host.fill("#token", opened.host)
    await host.click("button[type=submit]")
    await expect(host.locator(".rows > li")).to_have_count(1)
    await host.wait_for_timeout(1300)  # the colour of a new row has faded
    await look("console", host)
    assert found == {}


async def test_the_documents_fit_a_phone_and_a_desk(
    phone: BrowserContext, studio: BrowserContext, opened: Opened
) -> None:
    # A long page takes axe its time, and its later parts are made like its first.
    looked_at = {
        "/docs": None,
        "/docs/http": [["header"], ["nav"], ["#sign_up"]],
        "/docs/live": [["#commands"], ["#closing"]],
    }
    found: dict[tuple[str, str], Any] = {}
    for name, parts in looked_at.items():
        for language, context in (("zh-CN", phone), ("en", studio)):
            page = await context.new_page()
            await page.goto(f"{opened.http}{name}?lang={language}")
            if name != "/docs/live" or context is phone:
                results = await Axe().run(page, context=parts and {"include": parts})
                if results.violations_count:
                    found[name, language] = [each["id"] for each in results.response["violations"]]
            await page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
            if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found[name, f"{language}, opened"] = "wider than the screen"
            await page.close()
    assert found == {}

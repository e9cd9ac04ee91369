"""/docs as people use it: in Chromium, against a real daemon on the virtual bank."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from labs.browser import DESK, PHONE, chromium, look_as
from labs.served import Served, served
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

pytestmark = pytest.mark.e2e
WAIT_S = 20


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def gateway(browser: Chrome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("docs")) as gateway:
        yield gateway


@pytest.fixture
def page(browser: Chrome, gateway: Served) -> Iterator[Chrome]:
    """/docs as it is opened for the first time; nothing is wrong with it when the test is over."""
    look_as(browser, DESK, "light")
    browser.get(f"{gateway.url}/docs")
    browser.execute_script("sessionStorage.clear()")
    browser.get(f"{gateway.url}/docs")
    until(browser, lambda: browser.find_element(By.ID, "key").is_displayed())
    yield browser
    told = [entry["message"] for entry in browser.get_log("browser")]
    assert [line for line in told if "status of 4" not in line] == []


def until(browser: Chrome, what: Any) -> Any:
    return WebDriverWait(browser, WAIT_S, poll_frequency=0.05).until(lambda _: what())


def one(within: Chrome | WebElement, selector: str) -> WebElement:
    return within.find_element(By.CSS_SELECTOR, selector)


def click(browser: Chrome, element: WebElement) -> None:
    browser.execute_script(
        "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element
    )
    element.click()


def opened(browser: Chrome, operation: str) -> WebElement:
    """The form that tries an operation."""
    place = one(browser, f"#{operation} details.try")
    click(browser, one(place, "summary"))
    until(browser, lambda: place.find_elements(By.TAG_NAME, "form"))
    return place


def paste_key(browser: Chrome, key: str) -> None:
    browser.find_element(By.ID, "key-field").send_keys(key)


def write(browser: Chrome, place: WebElement, body: Any) -> None:
    field = one(place, "textarea")
    field.clear()
    field.send_keys(json.dumps(body))


def answer(browser: Chrome, place: WebElement) -> tuple[str, Any]:
    """The status line, and the body as it is shown."""
    until(browser, lambda: place.find_elements(By.CSS_SELECTOR, ".result .status"))
    text = until(browser, lambda: one(place, ".result > div pre").text)
    return one(place, ".result .status").text, json.loads(text)


def test_a_message_is_sent_from_the_page(page: Chrome, gateway: Served) -> None:
    paste_key(page, gateway.key)
    place = opened(page, "post_messages")
    write(page, place, {"to": "+447700900123", "text": "from the browser"})
    click(page, one(place, "button.go"))
    status, message = answer(page, place)
    assert status == "202 Accepted"
    assert message["text"] == "from the browser"
    until(page, lambda: "from the browser" in gateway.texts())

    headers = one(place, ".result details")
    click(page, one(headers, "summary"))
    assert f"location: /v1/messages/{message['id']}" in headers.text

    place = opened(page, "get_messages_id")
    one(place, "input").send_keys(message["id"])
    click(page, one(place, "button.go"))
    status, shown = answer(page, place)
    assert status == "200 OK"
    assert shown["id"] == message["id"]


def test_the_same_call_is_shown_for_curl_and_the_key_is_not(page: Chrome, gateway: Served) -> None:
    paste_key(page, gateway.key)
    place = opened(page, "post_messages")
    write(page, place, {"to": "+447700900123", "text": "it's"})
    click(page, one(place, "form details summary"))
    line = until(page, lambda: one(place, "form details pre").text)
    assert line.startswith(f"curl -si '{gateway.url}/v1/messages'")
    assert '"Authorization: Bearer $MODEMGW_KEY"' in line
    assert "it'\\''s" in line
    assert gateway.key not in page.page_source


def test_what_is_wrong_is_shown_before_and_after_it_is_sent(page: Chrome, gateway: Served) -> None:
    place = opened(page, "post_messages")
    click(page, one(place, "button.go"))
    status, problem = answer(page, place)
    assert status == "401 Unauthorized"
    assert problem["type"] == "urn:modemgw:problem:unauthorized"
    link = one(place, ".result a").get_attribute("href")
    assert link == f"{gateway.url}/problems/unauthorized"

    paste_key(page, gateway.key)
    write(page, place, {"to": "nobody", "text": "x"})
    click(page, one(place, "button.go"))
    until(page, lambda: one(place, ".result .status").text.startswith("422"))
    assert answer(page, place)[1]["errors"][0]["field"] == "to"

    one(place, "textarea").send_keys("}")
    click(page, one(place, "button.go"))
    assert "not JSON" in until(page, lambda: one(place, ".wrong").text)


def test_the_key_stays_in_this_tab_and_is_forgotten_when_asked(
    page: Chrome, gateway: Served
) -> None:
    paste_key(page, gateway.key)
    page.refresh()
    assert page.find_element(By.ID, "key-field").get_attribute("value") == gateway.key
    assert page.execute_script("return localStorage.length") == 0
    assert page.get_cookies() == []
    with another_tab(page, f"{gateway.url}/docs"):
        assert page.find_element(By.ID, "key-field").get_attribute("value") == ""
    click(page, page.find_element(By.ID, "key-forget"))
    assert page.execute_script("return sessionStorage.length") == 0


@contextmanager
def another_tab(browser: Chrome, url: str) -> Iterator[None]:
    first = browser.current_window_handle
    browser.switch_to.new_window("tab")
    try:
        browser.get(url)
        yield
    finally:
        browser.close()
        browser.switch_to.window(first)


def test_events_are_followed_as_they_come(page: Chrome, gateway: Served) -> None:
    paste_key(page, gateway.key)
    place = opened(page, "get_events")
    click(page, one(place, "button.go"))
    until(page, lambda: "retry:" in one(place, ".result").text)
    gateway.receive("+447700900222", "to be seen")
    until(page, lambda: "event: inbound.received" in one(place, ".result").text)
    click(page, next(b for b in place.find_elements(By.TAG_NAME, "button") if b.text == "Stop"))
    until(page, lambda: one(place, "button.go").is_enabled())


def test_a_page_can_be_used_without_a_mouse(page: Chrome, gateway: Served) -> None:
    def focused() -> WebElement:
        return page.switch_to.active_element

    one(page, "body").send_keys(Keys.TAB)
    assert focused().text == "Skip to the content"
    focused().send_keys(Keys.ENTER)
    assert focused().get_attribute("id") == "content"
    page.find_element(By.ID, "key-field").send_keys(gateway.key)
    summary = one(page, "#get_modems details.try summary")
    summary.send_keys(Keys.ENTER)
    place = one(page, "#get_modems details.try")
    until(page, lambda: place.find_elements(By.TAG_NAME, "form"))
    summary.send_keys(Keys.TAB)
    assert focused().text == "Send GET"
    focused().send_keys(Keys.ENTER)
    status, modems = answer(page, place)
    assert (status, modems["items"][0]["id"]) == ("200 OK", "m1")


def test_the_navigation_finds_a_call(page: Chrome) -> None:
    field = page.find_element(By.ID, "filter")
    field.send_keys("ussd delete")
    shown = [
        link for link in page.find_elements(By.CSS_SELECTOR, "nav li a") if link.is_displayed()
    ]
    assert [link.get_attribute("hash") for link in shown] == ["#delete_modems_id_ussd"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/docs", "/problems", "/problems/invalid-fields"])
def test_pages_fit_a_phone_in_the_light_and_in_the_dark(
    page: Chrome, gateway: Served, scheme: str, path: str
) -> None:
    look_as(page, PHONE, scheme)
    page.get(f"{gateway.url}{path}")
    assert page.execute_script("return document.documentElement.scrollWidth") <= PHONE[0]
    colours = page.execute_script(
        "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]"
    )
    back, text = (sum(map(int, c[4:-1].split(", "))) for c in colours)
    assert (back > text) is (scheme == "light")
    if path == "/docs":
        menu = page.find_element(By.ID, "menu")
        until(page, menu.is_displayed)
        assert not page.find_element(By.ID, "nav").is_displayed()
        menu.click()
        until(page, page.find_element(By.ID, "nav").is_displayed)
        one(page, 'nav a[href="#get_modems"]').click()
        assert not page.find_element(By.ID, "nav").is_displayed()
        assert page.current_url.endswith("#get_modems")
    if shots := os.environ.get("MODEMGW_SCREENSHOTS"):
        page.save_screenshot(f"{shots}/phone-{scheme}-{path.replace('/', '-')}.png")

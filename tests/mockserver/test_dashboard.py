"""The pages under /_mock/ in a real browser: each flow as a person goes through it. No page may log an error, break the
policy of its own content, or ask another host for anything.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from mockserver import Mock, create_app
from mockserver.clock import SEEDED_START, Clock
from tests.conftest import Served

PAGES = ("/_mock/", "/_mock/dashboard/keys", "/_mock/dashboard/budgets", "/_mock/dashboard/faults")
LICENCE = {"X-Domain": "acme.example", "X-Product-ID": "1"}
#: Set to a folder, screenshots are taken into it; CI takes none.
SCREENSHOTS = os.environ.get("LATCHKEY_SCREENSHOTS")


@pytest.fixture
def mock(contract_mock: Mock, serving: Callable[[Any], Served]) -> Served:
    """A fresh mock whose clock stands at its start."""
    contract_mock.world.clock = Clock.frozen_at(SEEDED_START)
    contract_mock.world.reset()
    return serving(contract_mock)


@pytest.fixture
def context(browser: Browser, mock: Served) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=mock.url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, mock: Served) -> Iterator[Page]:
    """A page of the mock, watched. What the control plane refuses with 403 is an answer that the page shows."""
    page, troubles = context.new_page(), list[str]()

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and "status of 403" not in message.text:
            troubles.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: troubles.append(request.url) if not request.url.startswith(mock.url) else None)
    yield page
    assert troubles == []


def formats(mock: Served, key: str) -> int:
    return httpx.get(f"{mock.url}/v1/formats", headers={"X-API-Key": key}).status_code


def verify(mock: Served) -> int:
    headers = {"Authorization": f"Bearer {mock.key('dezerx')}", **LICENCE}
    return httpx.get(f"{mock.url}/api/license/verify", headers=headers).status_code


def row(page: Page, name: str) -> Any:
    """The rows of tables whose heads hold this name."""
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))


def create_key(page: Page, name: str) -> str:
    """Fills the open dialog's name, creates the key and copies it from the reveal dialog."""
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("button", name="Create key").click()
    expect(page.locator("#raw")).not_to_be_empty()
    raw = page.locator("#raw").text_content()
    assert raw
    page.get_by_role("button", name="Done").click()
    return raw


def test_a_key_is_created_and_revealed_once(page: Page, mock: Served):
    """With the scopes that were ticked; after the dialog the raw key stands nowhere."""
    page.goto("/_mock/dashboard/keys?provider=fileforge")
    page.get_by_role("button", name="New key").click()
    page.get_by_role("checkbox", name="convert:write").uncheck()
    raw = create_key(page, "Phone app")

    assert formats(mock, raw) == 200
    expect(row(page, "Phone app")).to_contain_text(raw[:12])
    expect(row(page, "Phone app").locator(".scope")).to_have_text(["files:read"])
    assert raw not in page.content()
    page.reload()
    assert raw not in page.content()


def test_a_key_is_rotated_and_revoked(page: Page, mock: Served):
    """Both ask first. Rotation ends the old key and reveals the new one; revocation ends that."""
    page.goto("/_mock/dashboard/keys?account=acme-fileforge")
    page.get_by_role("button", name="Rotate Build server").click()
    page.get_by_role("button", name="Cancel").click()
    assert formats(mock, mock.key("fileforge")) == 200
    page.get_by_role("button", name="Rotate Build server").click()
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#raw")).to_have_text(re.compile("^ff_live_"))
    new = page.locator("#raw").text_content() or ""
    page.get_by_role("button", name="Done").click()
    assert (formats(mock, mock.key("fileforge")), formats(mock, new)) == (401, 200)
    expect(row(page, "Build server").get_by_text("revoked")).to_be_visible()

    page.get_by_role("button", name="Revoke Build server").click()
    page.get_by_role("button", name="Go on").click()
    expect(row(page, "Build server").get_by_text("revoked")).to_have_count(2)
    assert formats(mock, new) == 401


def test_a_plan_goes_down_and_up(page: Page, mock: Served):
    """On free every call is refused and the page says why; a key cannot be created, and the dialog says so."""
    page.goto("/_mock/dashboard/keys?account=acme-fileforge")
    page.get_by_role("button", name="Free").click()
    expect(page.get_by_text("On free an account has no API keys")).to_be_visible()
    assert formats(mock, mock.key("fileforge")) == 403
    page.get_by_role("button", name="New key").click()
    page.get_by_role("textbox", name="Name").fill("Too early")
    page.get_by_role("button", name="Create key").click()
    expect(page.locator("#new-key").get_by_role("alert")).to_contain_text("upgrade to pro")
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Pro", exact=True).click()
    expect(page.get_by_role("button", name="Pro", exact=True)).to_have_attribute("aria-pressed", "true")
    assert formats(mock, mock.key("fileforge")) == 200


def test_a_licence_goes_off_and_on_and_moves(page: Page, mock: Served):
    """Its switch suspends it; its domain can be changed and taken away."""
    page.goto("/_mock/dashboard/keys?account=acme-dezerx")
    licence = row(page, "Harbour Panel on acme.example")
    for status in (403, 200):
        was = licence.get_by_role("switch").get_attribute("aria-checked")
        licence.get_by_role("switch").click()
        expect(licence.get_by_role("switch")).not_to_have_attribute("aria-checked", was or "")
        assert verify(mock) == status
    for domain in ("moved.example", ""):
        licence.get_by_role("button", name="Edit").click()
        page.locator("#edit-key").get_by_label("Domain").fill(domain)
        page.get_by_role("button", name="Save").click()
        expect(licence).to_contain_text(domain or "–")
        assert verify(mock) == 403
    assert mock.app.world.journal.find(list(mock.app.world.journal)[-1].id).refusal == "no_domain"


def test_a_user_gets_a_key_that_expires(page: Page, mock: Served):
    """Created from the user's row, with a permission set and a date; it works until then."""
    page.goto("/_mock/dashboard/keys?account=acme-filescom")
    page.get_by_role("button", name="Add a key for Maya Okafor").click()
    page.get_by_label("Permission set").select_option("files_only")
    page.get_by_label("Expires").fill("2026-01-01T12:00:00")
    headers = {"X-FilesAPI-Key": create_key(page, "Maya at the fair")}
    current = f"{mock.url}/api/rest/v1/api_key"

    shown = httpx.get(current, headers=headers).json()
    assert (shown["permission_set"], shown["expires_at"][:19]) == ("files_only", "2026-01-01T12:00:00")
    expect(row(page, "Maya at the fair")).to_contain_text("Maya Okafor")
    expect(row(page, "Maya Okafor")).to_contain_text("Maya at the fair")
    page.get_by_role("button", name="+24 h").click()
    expect(row(page, "Maya at the fair").get_by_text("expired")).to_be_visible()
    assert httpx.get(current, headers=headers).status_code == 401


def test_an_account_is_opened(page: Page, mock: Served):
    """On the plan that was chosen; the page goes there."""
    page.goto("/_mock/dashboard/keys?provider=fileflare")
    page.get_by_role("button", name="Open an account").click()
    page.get_by_role("textbox", name="Name").fill("Umbra Books")
    page.locator("#new-account").get_by_label("Plan").select_option("enterprise")
    page.get_by_role("button", name="Open", exact=True).click()

    expect(page.get_by_role("heading", name="Umbra Books")).to_be_visible()
    expect(page.get_by_role("button", name="Enterprise")).to_have_attribute("aria-pressed", "true")
    assert [item.tier for item in mock.app.world.accounts.values() if item.name == "Umbra Books"] == ["enterprise"]


def test_requests_show_as_they_come(page: Page, mock: Served):
    """The newest is on top, with its reason when it was refused; no reload is needed."""
    page.goto("/_mock/")
    expect(page.get_by_text("Waiting for the first request")).to_be_visible()
    formats(mock, mock.key("fileforge"))
    expect(page.locator(".requests a")).to_contain_text(["/v1/formats"])
    formats(mock, mock.key("fileforge", "revoked"))
    expect(page.locator(".requests li").first).to_contain_text("was revoked")
    page.get_by_role("button", name="Pause").click()
    formats(mock, mock.key("fileforge"))
    expect(page.locator(".requests li")).to_have_count(2)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".requests li")).to_have_count(3)


@pytest.fixture
def busy(mock: Served) -> Served:
    """A mock that answered something of everything."""
    flare = {"Authorization": f"Bearer {mock.key('fileflare')}"}
    forge = {"X-API-Key": mock.key("fileforge")}
    licence = {"Authorization": f"Bearer {mock.key('dezerx')}", **LICENCE}
    with httpx.Client(base_url=mock.url) as http:
        for _ in range(23):
            http.get("/api/v1/orders", headers=flare)
        for _ in range(55):
            http.get("/v1/formats", headers=forge)
        http.get("/api/rest/v1/folders/payroll", headers={"X-FilesAPI-Key": mock.key("filescom", "member")})
        urls = [http.post("/api/license/download", headers=licence).json()["data"]["download_url"] for _ in range(3)]
        for url in (urls[0], urls[0]):
            http.get(url)
        http.get("/api/license/verify", headers={**licence, "X-Domain": "globex.example"})
        http.post("/v1/files/presign-upload", json={"filename": "a.png", "size": 9, "mime": "image/png"}, headers=forge)
        http.post("/api/v1/assets/store", json={"filename": "x" * 300}, headers=flare)
        http.get("/v1/files", headers={"X-API-Key": mock.key("fileforge", "revoked")})
        http.get("/v1/files?limit=5", headers={"X-API-Key": mock.key("fileforge", "no_scopes")})
    return mock


@pytest.mark.parametrize(
    ("label", "choice", "shown"),
    [("Provider", "filescom", "/folders/payroll"), ("Key", "Status board", "/v1/files"), ("Status", "2", "POST")],
)
def test_traffic_is_filtered(page: Page, busy: Served, label: str, choice: str, shown: str):
    """By provider, key or status; the filter stands in the address and survives a reload."""
    page.goto("/_mock/")
    before = page.locator(".requests li").count()
    page.get_by_label(label, exact=True).select_option(choice)
    expect(page.locator(".requests li")).not_to_have_count(before)
    expect(page.locator(".requests li").first).to_contain_text(shown)
    assert f"{label.lower()}={choice.replace(' ', '+')}" in page.url
    after = page.locator(".requests li").count()
    page.reload()
    expect(page.locator(".requests li")).to_have_count(after)


def test_traffic_is_searched(page: Page, busy: Served):
    """In paths, reasons and rules; what nothing matches says so."""
    page.goto("/_mock/")
    page.keyboard.press("/")
    page.keyboard.type("globex.example")
    expect(page.locator(".requests li")).to_have_count(1)
    page.get_by_label("Search").fill("no such thing")
    expect(page.get_by_text("Nothing matches")).to_be_visible()


def test_a_request_opens_to_all_there_is(page: Page, busy: Served):
    """The checks it passed, the reason, the rule with its source, who asked, and both messages without the key."""
    page.goto("/_mock/")
    page.get_by_role("link", name="lacks scope").click()
    opened = page.locator("#exchange")

    expect(opened.locator(".way .passed")).to_have_text([re.compile("identify"), re.compile("entitle")])
    expect(opened.locator(".way .refused")).to_contain_text("authorize")
    expect(opened.locator(".refusal")).to_contain_text("key 'Status board' lacks scope files:read")
    expect(opened.locator(".refusal")).to_contain_text("A key without the scope that an operation needs is refused")
    expect(opened.locator(".refusal")).to_contain_text("document 001, Scopes")
    expect(opened).to_contain_text('"required": "files:read"')
    opened.get_by_text("Headers").first.click()
    expect(opened).to_contain_text("ff_live_none…")
    assert busy.key("fileforge", "no_scopes") not in page.content()


def test_a_request_is_copied_and_replayed(context: BrowserContext, page: Page, busy: Served):
    """The curl line names a variable for the key; a replay opens the new answer."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/_mock/")
    page.get_by_role("link", name="lacks scope").click()
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    line = page.evaluate("navigator.clipboard.readText()")
    assert line == f"curl -H \"x-api-key: ${{FILEFORGE_KEY}}\" '{busy.url}/v1/files?limit=5'"

    first, before = page.url, len(busy.app.world.journal)
    page.get_by_role("button", name="Replay").click()
    page.wait_for_url(lambda url: url != first)
    assert len(busy.app.world.journal) == before + 1
    expect(page.locator("#exchange .refusal")).to_contain_text("lacks scope files:read")


def test_traffic_goes_by_keyboard(page: Page, busy: Served):
    """Arrows choose, Enter opens, Escape closes."""
    page.goto("/_mock/")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#exchange")).to_contain_text("was revoked")
    page.keyboard.press("Escape")
    expect(page.locator("#exchange")).to_have_count(0)


def test_budgets_drain_and_refill(page: Page, busy: Served):
    """The tightest first; a request takes a unit, a minute brings all back."""
    page.goto("/_mock/dashboard/budgets")
    tight = page.locator(".budget").first
    expect(tight).to_contain_text("Build server")
    expect(tight.get_by_role("meter")).to_have_attribute("aria-valuenow", "4")
    formats(busy, busy.key("fileforge"))
    expect(tight.get_by_role("meter")).to_have_attribute("aria-valuenow", "3")
    page.get_by_role("button", name="+1 min").click()
    expect(page.get_by_text("All budgets are whole")).to_be_visible()


def test_a_running_window_counts_down_and_closes_by_itself(page: Page, busy: Served):
    """Without any request the page tells the time that is left, and the window goes when it is over."""
    page.goto("/_mock/dashboard/budgets")
    httpx.patch(f"{busy.url}/_mock/clock", json={"advance": 57, "frozen": False})
    expect(page.locator("[data-until]").first).to_have_text(re.compile("[23] s"))
    expect(page.get_by_text("All budgets are whole")).to_be_visible()


def test_tokens_are_valid_spent_and_expired(page: Page, busy: Served):
    """Counted and listed; the token itself stands nowhere."""
    page.goto("/_mock/dashboard/budgets")
    expect(page.locator("tbody .state")).to_have_text(["valid", "valid", "valid", "spent"])
    httpx.patch(f"{busy.url}/_mock/clock", json={"advance": 1200})
    expect(page.locator("tbody .state")).to_have_text(["expired", "valid", "valid", "spent"])


def test_the_clock_is_frozen_run_and_moved(page: Page, mock: Served):
    """The page and the mock agree."""
    page.goto("/_mock/")
    expect(page.locator("#now")).to_have_text("2026-01-01 00:00:00")
    page.get_by_role("button", name="+24 h").click()
    expect(page.locator("#now")).to_have_text("2026-01-02 00:00:00")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#now")).not_to_have_text("2026-01-02 00:00:00")
    page.get_by_role("button", name="Freeze").click()
    expect(page.get_by_role("button", name="Run")).to_be_visible()
    assert mock.app.world.clock.frozen


def test_a_change_from_elsewhere_is_seen(page: Page, mock: Served):
    """Another program's call of the control plane refreshes the page."""
    page.goto("/_mock/dashboard/keys?account=acme-fileforge")
    httpx.post(f"{mock.url}/_mock/accounts/acme-fileforge/keys", json={"name": "From a script"})

    expect(row(page, "From a script")).to_be_visible()


def test_the_world_is_reset(page: Page, busy: Served):
    """After a question; the traffic is forgotten."""
    page.goto("/_mock/")
    page.get_by_role("button", name="Reset").click()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Waiting for the first request")).to_be_visible()


def test_the_next_requests_are_refused(page: Page, mock: Served):
    """By a refusal of the provider's table, as often as was said; the traffic tells that it was a fault."""
    page.goto("/_mock/dashboard/faults")
    page.locator("[name=where]").select_option("operation fileforge.list_formats")
    page.get_by_label("A refusal of the provider's").check()
    page.locator("[name=refusal]").select_option("internal")
    page.get_by_label("Requests", exact=True).fill("2")
    page.get_by_role("button", name="Set fault").click()
    expect(row(page, "GET /v1/formats")).to_contain_text("2 times")

    assert [formats(mock, mock.key("fileforge")) for _ in range(3)] == [500, 500, 200]
    expect(row(page, "GET /v1/formats")).to_contain_text("spent")
    page.goto("/_mock/")
    page.locator(".requests a").nth(1).click()
    expect(page.locator("#exchange .refusal")).to_contain_text("answered internal instead (time 2 of 2)")


def test_a_share_is_dropped_cut_off_or_late(page: Page, mock: Served):
    """Each choice brings its own field; a fault that is removed strikes no more."""
    page.goto("/_mock/dashboard/faults")
    page.get_by_label("A share of all requests").check()
    page.get_by_label("Share percent").fill("100")
    page.get_by_label("No answer").check()
    expect(page.get_by_label("Delay")).to_be_hidden()
    page.get_by_role("button", name="Set fault").click()
    expect(row(page, "Everywhere")).to_contain_text("no answer")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        formats(mock, mock.key("fileforge"))
    expect(row(page, "Everywhere").get_by_role("cell").nth(2)).to_have_text("1")
    page.get_by_role("button", name="Remove the fault of Everywhere").click()
    expect(page.get_by_text("Nothing fails on purpose")).to_be_visible()

    page.get_by_label("A body that is cut off").check()
    page.get_by_label("Cut after").fill("10")
    page.get_by_role("button", name="Set fault").click()
    expect(row(page, "Everywhere")).to_contain_text("cut after 10 bytes")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        formats(mock, mock.key("fileforge"))
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Nothing fails on purpose")).to_be_visible()

    page.get_by_label("A late answer").check()
    page.get_by_label("Delay").fill("0.1")
    page.get_by_role("button", name="Set fault").click()
    expect(row(page, "Everywhere")).to_contain_text("waits 0.1 s")
    assert formats(mock, mock.key("fileforge")) == 200


def test_a_refusal_needs_its_provider(page: Page, mock: Served):
    """Everywhere has no table of refusals; each provider offers its own."""
    page.goto("/_mock/dashboard/faults")
    page.get_by_label("A refusal of the provider's").check()
    expect(page.locator("[name=refusal]").locator("option:not([hidden])")).to_have_text(["Choose where first"])
    page.locator("[name=where]").select_option("provider dezerx")
    table = mock.app.world.contract.providers["dezerx"].refusals
    expect(page.locator("[name=refusal]").locator("option:not([hidden])")).to_have_count(len(table))


@pytest.mark.parametrize("auth", ["strict", "presence", "off"])
def test_the_page_says_which_auth_is_on(serving: Callable[[Any], Served], auth: Any):
    """As the option that set it."""
    url = serving(create_app("fileforge", seed=1, auth=auth)).url

    assert f"--auth {auth}" in httpx.get(f"{url}/_mock/").text


def test_with_a_token_one_signs_in(browser: Browser, serving: Callable[[Any], Served]):
    """A wrong token is told; the right one opens the pages until signing out; the token is not in the cookie."""
    mock = serving(create_app("fileforge", seed=1, token="s3cret-token"))
    context = browser.new_context(base_url=mock.url)
    page = context.new_page()
    page.goto("/_mock/dashboard/keys")
    for token in ("wrong", "s3cret-token"):
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Sign in").click()
        if token == "wrong":
            expect(page.get_by_role("alert")).to_have_text("That is not the token.")
    expect(page.get_by_role("heading", name="Traffic")).to_be_visible()
    formats(mock, mock.key("fileforge"))
    expect(page.locator(".requests li")).to_have_count(1)
    page.get_by_role("button", name="+1 h").click()
    expect(page.locator("#now")).to_have_text("2026-01-01 01:00:00")

    [cookie] = context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/_mock")
    assert "s3cret" not in cookie["value"]
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Token")).to_be_visible()
    context.close()


def test_a_session_changes_nothing_from_another_page(serving: Callable[[Any], Served]):
    """Its cookie alone is not enough to change something, and a page of another site may not even ask."""
    url = serving(create_app("fileforge", seed=1, token="s3cret-token")).url
    with httpx.Client(base_url=url) as http:
        assert http.post("/_mock/dashboard/session", data={"token": "s3cret-token"}).status_code == 303
        assert http.get("/_mock/status").status_code == 200
        assert http.patch("/_mock/clock", json={"advance": 1}).status_code == 401
        assert (
            http.patch("/_mock/clock", json={"advance": 1}, headers={"Origin": "http://evil.example"}).status_code
            == 403
        )
        assert http.patch("/_mock/clock", json={"advance": 1}, headers={"Origin": url}).status_code == 200
    assert httpx.get(f"{url}/_mock/status").status_code == 401
    assert httpx.get(f"{url}/_mock/").status_code == 401
    assert httpx.post(f"{url}/_mock/dashboard/session", content=b"token=" + b"x" * 9999).status_code == 401


def test_a_page_of_another_site_sees_and_changes_nothing(
    browser: Browser, busy: Served, serving: Callable[[Any], Served]
):
    """From another origin, neither reading, changing nor framing works."""
    other = serving(create_app("fileforge", seed=1))
    context = browser.new_context(base_url=other.url)
    page = context.new_page()
    page.goto("/openapi.json")
    tried = "url => fetch(url).then(answer => answer.text(), () => 'refused')"
    changed = "url => fetch(url, {method: 'POST', mode: 'no-cors'}).then(() => 0, () => 0)"

    assert page.evaluate(tried, f"{busy.url}/_mock/journal") == "refused"
    page.evaluate(changed, f"{busy.url}/_mock/reset")
    assert len(busy.app.world.journal) > 0
    answer = httpx.get(f"{busy.url}/_mock/")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    context.close()


def test_no_page_shows_a_key(busy: Served):
    """Not one of the ready-made keys stands on any page."""
    raw = [key.key for name in busy.app.world.contract.providers for key in busy.app.world.ready_keys(name)]
    accounts = [f"/_mock/dashboard/keys?account={id}" for id in busy.app.world.accounts]
    opened = [f"/_mock/?open={entry.id}" for entry in busy.app.world.journal]
    shown = "".join(httpx.get(f"{busy.url}{path}").text for path in (*PAGES, *accounts, *opened[-12:]))

    assert [key for key in raw if key in shown] == []


def test_names_are_text_and_not_markup(page: Page, mock: Served):
    """What clients send and people type is shown as it is."""
    name = "<img src=x onerror=alert(1)>'\""
    httpx.post(f"{mock.url}/_mock/accounts/acme-fileforge/keys", json={"name": name})
    httpx.get(f"{mock.url}/v1/%3Cscript%3Ealert(1)%3C/script%3E")
    page.goto("/_mock/dashboard/keys?account=acme-fileforge")
    expect(row(page, name)).to_be_visible()
    page.goto("/_mock/")
    expect(page.locator(".requests .path").first).to_have_text("/v1/<script>alert(1)</script>")


def test_pages_are_read_without_javascript(browser: Browser, busy: Served):
    """Traffic, one request, keys and budgets."""
    context = browser.new_context(base_url=busy.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/_mock/")
    page.get_by_role("link", name="lacks scope").click()
    expect(page.locator(".refusal")).to_contain_text("document 001")
    page.get_by_role("link", name="API keys").click()
    expect(page.get_by_role("rowheader").first).to_be_visible()
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_pages_fit_a_phone(page: Page, busy: Served, path: str):
    """At 360 pixels nothing is wider than the screen."""
    page.set_viewport_size({"width": 360, "height": 740})
    for query in ("", "?provider=filescom", f"?open={list(busy.app.world.journal)[-1].id}"):
        page.goto(path + query)
        assert page.evaluate("document.documentElement.scrollWidth") == 360


#: The lowest contrast of any text with what is behind it (WCAG 2, 1.4.3), and that text.
CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
  const behind = (element) => { const colour = rgb(getComputedStyle(element).backgroundColor);
    return colour[3] === 255 || !element.parentElement ? colour : behind(element.parentElement); };
  const found = [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() && !e.closest(".skip, option")
    && [...e.childNodes].some((n) => n.nodeType === 3 && n.nodeValue.trim()));
  return found.map((e) => { const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))];
    return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), e.textContent.trim().slice(0, 40)]; }).sort((a, b) => a[0] - b[0])[0];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(page: Page, busy: Served, scheme: Any):
    """At least 4.5 to 1 everywhere, in light and dark."""
    page.emulate_media(color_scheme=scheme)
    for path in (
        *PAGES,
        "/_mock/dashboard/keys?account=acme-filescom",
        f"/_mock/?open={list(busy.app.world.journal)[-1].id}",
    ):
        page.goto(path)
        ratio, text = page.evaluate(CONTRAST)
        assert ratio >= 4.5, (path, text, ratio)


@pytest.mark.skipif(not SCREENSHOTS, reason="LATCHKEY_SCREENSHOTS names no folder to take them into")
def test_screenshots(page: Page, busy: Served):
    """What the README shows."""
    folder = Path(SCREENSHOTS or "")
    page.set_viewport_size({"width": 1280, "height": 760})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto("/_mock/")
        page.get_by_role("link", name="lacks scope").click()
        expect(page.locator("#exchange")).to_be_visible()
        page.screenshot(path=folder / f"traffic-{scheme}.png")
    page.emulate_media(color_scheme="light")
    page.goto("/_mock/dashboard/keys?account=acme-fileforge")
    page.screenshot(path=folder / "keys.png")
    page.goto("/_mock/dashboard/budgets")
    page.screenshot(path=folder / "budgets.png")

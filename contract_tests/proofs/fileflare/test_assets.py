"""Proofs of the rules of Fileflare: assets: seen, uploaded, stored and deleted."""

from __future__ import annotations

import re
from typing import Any

from contract_tests.answer import Answer
from contract_tests.lab import Lab, rule
from contract_tests.outcome import NotVerifiable, check
from contract_tests.proofs.fileflare.steps import (
    UUID,
    a_file,
    a_link,
    a_product,
    at_least,
    attached,
    cancelled,
    changed,
    deleted,
    dropped,
    everything_deleted,
    field_map,
    is_whole,
    known_order,
    link,
    listed,
    made_link,
    own_assets,
    pages,
    products_of,
    signed,
    signed_upload,
    sold_with,
    stored,
    taken,
    upload_story,
)

RFC3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"


# fileflare.io/docs, api-viewing-assets


@rule("fileflare.assets.list")
def test_list_assets(lab: Lab) -> None:
    """The list of assets has data and tells page and total."""
    answer = lab.call("list_assets", key=lab.key()).expect(200)
    data, total = answer.member("data"), answer.member("meta", "total")
    check(isinstance(data, list), "data to be a list", data)
    check(answer.member("meta", "current_page") == 1, "current_page 1", answer.member("meta"))
    check(isinstance(total, int) and total >= len(data), f"a total of {len(data)} or more", total)


@rule("fileflare.assets.fields")
def test_asset_fields(lab: Lab) -> None:
    """A listed link and a listed file have all seven members, each of its type."""
    (_, name), asset = a_file(lab), a_link(lab)
    for wanted, url in ((name, None), (asset["filename"], "https://example.com/latchkey")):
        found = listed(lab, wanted)
        check(len(found) == 1, f"the asset {wanted} to be listed once", found)
        _asset_fields(found[0], url)


@rule("fileflare.assets.paging")
def test_asset_paging(lab: Lab) -> None:
    """A page holds 25; pages of 10 do not overlap and together are as many as the total says."""
    made = at_least(lab, 26)
    first = lab.call("list_assets", key=lab.key()).expect(200)
    total = first.member("meta", "total")
    check(len(first.member("data")) == 25, "25 assets on a page", len(first.member("data")))
    found = [entry["id"] for page in pages(lab, "list_assets", per_page=10) for entry in page.member("data")]
    check(len(set(found)) == len(found), "each asset on one page", f"{len(found) - len(set(found))} repeated")
    expected = min(total, 200)
    check(len(found) == expected, f"{expected} assets on pages of 10", len(found))
    dropped(lab, *made)


@rule("fileflare.assets.per-page-max")
def test_per_page_max(lab: Lab) -> None:
    """A page of 100 is served; one of 101 is refused or cut to 100."""
    lab.call("list_assets", key=lab.key(), query={"per_page": 100}).expect(200)
    answer = lab.call("list_assets", key=lab.key(), query={"per_page": 101})
    if answer.passed:
        size = max(len(answer.member("data")), answer.member("meta").get("per_page", 0))
        check(size <= 100, "at most 100 assets on a page", size)


@rule("fileflare.assets.limit")
def test_asset_limit(lab: Lab) -> None:
    """With a limit of 3, pages of 2 hold 2 and 1."""
    made = at_least(lab, 4)
    sizes = [len(page.member("data")) for page in pages(lab, "list_assets", limit=3, per_page=2)]
    check(sizes == [2, 1], "pages of 2 and 1", sizes)
    dropped(lab, *made)


@rule("fileflare.assets.filename-filter")
def test_filename_filter(lab: Lab) -> None:
    """Part of a name finds the asset; part of another name does not."""
    asset, (file, _) = a_link(lab), a_file(lab)
    found = lab.call("list_assets", key=lab.key(), query={"filename": asset["filename"][3:-1]}).expect(200)
    ids = [entry["id"] for entry in found.member("data")]
    check(asset["id"] in ids and file not in ids, "the asset with this part in its name, not the other", found)


@rule("fileflare.assets.with-products")
def test_with_products(lab: Lab) -> None:
    """An attached asset names its product, one that is not attached names none."""
    shown, other = attached(lab), a_link(lab)
    shown.answer.given()
    check(shown.product["id"] in shown.named, "the asset to name its product", "it does not")
    named = products_of(lab, other["filename"])
    check(not named, "an unattached asset to name no product", named)


@rule("fileflare.assets.one")
def test_one_asset(lab: Lab) -> None:
    """An asset is found by its id, with what it was made of."""
    asset = a_link(lab)
    found = _one(lab.call("find_asset", key=lab.key(), path={"asset": asset["id"]}).expect(200))
    for name in ("id", "filename", "size", "url"):
        check(found.get(name) == asset[name], f"{name} {asset[name]}", found)


@rule("fileflare.assets.one-shape")
def test_one_shape(lab: Lab) -> None:
    """The single asset stands under data."""
    asset = a_link(lab)
    found = lab.call("find_asset", key=lab.key(), path={"asset": asset["id"]}).given().member("data", "id")
    check(found == asset["id"], asset["id"], found)


# fileflare.io/docs, api-assets-files


@rule("fileflare.upload.sign")
def test_sign(lab: Lab) -> None:
    """Asking for an upload answers the asset as announced and where to put its bytes."""
    name, answer = signed(lab)
    asset = answer.expect(200).member("asset")
    check(re.fullmatch(UUID, str(asset.get("id"))) is not None, "a UUID as id", asset)
    expected = (name, 5)
    check((asset.get("filename"), asset.get("size")) == expected, "{} of {} bytes".format(*expected), asset)
    url = str(answer.member("upload_url"))
    check(url.startswith(("http://", "https://")), "an upload_url", url)


@rule("fileflare.upload.sign-invalid")
def test_sign_invalid(lab: Lab) -> None:
    """What the page calls invalid is 422; a good type, or none, is accepted."""
    good = {"filename": lab.named("latchkey.txt"), "size": 5}
    wrong: list[dict[str, Any]] = [
        {"size": 5},
        {"filename": lab.named("latchkey.txt")},
        {**good, "size": "5 bytes"},
        {**good, "size": 1.5},
        {**good, "mime_type": "nonsense"},
    ]
    for body in lab.some(wrong):
        lab.call("sign_upload", key=lab.key(), json=body).expect(422)
    signed(lab)[1].passes()
    answer = lab.call("sign_upload", key=lab.key(), json={**good, "mime_type": "text/plain"}).passes()
    lab.call("cancel_upload", key=lab.key(), path={"asset": taken(answer, "asset", "id")})


@rule("fileflare.upload.put")
def test_put(lab: Lab) -> None:
    """The bytes are taken without a key, and answered with their ETag in quotes."""
    upload_story(lab).put.expect(200).header("ETag", r'"[^"]+"')


@rule("fileflare.upload.signature")
def test_signature(lab: Lab) -> None:
    """Without its signature, or with another, the same URL takes no bytes."""
    for answer in cancelled(lab).tampered:
        check(400 <= answer.status < 500, "an upload with a changed signature to be refused", answer)


@rule("fileflare.upload.expiry")
def test_upload_expiry(lab: Lab) -> None:
    """The URL takes bytes shortly before 12 hours have passed and none when they have."""
    lab.may_wait(43190)
    id, _, url = signed_upload(lab)
    lab.advance(43190)
    lab.request("PUT", url, content=b"hello").passes()
    lab.advance(11)
    answer = lab.request("PUT", url, content=b"hello")
    check(400 <= answer.status < 500, "an upload after 12 hours to be refused", answer)
    lab.call("cancel_upload", key=lab.key(), path={"asset": id})


@rule("fileflare.upload.confirm")
def test_confirm(lab: Lab) -> None:
    """A confirmed upload is listed as a file."""
    upload = upload_story(lab)
    upload.confirmed.passes()
    check([asset["id"] for asset in upload.shown] == [upload.id], "the confirmed asset to be listed", upload.shown)
    shown = [upload.shown[0].get(name) for name in ("is_file", "is_link", "url")]
    check(shown == [True, False, None], "a file without url", upload.shown)


@rule("fileflare.upload.confirm-created")
def test_confirm_created(lab: Lab) -> None:
    """A confirmation answers 201."""
    upload_story(lab).confirmed.expect(201)


@rule("fileflare.upload.confirm-needs-bytes")
def test_confirm_needs_bytes(lab: Lab) -> None:
    """Before its bytes came an upload cannot be confirmed, afterwards it can."""
    id, _, url = signed_upload(lab)
    lab.call("confirm_upload", key=lab.key(), path={"asset": id}).expect(422)
    lab.request("PUT", url, content=b"hello").given()
    lab.call("confirm_upload", key=lab.key(), path={"asset": id}).passes()
    dropped(lab, id)


@rule("fileflare.upload.pending-hidden")
def test_pending_hidden(lab: Lab) -> None:
    """An upload under way is not listed."""
    found = upload_story(lab).hidden
    check(not found, "no asset before its upload is confirmed", found)


@rule("fileflare.upload.cancel")
def test_cancel(lab: Lab) -> None:
    """A cancelled upload can no longer be confirmed, and its asset is not listed."""
    upload = cancelled(lab)
    upload.answer.passes()
    check(400 <= upload.confirmed.status < 500, "a cancelled upload not to be confirmed", upload.confirmed)
    check(not upload.found, "no asset after its upload was cancelled", upload.found)


# fileflare.io/docs, api-assets-url-assets


@rule("fileflare.store.link")
def test_store_link(lab: Lab) -> None:
    """An URL asset is answered as it was sent, as a link."""
    body, answer = stored(lab)
    answer.expect(200)
    expected = {"filename": body["filename"], "size": 10_000_000, "url": body["url"], "is_file": False, "is_link": True}
    asset = answer.member("asset")
    shown = {name: asset.get(name) for name in expected}
    check(shown == expected, str(expected), shown)
    check(re.fullmatch(UUID, str(asset.get("id"))) is not None, "a UUID as id", asset)


@rule("fileflare.store.required")
def test_store_required(lab: Lab) -> None:
    """An empty body has an error for each of four fields, and a body without one of them has one for that."""
    fields = {"filename", "size", "url", "type"}
    errors = field_map(lab.call("store_asset", key=lab.key(), json={}).expect(422))
    check(fields <= errors.keys(), "errors of filename, size, url and type", sorted(errors))
    for missing in lab.some(sorted(fields)):
        body = {name: value for name, value in link(lab).items() if name != missing}
        errors = field_map(lab.call("store_asset", key=lab.key(), json=body).expect(422))
        check(missing in errors, f"an error of {missing}", sorted(errors))


@rule("fileflare.store.url")
def test_store_url(lab: Lab) -> None:
    """A url that is none is refused."""
    for url in ("nowhere", "example dot com"):
        errors = field_map(lab.call("store_asset", key=lab.key(), json=link(lab, url=url)).expect(422))
        check("url" in errors, "an error of url", errors)


@rule("fileflare.store.type")
def test_store_type(lab: Lab) -> None:
    """Only "link" is a type."""
    for kind in lab.some(["file", "Link", ""]):
        errors = field_map(lab.call("store_asset", key=lab.key(), json=link(lab, type=kind)).expect(422))
        check("type" in errors, "an error of type", errors)


@rule("fileflare.store.size")
def test_store_size(lab: Lab) -> None:
    """The older generation's "10MB" is no size."""
    errors = field_map(lab.call("store_asset", key=lab.key(), json=link(lab, size="10MB")).expect(422))
    check("size" in errors, "an error of size", errors)


@rule("fileflare.store.update")
def test_update(lab: Lab) -> None:
    """A change of name, size and url is there when the asset is next asked for."""
    body, answer, found = changed(lab)
    answer.passes()
    shown = {name: _one(found.given()).get(name) for name in body}
    check(shown == body, str(body), shown)


@rule("fileflare.store.update-partial")
def test_update_partial(lab: Lab) -> None:
    """A new name alone leaves size and url; an uploaded file is no URL asset."""
    asset, (file, _) = made_link(lab), a_file(lab)
    lab.call(
        "update_asset", key=lab.key(), path={"asset": asset["id"]}, json={"filename": lab.named("renamed")}
    ).passes()
    found = _one(lab.call("find_asset", key=lab.key(), path={"asset": asset["id"]}).given())
    shown = (found.get("filename"), found.get("size"), found.get("url"))
    check(shown == (lab.named("renamed"), asset["size"], asset["url"]), "a new name and the old size and url", shown)
    lab.call("update_asset", key=lab.key(), path={"asset": file}, json=link(lab)).expect(404)
    dropped(lab, asset["id"])


# fileflare.io/docs, api-deleting-assets


@rule("fileflare.delete.one")
def test_delete(lab: Lab) -> None:
    """A deletion is answered 202 and deleted true."""
    answer = deleted(lab)[1].expect(202)
    check(answer.member("deleted") is True, "deleted true", answer)


@rule("fileflare.delete.unlisted")
def test_delete_unlisted(lab: Lab) -> None:
    """The asset is listed before its deletion and not right after."""
    before, answer, found = deleted(lab)
    if not before:
        raise NotVerifiable("a step before it failed: the new asset is not listed")
    answer.given()
    check(not found, "a deleted asset not to be listed", found)


@rule("fileflare.delete.gone")
def test_delete_gone(lab: Lab) -> None:
    """After its deletion an asset is 404, and neither its product nor its order shows it."""
    product, order, asset = a_product(lab), known_order(lab), made_link(lab)
    at = {"asset": asset["id"]}
    ids = {"product_ids": [product["product_id"]]}
    lab.call("attach_to_products", key=lab.key(), path=at, json=ids).given()
    lab.call("attach_to_order", key=lab.key(), path=order.at, json={"asset_ids": [asset["id"]]}).given()
    lab.call("delete_asset", key=lab.key(), path=at).given()
    lab.call("find_asset", key=lab.key(), path=at).expect(404)
    lab.call("delete_asset", key=lab.key(), path=at).expect(404)
    check(asset["id"] not in own_assets(lab, order.row), "the order without the deleted asset", "it still has it")
    check(asset["id"] not in sold_with(lab, product), "the product without the deleted asset", "it still has it")


@rule("fileflare.delete.all")
def test_delete_all(lab: Lab) -> None:
    """After deleting all, the list is empty."""
    lab.destroys()
    made_link(lab)
    everything_deleted(lab).expect(202)
    answer = lab.call("list_assets", key=lab.key()).given()
    check(answer.member("data") == [], "an empty list", answer)


@rule("fileflare.delete.all-body")
def test_delete_all_body(lab: Lab) -> None:
    """Deleting all is answered deleted true."""
    lab.destroys()
    answer = everything_deleted(lab).given()
    check(answer.member("deleted") is True, "deleted true", answer)


def _asset_fields(asset: dict[str, Any], url: str | None) -> None:
    check(re.fullmatch(UUID, str(asset.get("id"))) is not None, "a UUID as id", asset)
    check(isinstance(asset.get("filename"), str), "a filename", asset)
    check(is_whole(asset.get("size")), "a size in whole bytes", asset)
    kind = (asset.get("is_file"), asset.get("is_link"))
    check(kind == (url is None, url is not None), "is_file and is_link as it was made", asset)
    check("url" in asset and asset["url"] == url, f"url {url}", asset)
    check(re.fullmatch(RFC3339, str(asset.get("created_at"))) is not None, "created_at as of RFC 3339", asset)


def _one(answer: Answer) -> dict[str, Any]:
    """A single asset, wherever the answer has it: no page says where."""
    body = answer.json()
    found = next((body[name] for name in ("data", "asset") if isinstance(body, dict) and name in body), body)
    check(isinstance(found, dict), "an asset", answer)
    return dict(found)

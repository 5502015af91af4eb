"""Steps that several proofs of Files.com's rules share: keys and sessions made through the API, files, folders, errors."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from contract_tests.answer import Answer
from contract_tests.client import Fault
from contract_tests.lab import Lab
from contract_tests.outcome import NotVerifiable, check
from contract_tests.provision import Key
from contract_tests.story import answered

SESSION = "filescom_session"
SETS = ("mobile_app", "sync_app", "desktop_app", "office_integration", "files_only", "none", "full")
#: Where a key is used, beside the doors.
API = "API"
#: The smallest picture there is, one transparent pixel: content that is not text.
PIXEL = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")
MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass(frozen=True, slots=True)
class Made:
    """A key made through the API: what the answer that created it said, and its value."""

    id: int
    raw: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session, and the user whose it is."""

    id: str
    user: int
    answer: Answer


# Keys.


def create(lab: Lab, key: Key | str | None = None, *, by: str | None = None, **body: Any) -> Made:
    """A new key, site-wide unless the body names a user; created by the site-wide key unless another is given."""
    wanted = {"name": lab.name("proof"), **body}
    answer = lab.call("create_api_key", key=key or lab.key(), by=by, json=wanted).given(200, 201)
    return made(lab, answer)


def made(lab: Lab, answer: Answer) -> Made:
    raw, id = answer.member("key"), answer.member("id")
    if not isinstance(raw, str) or not isinstance(id, int):
        raise NotVerifiable(f"a step before it failed: {answer.request} answered no key that could be used")
    return Made(id, lab.hide(raw, f"KEY_{id}"), answer)


@contextmanager
def new_key(lab: Lab, key: Key | str | None = None, **body: Any) -> Iterator[Made]:
    """A new key that is deleted again in the end; where requests are dear, one that an earlier proof got in the same way."""
    if lab.thrifty:
        yield shared_key(lab, key, **body)
        return
    new = create(lab, key, **body)
    try:
        yield new
    finally:
        delete(lab, new.id)


def shared_key(lab: Lab, key: Key | str | None = None, **body: Any) -> Made:
    """A new key that stays as it is: each time another within a proof, and the same for all where requests are dear."""
    name = f"key by {getattr(key, 'situation', key)} {sorted(body.items())}"
    return lab.another(name, lambda: create(lab, key, **body))


def delete(lab: Lab, id: int, key: Key | str | None = None, **call: Any) -> Answer:
    return lab.call("delete_api_key", key=key or lab.key(), path={"id": id}, **call)


def update(lab: Lab, id: int, change: Mapping[str, Any], key: Key | str | None = None) -> Answer:
    return lab.call("update_api_key", key=key or lab.key(), path={"id": id}, json=change)


def find(lab: Lab, id: int, key: Key | str | None = None) -> Answer:
    return lab.call("find_api_key", key=key or lab.key(), path={"id": id})


def list_keys(lab: Lab, key: Key | str | None = None, **query: Any) -> Answer:
    return lab.call("list_api_keys", key=key or lab.key(), query={"per_page": 10000, **query})


def current(lab: Lab, key: Key | str | None) -> Answer:
    """The key in use; the cheapest call there is to try a key with."""
    return lab.call("find_current_api_key", key=key)


def works(lab: Lab, key: Key | str) -> None:
    current(lab, key).expect(200)


def is_refused(lab: Lab, key: Key | str) -> None:
    current(lab, key).expect(401, 403)


def user_of(lab: Lab, key: Key) -> int:
    """The id of the user whose key this is."""
    return lab.once(f"user of {key.situation}", lambda: _user_of(lab, key))


def _user_of(lab: Lab, key: Key) -> int:
    id = current(lab, key).given(200).member("user_id")
    if not isinstance(id, int):
        raise NotVerifiable(f"the key given as {key.situation} belongs to no user")
    return id


def ids(answer: Answer) -> list[Any]:
    """The ids in a list that was answered."""
    return [row.get("id") for row in rows(answer)]


def rows(answer: Answer) -> list[dict[str, Any]]:
    body = answer.json()
    check(isinstance(body, list), f"{answer.request} to answer a JSON array", answer)
    check(all(isinstance(row, dict) for row in body), f"{answer.request} to answer an array of objects", answer)
    return list(body)


def blank(value: Any) -> bool:
    return value in (None, "")


# Time.


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")


def seconds(text: Any) -> float:
    """Unix seconds of a date-time that was answered."""
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        check(False, "a date and time in ISO 8601", text)
        raise


def outlived(lab: Lab, place: str = API) -> tuple[Sequence[Any], Any]:
    """What a key that expires in 30 seconds is answered at the API, or how it signs in at a door: before, at once and after
    25 seconds, and a second after it expired. Where waiting is dear, it is tried at all places in one wait, and at doors before
    only once.

    Raises NotVerifiable, also where the target is so slow that nothing was answered before.
    """
    places = [place]
    if lab.shared and lab.provider.protocols:
        places = [API, *(name for name in lab.provider.protocols.doors if lab.has_door(name))]
    early, after = lab.once("outlived", lambda: _outlived(lab, places))[place]
    for answer in (*early, after):
        if isinstance(answer, NotVerifiable | Fault):
            raise answer
    if not early:
        raise NotVerifiable("the target is so slow that a key expires before it can be tried")
    return early, after


def _outlived(lab: Lab, places: Sequence[str]) -> dict[str, tuple[list[Any], Any]]:
    expires = int(lab.now()) + 30
    early: dict[str, list[Any]] = {place: [] for place in places}
    with new_key(lab, expires_at=moment(expires)) as key:
        for wanted, tried in ((expires - 30, places), (expires - 5, places[:1] if lab.thrifty else places)):
            _wait_until(lab, wanted)
            for place in tried:
                answer = _admitted(lab, place, key)
                # What was answered later may have been asked while the key ended.
                early[place] += [answer] if lab.now() <= expires - 2 else []
        _wait_until(lab, expires + 1)
        return {place: (early[place], _admitted(lab, place, key)) for place in places}


def _wait_until(lab: Lab, moment: float) -> None:
    if (seconds := moment - lab.now()) > 0:
        lab.advance(seconds)


def _admitted(lab: Lab, place: str, key: Made) -> Any:
    if place == API:
        return current(lab, key.raw)
    try:
        with lab.door(place).sign_in(f"@api-{key.id}", key.raw) as session:
            return session
    except (NotVerifiable, Fault) as problem:
        return problem


# Sessions.


def credentials(lab: Lab, situation: str = "member") -> tuple[str, str, int]:
    """User name, password and id of the user of this situation."""
    key = lab.key(situation)
    return lab.once(f"credentials of {situation}", lambda: _credentials(lab, key))


def _credentials(lab: Lab, key: Key) -> tuple[str, str, int]:
    told = lab.beside(key)
    return str(told["username"]), lab.hide(str(told["password"]), "PASSWORD"), user_of(lab, key)


def sign_in(lab: Lab, username: str, password: str, *, key: Key | None = None) -> Answer:
    return lab.call("create_session", key=key, json={"username": username, "password": password})


def session(lab: Lab, situation: str = "member") -> SignedIn:
    """A session that nobody ends."""
    return lab.once(f"session of {situation}", lambda: new_session(lab, situation))


def new_session(lab: Lab, situation: str = "member") -> SignedIn:
    username, password, user = credentials(lab, situation)
    answer = sign_in(lab, username, password).given(200, 201)
    return SignedIn(lab.hide(str(answer.member("id")), "SESSION"), user, answer)


# Files.


def home(lab: Lab, key: Key) -> str:
    """A folder in which the key's user may do everything, found by looking down from the root."""
    return lab.once(f"home of {key.situation}", lambda: _home(lab, key))


def _home(lab: Lab, key: Key) -> str:
    waiting, seen = [""], 0
    while waiting and seen < 20:
        folder, seen = waiting.pop(0), seen + 1
        for row in rows(listing(lab, key, folder).given(200)):
            if row.get("type") == "directory" and set("lrwd") <= set(row.get("permissions", "")):
                return str(row["path"])
            if row.get("type") == "directory":
                waiting.append(str(row["path"]))
    raise NotVerifiable(f"it needs a folder in which the user of the key given as {key.situation} may do everything")


def list_folder(lab: Lab, key: Key | str | None, folder: str, **call: Any) -> Answer:
    return lab.call("list_folder", key=key, path={"path": folder}, **call)


def listing(lab: Lab, key: Key, folder: str) -> Answer:
    """What the key is answered that lists a folder, whatever else is in it by now."""
    name = f"{folder} listed with {key.situation}"
    return answered(lab, name, lambda: list_folder(lab, key, folder))


def paths(answer: Answer) -> list[str]:
    return [str(row.get("path")) for row in rows(answer)]


def stat(lab: Lab, key: Key | str | None, path: str) -> Answer:
    return lab.call("find_file", key=key, path={"path": path})


def begin(lab: Lab, key: Key | str | None, path: str, size: int, **body: Any) -> Answer:
    return lab.call("begin_upload", key=key, path={"path": path}, json={"size": size, "mkdir_parents": True, **body})


def put(lab: Lab, begun: Answer, content: bytes, *, part: int = 0) -> Answer:
    """The upload of a part to the URL that was answered for it."""
    url = begun.member(part, "upload_uri")
    lab.hide(str(url), "UPLOAD_URL")
    return lab.request("PUT", str(url), content=content)


def finish(lab: Lab, key: Key | str | None, path: str, begun: Answer, etags: Mapping[int, str], size: int) -> Answer:
    named = [{"part": part, "etag": etag} for part, etag in etags.items()]
    body = {"action": "end", "ref": begun.member(0, "ref"), "etags": named, "size": size}
    return lab.call("finish_upload", key=key, path={"path": path}, json=body)


def upload(lab: Lab, key: Key | str | None, path: str, content: bytes) -> Answer:
    """The whole upload; the answer is that which finishes it."""
    begun = begin(lab, key, path, len(content)).given(200)
    sent = put(lab, begun, content).given(200)
    return finish(lab, key, path, begun, {1: etag(sent)}, len(content))


def uploads(lab: Lab, key: Key | str | None, path: str, content: bytes) -> Answer:
    """The whole upload, of which every step has to pass."""
    begun = begin(lab, key, path, len(content)).passes()
    sent = put(lab, begun, content).passes()
    return finish(lab, key, path, begun, {1: etag(sent)}, len(content)).passes()


def etag(sent: Answer) -> str:
    return str(sent.headers.get("ETag", "")).strip('"')


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def download(lab: Lab, key: Key | str | None, path: str, **query: Any) -> Answer:
    return lab.call("download_file", key=key, path={"path": path}, query=query or None)


def fetch(lab: Lab, offered: Answer) -> Answer:
    """The bytes behind the download_uri that was answered."""
    return lab.request("GET", lab.hide(str(offered.member("download_uri")), "DOWNLOAD_URL"))


def make_folder(lab: Lab, key: Key | str | None, path: str, **body: Any) -> Answer:
    return lab.call("create_folder", key=key, path={"path": path}, json=body)


def remove(lab: Lab, key: Key | str | None, path: str, **query: Any) -> Answer:
    return lab.call("delete_file", key=key, path={"path": path}, query=query or None)


@contextmanager
def scratch(lab: Lab, below: str = "", key: Key | None = None) -> Iterator[str]:
    """A folder of the proof's own, made by the site-wide key unless another is given, and deleted in the end."""
    if lab.thrifty:
        below = shared_scratch(lab, below, key)
    path = f"{below}/{lab.name('proof')}".lstrip("/")
    make_folder(lab, key or lab.key(), path).given()
    try:
        yield path
    finally:
        if not lab.thrifty:
            remove(lab, lab.key(), path, recursive=True)


def shared_scratch(lab: Lab, below: str = "", key: Key | None = None) -> str:
    """A folder for several proofs where requests are dear, made by the site-wide key unless another is given."""
    return lab.once(f"scratch below {below}", lambda: _scratch_below(lab, below, key))


def _scratch_below(lab: Lab, below: str, key: Key | None) -> str:
    """A folder for the folders of all proofs."""
    path = f"{below}/{lab.name('proofs')}".lstrip("/")
    make_folder(lab, key or lab.key(), path).given()
    return path


# What answers show.


def listed(lab: Lab, key: Key | None = None) -> list[Any]:
    """The ids of all keys that are listed."""
    return ids(list_keys(lab, key).expect(200))


def shows(answer: Answer, **members: Any) -> None:
    shown = {name: answer.json().get(name) for name in members}
    check(shown == members, f"{answer.request} to show {members}", shown)

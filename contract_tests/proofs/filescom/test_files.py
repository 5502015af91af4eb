"""Proofs of the rules of Files.com: files and folders."""

from __future__ import annotations

from contract_tests.answer import Answer
from contract_tests.lab import Lab, rule
from contract_tests.outcome import check
from contract_tests.proofs.filescom import errors, files, steps

# Files and folders: SDKs and recorded answers


@rule("filescom.folder.list")
def test_folder_list(lab: Lab) -> None:
    """A folder with files and folders in it lists these, and not what is deeper."""
    answer = _listed(lab).expect(200).conforms()
    types = {files.PICTURE: "file", files.FILE: "file", files.FOLDER: "directory", files.BESIDE: "directory"}
    # In whatever case: that is a rule of its own.
    shown = {row["path"].lower(): (row["display_name"].lower(), row["type"]) for row in steps.rows(answer)}
    wanted = {files.path(lab, name).lower(): (name.lower(), type) for name, type in types.items()}
    check(shown == wanted, f"{wanted}", shown)


@rule("filescom.folder.first")
def test_folder_first(lab: Lab) -> None:
    """Folders whose names begin with s stand before files whose names begin with p and r."""
    types = [row.get("type") for row in steps.rows(_listed(lab).expect(200))]
    check(types == ["directory", "directory", "file", "file"], "two folders, then two files", types)


def _listed(lab: Lab) -> Answer:
    """What is answered to who lists the folder with all files, the folder in it being there."""
    life = files.tree(lab)
    life[f"{files.BESIDE} listed"].given(200)
    return life["listed"]


@rule("filescom.folder.not-a-file")
def test_folder_not_a_file(lab: Lab) -> None:
    """What can be listed is a folder, and a file is none."""
    files.tree(lab)["listed"].passes()
    steps.list_folder(lab, lab.key(), files.path(lab, files.PICTURE)).expect(400, 404, 422)


@rule("filescom.folder.create")
def test_folder_create(lab: Lab) -> None:
    """A new folder is answered, and listed empty."""
    life = files.tree(lab)
    created = life[f"{files.BESIDE} created"].expect(201).conforms()
    steps.shows(created, path=f"{life.about}/{files.BESIDE}", type="directory")
    inside = steps.rows(life[f"{files.BESIDE} listed"].expect(200))
    check(not inside, "nothing in the new folder", inside)


@rule("filescom.folder.exists")
def test_folder_exists(lab: Lab) -> None:
    """A folder is created once, and not a second time."""
    life = files.tree(lab)
    life[f"{files.BESIDE} listed"].given(200)
    errors.refuses(life[f"{files.BESIDE} created again"], "processing-failure/destination-exists", 422)


@rule("filescom.folder.parents")
def test_folder_parents(lab: Lab) -> None:
    """Two folders deep is refused, and made when that is asked for."""
    folder = f"{files.path(lab)}/{lab.name('one')}"
    answer = steps.make_folder(lab, lab.key(), f"{folder}/two")
    errors.refuses(answer, "processing-failure/destination-parent-does-not-exist", 409)
    steps.make_folder(lab, lab.key(), f"{folder}/two", mkdir_parents=True).passes()
    steps.list_folder(lab, lab.key(), folder).passes()


@rule("filescom.folder.not-empty")
def test_folder_not_empty(lab: Lab) -> None:
    """A folder with a file in it stays until it is deleted with what is in it."""
    folder, file = files.path(lab, files.FOLDER), files.path(lab, files.DEEP)
    errors.refuses(steps.remove(lab, lab.key(), folder), "processing-failure/folder-not-empty", 422)
    steps.stat(lab, lab.key(), file).expect(200)
    steps.remove(lab, lab.key(), folder, recursive=True).passes()
    for path in lab.some((file, folder), 1, "things that were in it"):
        steps.stat(lab, lab.key(), path).expect(404)


@rule("filescom.upload.loop")
def test_upload_loop(lab: Lab) -> None:
    """A picture is uploaded step by step and is there, of its size."""
    life = files.tree(lab)
    life[f"{files.PICTURE} begun"].expect(200).conforms()
    life[f"{files.PICTURE} put"].expect(200)
    life[f"{files.PICTURE} finished"].passes().conforms()
    path = files.path(lab, files.PICTURE)
    steps.shows(steps.stat(lab, lab.key(), path).expect(200).conforms(), path=path, type="file", size=len(steps.PIXEL))


@rule("filescom.upload.etag")
def test_upload_etag(lab: Lab) -> None:
    """Two contents are answered with the MD5 of each."""
    for name in (files.PICTURE, files.FILE):
        sent = files.tree(lab)[f"{name} put"].expect(200)
        sent.header("ETag", f'"{steps.md5(files.CONTENTS[name])}"')


@rule("filescom.upload.finish-status")
def test_upload_finish_status(lab: Lab) -> None:
    """The first upload to a path creates the file, the second replaces what it held."""
    files.tree(lab)[f"{files.FILE} finished"].expect(201)
    life = files.replaced(lab)
    life["finished"].given().expect(200)
    held, first = life["content"].given(200).content, files.CONTENTS[files.FILE]
    check(first not in held, "nothing of the content of the first upload", f"{len(held)} bytes with {first!r} in them")


@rule("filescom.upload.parts")
def test_upload_parts(lab: Lab) -> None:
    """Of two parts, sent the second first, the file is the first and then the second."""
    life = files.replaced(lab)
    contents, number = files.parts(life["begun"]), life["more"].expect(200).member(0, "part_number")
    check(number == 2, "an URL of part 2", number)
    for step in ("put 2", "put 1"):
        life[step].expect(200)
    life["finished"].passes()
    held = life["content"].given(200).content
    check(held == contents[1] + contents[2], "the two parts in their order", f"{len(held)} bytes, not so")


@rule("filescom.upload.url-expires")
def test_upload_url_expires(lab: Lab) -> None:
    """An upload URL works 14 minutes and 50 seconds after it was given, and not 15 minutes and 5 seconds after."""
    lab.may_wait(14 * steps.MINUTE + 50)
    begun = steps.begin(lab, lab.key(), f"{files.path(lab)}/{lab.name('late')}.txt", 4).given(200)
    lab.advance(14 * steps.MINUTE + 50)
    steps.put(lab, begun, b"late").expect(200)
    lab.advance(15)
    steps.put(lab, begun, b"late").expect(400, 403)


@rule("filescom.upload.finish-needs-bytes")
def test_upload_finish_needs_bytes(lab: Lab) -> None:
    """An upload to which nothing was put leaves no file."""
    path = f"{files.path(lab)}/{lab.name('empty')}.txt"
    begun = steps.begin(lab, lab.key(), path, 5).given(200)
    steps.finish(lab, lab.key(), path, begun, {}, 5).expect(400, 404, 409, 422)
    steps.stat(lab, lab.key(), path).expect(404)


@rule("filescom.upload.etags")
def test_upload_etags(lab: Lab) -> None:
    """Finishing is refused with another's ETag and passes with the part's own, its number as a number or as text."""
    for part in lab.some((1, "1"), 1, "forms of its number"):
        path = f"{files.path(lab)}/{lab.name(type(part).__name__)}.txt"
        begun = steps.begin(lab, lab.key(), path, 2).given(200)
        sent = steps.put(lab, begun, b"it").given(200)
        body = {"action": "end", "ref": begun.member(0, "ref"), "size": 2}
        for etag, kept in (("0" * 32, False), (steps.etag(sent), True)):
            named = {**body, "etags": [{"etag": etag, "part": part}]}
            answer = lab.call("finish_upload", key=lab.key(), path={"path": path}, json=named)
            answer.passes() if kept else answer.expect(400, 409, 412, 422)


@rule("filescom.upload.unknown-ref")
def test_upload_unknown_ref(lab: Lab) -> None:
    """Neither an invented upload nor a finished one can be gone on with or finished."""
    path, begun = files.path(lab, files.PICTURE), files.tree(lab)[f"{files.PICTURE} begun"]
    for ref in ("put-0", begun.member(0, "ref")):
        steps.begin(lab, lab.key(), path, len(steps.PIXEL), ref=ref, part=2).expect(404)
        body = {"action": "end", "ref": ref}
        lab.call("finish_upload", key=lab.key(), path={"path": path}, json=body).expect(404)


@rule("filescom.download.uri")
def test_download_uri(lab: Lab) -> None:
    """A download offers an URL; with action stat there is the file and no URL."""
    offered, path = files.offered(lab)["offered"].expect(200).conforms(), files.path(lab, files.PICTURE)
    check(str(offered.member("download_uri")).startswith("http"), "a download_uri", offered)
    stat = steps.download(lab, lab.key(), path, action="stat").expect(200)
    check(steps.blank(stat.json().get("download_uri")), "no download_uri with action stat", "there is one")
    steps.shows(stat, path=path)


@rule("filescom.download.bytes")
def test_download_bytes(lab: Lab) -> None:
    """The URL answers with what was uploaded, to be saved under the name of the file."""
    answer = files.offered(lab)["fetched"].expect(200)
    check(answer.content == steps.PIXEL, "the bytes that were uploaded", f"{len(answer.content)} bytes, not so")
    answer.header("Content-Disposition", r'attachment;.*filename\*?=.*pixel\.png"?.*')


@rule("filescom.download.redirect")
def test_download_redirect(lab: Lab) -> None:
    """With action redirect, the Location leads to the bytes."""
    answer = steps.download(lab, lab.key(), files.path(lab, files.PICTURE), action="redirect").expect(302)
    location = lab.hide(answer.header("Location", ".+"), "DOWNLOAD_URL")
    content = lab.request("GET", location).expect(200).content
    check(content == steps.PIXEL, "the bytes that were uploaded", f"{len(content)} bytes, not so")


@rule("filescom.download.url-expires")
def test_download_url_expires(lab: Lab) -> None:
    """A download URL works 50 seconds after it was given, and not 65 seconds after."""
    lab.afresh()
    offered = steps.download(lab, lab.key(), files.path(lab, files.PICTURE)).given(200)
    lab.advance(50)
    steps.fetch(lab, offered).expect(200)
    lab.advance(15)
    steps.fetch(lab, offered).expect(400, 403)


@rule("filescom.file.delete")
def test_file_delete(lab: Lab) -> None:
    """Of two files, the deleted one is gone and the other is not."""
    life, deleted, other = files.ended(lab), files.path(lab, files.FILE), files.path(lab, files.PICTURE)
    life["deleted"].expect(204)
    life["found deleted"].expect(404)
    left = steps.paths(life["listed without"].expect(200))
    check(other in left and deleted not in left, "the other file and not this one", left)


@rule("filescom.file.missing")
def test_file_missing(lab: Lab) -> None:
    """A path without a file is answered alike to find, download and delete."""
    for answer in (
        files.missing(lab),
        steps.download(lab, lab.key(), files.MISSING),
        steps.remove(lab, lab.key(), files.MISSING),
    ):
        errors.refuses(answer, "not-found", 404)


@rule("filescom.file.directory")
def test_file_directory(lab: Lab) -> None:
    """A folder that can be listed cannot be downloaded."""
    answer = steps.download(lab, lab.key(), files.path(lab))
    errors.refuses(answer, "bad-request/cannot-download-directory", 400, 422)


@rule("filescom.file.case")
def test_file_case(lab: Lab) -> None:
    """A file is found in any case, shown in the one it was created with, and overwritten rather than doubled."""
    life = files.ended(lab)
    for name in lab.some(files.SPELLINGS, files.SPELLED, "spellings"):
        shown = life[f"found as {name}"].expect(200).member("display_name")
        check(shown == files.FILE, f"the name {files.FILE}", shown)
    life["overwritten"].passes()
    named = [path for path in steps.paths(life["listed"].expect(200)) if path.lower().endswith(files.FILE.lower())]
    check(len(named) == 1, "one file", named)


@rule("filescom.file-permission.letters")
def test_file_permission_letters(lab: Lab) -> None:
    """Where a user may only read, they list and download; uploads and deletions are refused."""
    member = lab.key("member")
    permissions = [row for row in lab.admin.rows("permissions") if row.get("user_id") == steps.user_of(lab, member)]
    folder = next(row["path"] for row in permissions if row["permission"] == "readonly")
    shown = steps.rows(steps.list_folder(lab, member, folder).expect(200))
    file = next(row for row in shown if row["type"] == "file")
    steps.download(lab, member, file["path"]).expect(200)
    steps.begin(lab, member, f"{folder}/new.txt", 1).expect(403)
    steps.begin(lab, member, file["path"], 1).expect(403)
    lab.call("create_folder", key=member, path={"path": f"{folder}/new"}, json={}).expect(403)
    steps.remove(lab, member, file["path"]).expect(403)

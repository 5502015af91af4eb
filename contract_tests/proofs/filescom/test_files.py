"""Proofs of the rules of Files.com: files and folders."""

from __future__ import annotations

from contract_tests.lab import Lab, rule
from contract_tests.outcome import check
from contract_tests.proofs.filescom import steps

# Files and folders: SDKs and recorded answers


@rule("filescom.folder.list")
def test_folder_list(lab: Lab) -> None:
    """A folder with a file and a folder in it lists these two, and not what is deeper."""
    with steps.scratch(lab, filled=True) as folder:
        for path in (f"{folder}/a.txt", f"{folder}/sub/deep.txt"):
            steps.upload(lab, lab.key(), path, b"a").given()
        answer = steps.list_folder(lab, lab.key(), folder).expect(200).conforms()
        shown = {row["path"]: (row["display_name"], row["type"]) for row in steps.rows(answer)}
        wanted = {f"{folder}/a.txt": ("a.txt", "file"), f"{folder}/sub": ("sub", "directory")}
        check(shown == wanted, f"{wanted}", shown)


@rule("filescom.folder.first")
def test_folder_first(lab: Lab) -> None:
    """Folders called y and z stand before files called a and b."""
    with steps.scratch(lab, filled=True) as folder:
        for path in ("b.txt", "z/in.txt", "a.txt", "y/in.txt"):
            steps.upload(lab, lab.key(), f"{folder}/{path}", b"a").given()
        types = [row.get("type") for row in steps.rows(steps.list_folder(lab, lab.key(), folder).expect(200))]
        check(types == ["directory", "directory", "file", "file"], "two folders, then two files", types)


@rule("filescom.folder.not-a-file")
def test_folder_not_a_file(lab: Lab) -> None:
    """What can be listed is a folder, and a file is none."""
    with steps.scratch(lab, filled=True) as folder:
        steps.upload(lab, lab.key(), f"{folder}/a.txt", b"a").given()
        steps.list_folder(lab, lab.key(), folder).passes()
        steps.list_folder(lab, lab.key(), f"{folder}/a.txt").expect(400, 404, 422)


@rule("filescom.folder.create")
def test_folder_create(lab: Lab) -> None:
    """A new folder is answered, and listed empty."""
    with steps.scratch(lab) as folder:
        answer = (
            lab.call("create_folder", key=lab.key(), path={"path": f"{folder}/new"}, json={}).expect(201).conforms()
        )
        steps.shows(answer, path=f"{folder}/new", type="directory")
        inside = steps.rows(steps.list_folder(lab, lab.key(), f"{folder}/new").expect(200))
        check(not inside, "nothing in the new folder", inside)


@rule("filescom.folder.exists")
def test_folder_exists(lab: Lab) -> None:
    """A folder is created once, and not a second time."""
    with steps.scratch(lab) as folder:
        for path in (folder, f"{folder}/new", f"{folder}/new"):
            answer = lab.call("create_folder", key=lab.key(), path={"path": path}, json={})
            if path != folder and not answer.passed:
                break
        steps.refuses(answer, "processing-failure/destination-exists", 422)
        again = lab.call("create_folder", key=lab.key(), path={"path": folder}, json={})
        steps.refuses(again, "processing-failure/destination-exists", 422)


@rule("filescom.folder.parents")
def test_folder_parents(lab: Lab) -> None:
    """Two folders deep is refused, and made when that is asked for."""
    with steps.scratch(lab) as folder:
        path = {"path": f"{folder}/one/two"}
        answer = lab.call("create_folder", key=lab.key(), path=path, json={})
        steps.refuses(answer, "processing-failure/destination-parent-does-not-exist", 409)
        lab.call("create_folder", key=lab.key(), path=path, json={"mkdir_parents": True}).passes()
        steps.list_folder(lab, lab.key(), f"{folder}/one").passes()


@rule("filescom.folder.not-empty")
def test_folder_not_empty(lab: Lab) -> None:
    """A folder with a file in it stays until it is deleted with what is in it."""
    with steps.scratch(lab, filled=True) as folder:
        steps.upload(lab, lab.key(), f"{folder}/sub/a.txt", b"a").given()
        refused = steps.remove(lab, lab.key(), f"{folder}/sub")
        steps.refuses(refused, "processing-failure/folder-not-empty", 422)
        steps.stat(lab, lab.key(), f"{folder}/sub/a.txt").expect(200)
        steps.remove(lab, lab.key(), f"{folder}/sub", recursive=True).passes()
        for path in (f"{folder}/sub/a.txt", f"{folder}/sub"):
            steps.stat(lab, lab.key(), path).expect(404)


@rule("filescom.upload.loop")
def test_upload_loop(lab: Lab) -> None:
    """A picture is uploaded step by step and is there, of its size."""
    with steps.scratch(lab, filled=True) as folder:
        path = f"{folder}/pixel.png"
        begun = steps.begin(lab, lab.key(), path, len(steps.PIXEL)).expect(200).conforms()
        sent = steps.put(lab, begun, steps.PIXEL).expect(200)
        steps.finish(lab, lab.key(), path, begun, {1: steps.etag(sent)}, len(steps.PIXEL)).passes().conforms()
        found = steps.stat(lab, lab.key(), path).expect(200).conforms()
        steps.shows(found, path=path, type="file", size=len(steps.PIXEL))


@rule("filescom.upload.etag")
def test_upload_etag(lab: Lab) -> None:
    """Two contents are answered with the MD5 of each."""
    with steps.scratch(lab, filled=True) as folder:
        for content in (b"one", steps.PIXEL):
            begun = steps.begin(lab, lab.key(), f"{folder}/it", len(content)).given(200)
            sent = steps.put(lab, begun, content).expect(200)
            sent.header("ETag", f'"{steps.md5(content)}"')


@rule("filescom.upload.finish-status")
def test_upload_finish_status(lab: Lab) -> None:
    """The first upload to a path creates the file, the second replaces what it held."""
    with steps.scratch(lab, filled=True) as folder:
        path = f"{folder}/report.txt"
        steps.upload(lab, lab.key(), path, b"first").expect(201)
        steps.upload(lab, lab.key(), path, b"second").expect(200)
        content = steps.fetch(lab, steps.download(lab, lab.key(), path).given(200)).content
        check(content == b"second", "the content of the second upload", content)


@rule("filescom.upload.parts")
def test_upload_parts(lab: Lab) -> None:
    """Of two parts, sent the second first, the file is the first and then the second."""
    with steps.scratch(lab, filled=True) as folder:
        path = f"{folder}/long.bin"
        begun = steps.begin(lab, lab.key(), path, 0).given(200)
        size = int(begun.member(0, "partsize"))
        contents = {1: b"1" * size, 2: b"two"}
        more = steps.begin(lab, lab.key(), path, 0, ref=begun.member(0, "ref"), part=2).expect(200)
        check(more.member(0, "part_number") == 2, "an URL of part 2", more.member(0, "part_number"))
        etags = {2: steps.etag(steps.put(lab, more, contents[2]).expect(200))}
        etags = {1: steps.etag(steps.put(lab, begun, contents[1]).expect(200)), **etags}
        steps.finish(lab, lab.key(), path, begun, etags, size + 3).passes()
        content = steps.fetch(lab, steps.download(lab, lab.key(), path).given(200)).content
        check(content == contents[1] + contents[2], "the two parts in their order", f"{len(content)} bytes, not so")


@rule("filescom.upload.url-expires")
def test_upload_url_expires(lab: Lab) -> None:
    """An upload URL works 14 minutes and 50 seconds after it was given, and not 15 minutes and 5 seconds after."""
    with steps.scratch(lab, filled=True) as folder:
        lab.may_wait(14 * steps.MINUTE + 50)
        begun = steps.begin(lab, lab.key(), f"{folder}/late.txt", 4).given(200)
        lab.advance(14 * steps.MINUTE + 50)
        steps.put(lab, begun, b"late").expect(200)
        lab.advance(15)
        steps.put(lab, begun, b"late").expect(400, 403)


@rule("filescom.upload.finish-needs-bytes")
def test_upload_finish_needs_bytes(lab: Lab) -> None:
    """An upload to which nothing was put leaves no file."""
    with steps.scratch(lab) as folder:
        path = f"{folder}/empty.txt"
        begun = steps.begin(lab, lab.key(), path, 5).given(200)
        steps.finish(lab, lab.key(), path, begun, {}, 5).expect(400, 404, 409, 422)
        steps.stat(lab, lab.key(), path).expect(404)


@rule("filescom.upload.etags")
def test_upload_etags(lab: Lab) -> None:
    """Finishing is refused with another's ETag and passes with the part's own, its number as a number or as text."""
    with steps.scratch(lab, filled=True) as folder:
        for part in (1, "1"):
            path = f"{folder}/{type(part).__name__}.txt"
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
    with steps.scratch(lab, filled=True) as folder:
        path = f"{folder}/once.txt"
        begun = steps.begin(lab, lab.key(), path, 4).given(200)
        sent = steps.put(lab, begun, b"once").given(200)
        steps.finish(lab, lab.key(), path, begun, {1: steps.etag(sent)}, 4).given(200, 201)
        for ref in ("put-0", begun.member(0, "ref")):
            steps.begin(lab, lab.key(), path, 4, ref=ref, part=2).expect(404)
            body = {"action": "end", "ref": ref}
            lab.call("finish_upload", key=lab.key(), path={"path": path}, json=body).expect(404)


@rule("filescom.download.uri")
def test_download_uri(lab: Lab) -> None:
    """A download offers an URL; with action stat there is the file and no URL."""
    path = steps.picture(lab)
    offered = steps.download(lab, lab.key(), path).expect(200).conforms()
    check(str(offered.member("download_uri")).startswith("http"), "a download_uri", offered)
    stat = steps.download(lab, lab.key(), path, action="stat").expect(200)
    check(steps.blank(stat.json().get("download_uri")), "no download_uri with action stat", "there is one")
    steps.shows(stat, path=path)


@rule("filescom.download.bytes")
def test_download_bytes(lab: Lab) -> None:
    """The URL answers with what was uploaded, to be saved under the name of the file."""
    answer = steps.fetch(lab, steps.download(lab, lab.key(), steps.picture(lab)).given(200)).expect(200)
    check(answer.content == steps.PIXEL, "the bytes that were uploaded", f"{len(answer.content)} bytes, not so")
    answer.header("Content-Disposition", r'attachment;.*filename\*?=.*pixel\.png"?.*')


@rule("filescom.download.redirect")
def test_download_redirect(lab: Lab) -> None:
    """With action redirect, the Location leads to the bytes."""
    answer = steps.download(lab, lab.key(), steps.picture(lab), action="redirect").expect(302)
    location = lab.hide(answer.header("Location", ".+"), "DOWNLOAD_URL")
    content = lab.request("GET", location).expect(200).content
    check(content == steps.PIXEL, "the bytes that were uploaded", f"{len(content)} bytes, not so")


@rule("filescom.download.url-expires")
def test_download_url_expires(lab: Lab) -> None:
    """A download URL works 50 seconds after it was given, more than once, and not 65 seconds after."""
    lab.afresh()
    offered = steps.download(lab, lab.key(), steps.picture(lab)).given(200)
    steps.fetch(lab, offered).expect(200)
    lab.advance(50)
    steps.fetch(lab, offered).expect(200)
    lab.advance(15)
    steps.fetch(lab, offered).expect(400, 403)


@rule("filescom.file.delete")
def test_file_delete(lab: Lab) -> None:
    """Of two files, the deleted one is gone and the other is not."""
    with steps.scratch(lab, filled=True) as folder:
        for name in ("a.txt", "b.txt"):
            steps.upload(lab, lab.key(), f"{folder}/{name}", b"a").given()
        steps.remove(lab, lab.key(), f"{folder}/a.txt").expect(204)
        steps.stat(lab, lab.key(), f"{folder}/a.txt").expect(404)
        left = steps.paths(steps.list_folder(lab, lab.key(), folder).expect(200))
        check(left == [f"{folder}/b.txt"], "the other file alone", left)


@rule("filescom.file.missing")
def test_file_missing(lab: Lab) -> None:
    """A path without a file is answered alike to find, download and delete."""
    for answer in (
        steps.stat(lab, lab.key(), "no/such/file.txt"),
        steps.download(lab, lab.key(), "no/such/file.txt"),
        steps.remove(lab, lab.key(), "no/such/file.txt"),
    ):
        steps.refuses(answer, "not-found", 404)


@rule("filescom.file.directory")
def test_file_directory(lab: Lab) -> None:
    """A folder that can be listed cannot be downloaded."""
    with steps.scratch(lab) as folder:
        answer = steps.download(lab, lab.key(), folder)
        steps.refuses(answer, "bad-request/cannot-download-directory", 400, 422)


@rule("filescom.file.case")
def test_file_case(lab: Lab) -> None:
    """A file is found in any case, shown in the one it was created with, and overwritten rather than doubled."""
    with steps.scratch(lab, filled=True) as folder:
        steps.upload(lab, lab.key(), f"{folder}/ReadMe.TXT", b"one").given()
        for name in ("ReadMe.TXT", "readme.txt", "README.TXT"):
            found = steps.stat(lab, lab.key(), f"{folder}/{name}").expect(200)
            check(found.member("display_name") == "ReadMe.TXT", "the name ReadMe.TXT", found.member("display_name"))
        steps.upload(lab, lab.key(), f"{folder}/readme.txt", b"two").passes()
        shown = steps.paths(steps.list_folder(lab, lab.key(), folder).expect(200))
        check(len(shown) == 1, "one file", shown)


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

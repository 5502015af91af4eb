"""Files of Files.com that proofs look at, each uploaded once, and what the uploads were answered."""

from __future__ import annotations

from collections.abc import Callable

from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.outcome import NotVerifiable
from contract_tests.proofs.filescom import steps
from contract_tests.provision import Key
from contract_tests.story import Steps, Story, answered, told

#: A picture that stays as it is, a file that is replaced and then deleted, and one in a folder that is deleted with it. Beside
#: that is a folder whose name begins alike. By their names alone, the folders stand behind the files.
PICTURE, FILE, DEEP = "pixel.png", "ReadMe.TXT", "sub/deep.txt"
FOLDER, BESIDE = "sub", "sub-beside"
#: Where no file is.
MISSING = "no/such/file.txt"
CONTENTS = {PICTURE: steps.PIXEL, FILE: b"first", DEEP: b"deep"}


def tree(lab: Lab) -> Story:
    """These files in a folder of the site, which is created; the one beside is created, listed and created again, each file
    begun, put and finished, and all listed.
    """
    folder = lab.name("tree")
    return told(lab, "tree", lambda: _tree(lab, folder), about=folder)


def _tree(lab: Lab, folder: str) -> Steps:
    yield "created", (created := steps.make_folder(lab, lab.key(), folder))
    created.given()
    beside = f"{folder}/{BESIDE}"
    yield f"{BESIDE} created", steps.make_folder(lab, lab.key(), beside)
    yield f"{BESIDE} listed", steps.list_folder(lab, lab.key(), beside)
    yield f"{BESIDE} created again", steps.make_folder(lab, lab.key(), beside)
    for name, content in CONTENTS.items():
        for step, answer in _uploaded(lab, lab.key(), f"{folder}/{name}", content):
            yield f"{name} {step}", answer
    yield "listed", steps.list_folder(lab, lab.key(), folder)


def path(lab: Lab, name: str = "") -> str:
    """Where the file or folder of this name is, without one the folder with all of them. Raises NotVerifiable where the
    files could not be uploaded.
    """
    story = tree(lab)
    story["listed"].given(200)
    return f"{story.about}/{name}".rstrip("/")


def own(lab: Lab, situation: str) -> Story:
    """A file that a user uploads to their home: begun, put, finished."""
    key = lab.key(situation)
    path = f"{steps.home(lab, key)}/{lab.name('own')}.txt"
    return told(lab, f"file of {situation}", lambda: _uploaded(lab, key, path, b"a user's own"), about=path)


def own_path(lab: Lab, situation: str) -> str:
    """Where that file is. Raises NotVerifiable where it could not be uploaded."""
    story = own(lab, situation)
    story["finished"].given()
    return story.about


def downloaded(lab: Lab, situation: str, owner: str) -> Answer:
    """What a user is answered who downloads the file of that owner."""
    path = own_path(lab, owner)
    name = f"file of {owner} downloaded by {situation}"
    return answered(lab, name, lambda: steps.download(lab, lab.key(situation), path))


def _uploaded(lab: Lab, key: Key | str, path: str, content: bytes) -> Steps:
    """An upload's steps: begun, put, finished."""
    yield "begun", (begun := steps.begin(lab, key, path, len(content)))
    yield "put", (sent := steps.put(lab, begun.given(200), content))
    finished = steps.finish(lab, key, path, begun, {1: steps.etag(sent.given(200))}, len(content))
    yield "finished", finished
    finished.given()


def replaced(lab: Lab) -> Story:
    """The file replaced in two parts: begun, another part asked for (more), put 2 and put 1, finished; then its content."""
    return told(lab, "replaced", lambda: _replaced(lab))


def parts(begun: Answer) -> dict[int, bytes]:
    """The parts: one as large as the upload that was begun wants it, and the rest."""
    return {1: b"1" * int(begun.given(200).member(0, "partsize")), 2: b"two"}


def _replaced(lab: Lab) -> Steps:
    key, file = lab.key(), path(lab, FILE)
    yield "begun", (begun := steps.begin(lab, key, file, 0))
    contents = parts(begun)
    yield "more", (more := steps.begin(lab, key, file, 0, ref=begun.member(0, "ref"), part=2))
    yield "put 2", (second := steps.put(lab, more.given(200), contents[2]))
    yield "put 1", (first := steps.put(lab, begun, contents[1]))
    etags = {1: steps.etag(first.given(200)), 2: steps.etag(second.given(200))}
    yield "finished", (finished := steps.finish(lab, key, file, begun, etags, sum(map(len, contents.values()))))
    finished.given()
    yield "content", steps.fetch(lab, steps.download(lab, key, file).given(200))


def ended(lab: Lab) -> Story:
    """The file in its last hour: found as its name is written otherwise and as it is, overwritten under another and the folder
    listed then; deleted, found and the folder listed afterwards.
    """
    return told(lab, "ended", lambda: _ended(lab))


#: How the file's name may be written, and how many ways are tried where requests are dear.
SPELLINGS = (FILE.lower(), FILE.upper(), FILE)
SPELLED = 1


def _ended(lab: Lab) -> Steps:
    replaced(lab)
    if lab.has("ended begun"):
        raise NotVerifiable("a request that may have deleted the file was not answered")
    lab.once("ended begun", lambda: True)
    key, folder = lab.key(), path(lab)
    for name in SPELLINGS[: SPELLED if lab.thrifty else None]:
        yield f"found as {name}", steps.stat(lab, key, f"{folder}/{name}")
    yield "overwritten", steps.upload(lab, key, f"{folder}/{FILE.lower()}", b"last")
    yield "listed", steps.list_folder(lab, key, folder)
    yield "deleted", steps.remove(lab, key, f"{folder}/{FILE}")
    yield "found deleted", steps.stat(lab, key, f"{folder}/{FILE}")
    yield "listed without", steps.list_folder(lab, key, folder)


def offered(lab: Lab) -> Story:
    """A download of the picture: offered, and fetched at once."""
    return told(lab, "offered", lambda: _offered(lab))


def _offered(lab: Lab) -> Steps:
    yield "offered", (answer := steps.download(lab, lab.key(), path(lab, PICTURE)))
    yield "fetched", steps.fetch(lab, answer.given(200))


def missing(lab: Lab) -> Answer:
    """What finding a file is answered where none is."""
    return answered(lab, "no file", lambda: steps.stat(lab, lab.key(), MISSING))


def operates(lab: Lab, key: Key | str, folder: str, file: str, most: int = 2) -> None:
    """The key does file operations in this folder, in which is this file, and leaves all as it was."""
    new = f"{folder}/{lab.name('new')}"
    operations: tuple[Callable[[], Answer], ...] = (
        lambda: steps.list_folder(lab, key, folder),
        lambda: steps.download(lab, key, file),
        lambda: steps.make_folder(lab, key, new),
        lambda: steps.remove(lab, key, new),
        lambda: steps.stat(lab, key, file),
        lambda: steps.uploads(lab, key, f"{new}.txt", b"new"),
        lambda: steps.remove(lab, key, f"{new}.txt"),
    )
    for operation in lab.some(operations, most, "file operations"):
        operation().passes()

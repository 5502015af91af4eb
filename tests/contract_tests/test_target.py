"""Target files: what they say, and what is said of a wrong one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from contract_tests.target import NEIGHBOUR, StaticKey, Target, TargetError, Timeouts, Tls, read_target
from contract_tests.target.lines import line_of
from contract_tests.target.schema import target_schema
from latchkey import load

CONTRACT = load()
SMALL = '[providers.fileforge]\nbase_url = "http://x"\n'


def read(folder: Path, text: str) -> Target:
    file = folder / "t.toml"
    file.write_text(text)
    return read_target(str(file), CONTRACT)


def told(folder: Path, text: str) -> list[str]:
    """What is said of a wrong file, without its folder."""
    with pytest.raises(TargetError) as error:
        read(folder, text)
    return [line.removeprefix(f"{folder}/") for line in str(error.value).splitlines()]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ["t.toml:1: providers is missing: write a table [providers.NAME] for each provider that answers here"]),
        (f"{SMALL}[permit]\n\nwait_up_to = 'long'", ["t.toml:5: permit.wait_up_to: write seconds that a proof may wait"]),
        (f"{SMALL}[permit]\nspend_windows = true", ["t.toml:4: permit.spend_windows: unknown; did you mean spend_window?"]),
        ("[providers.fileforce]\nbase_url = 'http://x'", ["t.toml:1: providers.fileforce: unknown; did you mean fileforge?"]),
        ("[providers.fileforge]\nbase_url = 'ftp://x'", ["t.toml:2: providers.fileforge.base_url: write where it answers"]),
        ("name = 'a'\n[providers.fileforge]", ["t.toml:2: providers.fileforge: base_url is missing: write where"]),
        (f"{SMALL}keys.revokd = 'k'", ["t.toml:3: providers.fileforge.keys.revokd: unknown; did you mean revoked? There is: full,"]),
        (f"{SMALL}keys.full = ''", ["t.toml:3: providers.fileforge.keys.full: write a string such as"]),
        (f"{SMALL}keys.full = {{ presents = {{}} }}", ["t.toml:3: providers.fileforge.keys.full: key is missing: write the cred"]),
        (f"{SMALL}keys.full = [\n  'a',\n  '',\n]", ["t.toml:3: providers.fileforge.keys.full.1: write a string"]),
        (f"{SMALL}keys.full = '${{NO_SUCH_KEY}}'", ["t.toml:3: providers.fileforge.keys.full: the environment variable NO_SUCH_KEY is not"]),
        (f"prefix = 'a'\n{SMALL}[tls]\nca = 'no.pem'", ["t.toml:1: prefix: write what the names of everything begin with"]),
        (f"{SMALL}window = 61", ["t.toml:3: providers.fileforge.window: write a whole number of seconds"]),
        (f"{SMALL}window = 0", ["t.toml:3: providers.fileforge.window: write a whole number of seconds"]),
        (f"{SMALL}[tls]\nca = 'no.pem'", ["t.toml:4: tls.ca: there is no file"]),
        (f"{SMALL}provisioner = 'x'\n[permit]\nwait = 1", [
            "t.toml:3: providers.fileforge.provisioner: unknown", "t.toml:5: permit.wait: unknown; did you mean wait_up_to?"]),
        (f"{SMALL}{SMALL}", ["t.toml:3: Cannot declare"]),
        ("[providers", ["t.toml:1: "]),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, lines: list[str]):
    """File, line, field, and what to write; all mistakes at once."""
    found = told(tmp_path, text)

    assert len(found) == len(lines), found
    for line, begins in zip(sorted(found), sorted(lines), strict=True):
        assert line.startswith(begins)


def test_no_mistake_shows_a_value(tmp_path: Path):
    """What stands where a key belongs may be one, even when it is written wrongly."""
    for text in (
        "keys.full = ['very', ['secret']]",
        "keys.full = { key = 3, presents = 'secret' }",
        "headers.x = ['secret']",
    ):
        assert "secret" not in " ".join(told(tmp_path, SMALL + text))


def test_a_set_but_empty_variable_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An empty credential would try another rule than the one that was meant."""
    monkeypatch.setenv("EMPTY_KEY", "")

    assert "EMPTY_KEY is not set" in told(tmp_path, f"{SMALL}keys.full = '${{EMPTY_KEY}}'")[0]


def test_every_field_reaches_the_target(tmp_path: Path):
    """What a file says is what the run is given; paths are relative to the file."""
    (tmp_path / "ca.pem").write_text(certificate(tmp_path))
    target = read(
        tmp_path,
        """
        prefix = "ours-"
        proxy = "http://proxy.example:3128"
        provisioner = "package.module:Class"
        provisioner_options = { url = "http://admin.example" }
        permit = { max_requests = 99, max_time = 60.5 }
        timeouts = { connect = 2, read = 30 }
        tls = { ca = "ca.pem" }
        [providers.fileforge]
        base_url = "http://x/"
        window = 3
        keys.full = ["a", { key = "b", presents = { domain = "d" } }]
        keys.neighbour = "c"
        """,
    )

    assert (target.name, target.prefix, target.proxy) == ("t", "ours-", "http://proxy.example:3128")
    assert (target.provisioner, target.provisioner_options) == ("package.module:Class", {"url": "http://admin.example"})
    assert (target.permit.max_requests, target.permit.max_time, target.permit.destroy) == (99, 60.5, False)
    assert target.timeouts == Timeouts(connect=2, read=30)
    assert target.tls == Tls(ca=str(tmp_path / "ca.pem"))
    assert target.endpoints["fileforge"].base_url == "http://x"
    assert target.endpoints["fileforge"].window == 3
    assert target.endpoints["fileforge"].keys == {
        "full": (StaticKey(key="a"), StaticKey(key="b", presents={"domain": "d"})),
        "neighbour": (StaticKey(key="c"),),
    }


#: A value of each field that is not what it is where absent. Files lie beside the target file.
VALUES = {
    "name": "elsewhere",
    "prefix": "ours-",
    "control": "http://mock.example/_mock",
    "control_token": "token",
    "provisioner": "package.module:Class",
    "provisioner_options": {"a": 1},
    "proxy": "http://proxy.example:3128",
    "permit.destroy": True,
    "permit.spend_window": True,
    "permit.wait_up_to": 61,
    "permit.max_requests": 99,
    "permit.max_time": 60.5,
    "timeouts.connect": 2,
    "timeouts.read": 30,
    "tls.ca": "cert.pem",
    "tls.cert": "cert.pem",
    "tls.key": "key.pem",
    "tls.verify": False,
}
#: Fields that only go with another.
BESIDE = {"tls.cert": ["tls.key"], "tls.key": ["tls.cert"]}


def test_no_field_is_read_for_nothing(tmp_path: Path):
    """Each field of the schema changes the target, at the place that its name says."""
    schema = target_schema(CONTRACT)["properties"]
    fields = {
        f"{name}.{inner}" if "properties" in field else name
        for name, field in schema.items()
        for inner in field.get("properties", [""])
        if name != "providers"
    }
    assert set(VALUES) == fields
    certificate(tmp_path)
    plain = read(tmp_path, SMALL)
    for field in fields:
        lines = [f"{name} = {toml(VALUES[name])}" for name in (field, *BESIDE.get(field, ()))]
        changed, was = read(tmp_path, "\n".join([*lines, SMALL])), plain
        for step in field.split("."):
            changed, was = getattr(changed, step), getattr(was, step)
        wanted = str(tmp_path / VALUES[field]) if field in {"tls.ca", "tls.cert", "tls.key"} else VALUES[field]
        assert (changed, changed == was) == (wanted, False), field


def test_each_field_of_a_provider_reaches_its_endpoint(tmp_path: Path):
    """Whatever the schema offers there; keys are told elsewhere."""
    known = target_schema(CONTRACT)["$defs"]["provider"]["properties"]
    values = {"headers": "{ X-Env = 'staging' }", "window": "3"}
    values |= {"webdav": "'https://x/'", "ftp": "'ftp://x'", "sftp": "'sftp://x'"}
    for name in set(known) - {"base_url", "keys"}:
        changed, was = read(tmp_path, f"{SMALL}{name} = {values[name]}"), read(tmp_path, SMALL)
        assert changed.endpoints["fileforge"] != was.endpoints["fileforge"], name


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {toml(item)}" for name, item in value.items()) + " }"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def test_a_file_that_is_no_certificate_is_told(tmp_path: Path):
    """Before the first request, with the table's line."""
    (tmp_path / "ca.pem").write_text("nothing")

    assert told(tmp_path, f"{SMALL}[tls]\nca = 'ca.pem'")[0].startswith("t.toml:3: tls: ")


def test_a_narrowed_contract_reads_a_whole_file(tmp_path: Path):
    """Providers of the file that the run leaves out are no mistake."""
    file = tmp_path / "t.toml"
    file.write_text(SMALL + '[providers.dezerx]\nbase_url = "http://y"\n')

    assert list(read_target(str(file), CONTRACT.only("dezerx")).endpoints) == ["dezerx"]


def test_the_schema_knows_every_situation():
    """An editor that has the schema offers the contract's providers, situations and a neighbour."""
    providers = target_schema(CONTRACT)["properties"]["providers"]["properties"]

    for name, provider in CONTRACT.providers.items():
        assert set(providers[name]["properties"]["keys"]["properties"]) == {*provider.situations, NEIGHBOUR}


def test_a_line_is_where_a_value_begins():
    """Also behind comments, in arrays of several lines and in tables that are opened later."""
    text = "# about\na = 1\n\nb = [\n  1,\n  2,\n]\n[c]\n# more\n[c.d]\ne = '''\n\n'''\nf = 2\n"

    steps = (["a"], ["b"], ["b", 1], ["c"], ["c", "d", "e"], ["c", "d", "f"], ["c", "nothing"], ["nothing"])
    assert [line_of(text, path) for path in steps] == [2, 4, 4, 8, 11, 14, 8, 1]


def certificate(folder: Path) -> str:
    """A certificate that signs itself."""
    command = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2 -keyout key.pem -out cert.pem"
    extension = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*command.split(), *extension], cwd=folder, check=True, capture_output=True)
    return (folder / "cert.pem").read_text()

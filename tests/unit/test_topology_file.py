"""Tests of topology files: a problem is named with its line, and what cannot be does not start."""

from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.topology import NoContext, Topology, TopologyRefused, find_context, load

PASSWORD = "an example"  # noqa: S105

GOOD = """\
broker:
  url: amqp://broker.example:5672/peering
accounts:
  - uid: 1001
    name: alice
    password: secret
endpoints:
  - id: vpc-a
    kind: vpc
    account: 1001
    region: cn-hangzhou
    role: initiator
"""


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "topology.yaml"
    path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode("utf-8", "surrogatepass"))
    return path


def refusal(folder: Path, text: str | bytes) -> list[str]:
    path = write(folder, text)
    with pytest.raises(TopologyRefused) as caught:
        load(path)
    lines = str(caught.value).split("\n")
    assert all(line.startswith(f"{path}:") for line in lines)
    return [line.removeprefix(f"{path}:") for line in lines]


def test_a_good_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    topology = load(write(tmp_path, GOOD))
    assert topology.accounts[0].uid == "1001"
    assert topology.endpoints[0].region == "cn-hangzhou"
    assert topology.account("alice") is topology.account("1001")
    assert topology.endpoint("vpc-b") is None


def test_everybody_may_speak_to_an_endpoint_that_names_no_peers(tmp_path: Path) -> None:
    """Where it names some, these may and its owner, in the order of the accounts, and nobody else."""
    more = GOOD.replace("endpoints:", "  - uid: carol\n  - uid: bob\nendpoints:")
    everybody, some = load(write(tmp_path, more)), load(write(tmp_path, more + "    peers: [bob]\n"))
    assert everybody.senders(everybody.endpoints[0]) == ("1001", "carol", "bob")
    assert some.senders(some.endpoints[0]) == ("1001", "bob")
    (line,) = refusal(tmp_path, more + "    peers: [bob, mallory]\n")
    assert "mallory" in line


def test_no_type_is_guessed(tmp_path: Path) -> None:
    topology = load(write(tmp_path, GOOD.replace("1001", "0123").replace("cn-hangzhou", "no")))
    assert (topology.accounts[0].uid, topology.endpoints[0].region) == ("0123", "no")


def test_json_is_read_as_well(tmp_path: Path) -> None:
    topology = load(write(tmp_path, GOOD))
    again = load(write(tmp_path, topology.model_dump_json()))
    assert again == topology


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    assert "secret" not in repr(load(write(tmp_path, GOOD)))


def test_paths_are_those_of_the_files_own_folder(tmp_path: Path) -> None:
    text = GOOD.replace("peering\n", "peering\n  ca_file: certificates/ca.pem\n").replace("amqp:", "amqps:")
    broker = load(write(tmp_path, text)).broker
    assert broker is not None
    assert broker.ca_file == tmp_path / "certificates" / "ca.pem"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("    kind: vpc\n", "    kind: vpc\n    colour: red\n", "10: unknown key 'colour' (keys here: id, kind,"),
        ("    region:", "    regoin:", "11: unknown key 'regoin'; did you mean 'region'?"),
        ("    role: initiator\n", "", "8: `role` is missing in `endpoints[0]`; right would be initiator or acceptor"),
        ("uid: 1001", "uid: Alice!", "4: `accounts[0].uid` must be 1 to 32 of a-z"),
        ("uid: 1001", "uid: [1]", "4: `accounts[0].uid` must be 1 to 32"),
        ("uid: 1001", "uid: open", "4: uid 'open' is taken"),
        ("name: alice", 'name: "a\\eb"', "5: `accounts[0].name`: must not hold control characters"),
        ("kind: vpc", "kind: vbr", "9: kind vbr disagrees with id 'vpc-a': ids of this kind begin with vbr-"),
        ("kind: vpc", "kind: vpn", "9: `endpoints[0].kind` must be vpc or vbr"),
        ("account: 1001", "account: 1009", "10: account '1009' is not in `accounts`, which lists: 1001"),
        ("role: initiator", "role: master", "12: `endpoints[0].role` must be initiator or acceptor"),
        ("id: vpc-a", "id: vpc-A", "8: `endpoints[0].id` must be vpc-… or vbr-…"),
        ("amqp://", "http://", "2: `broker.url`: the broker's address must look like amqp://"),
        ("amqp://", "amqp://u:hidden@", "2: `broker.url`: must not hold credentials"),
        ("amqp://broker", "amqp://u:hidden@broker", "2: `broker.url`: must not hold credentials"),
        ("peering\n", "peering\n  management: ftp://x\n", "3: `broker.management`: must look like http://"),
        ("    name: alice\n", "    uid: 1002\n", "5: key 'uid' is there twice, first in line 4"),
        ("name: alice", "name: &a alice", "5: anchors and aliases"),
        ("name: alice", "name: *a", "5: anchors and aliases"),
        ("name: alice", "name: !!python/object:os.system x", "5: tags (!) are not used here"),
        ("name: alice", "name: 'alice", "5: this is not YAML: found unexpected end of stream"),
        ("name: alice", "\tname: alice", "5: this is not YAML"),
        ("name: alice", 'name: "\\U7fffffff"', "5: this is not YAML"),
        ("name: alice", "name: {[1]: 2}", "5: a key must be a plain word"),
        ("endpoints:\n", "---\nendpoints:\n", "7: the file is one YAML document"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, before: str, after: str, expected: str) -> None:
    assert before in GOOD
    faults = refusal(tmp_path, GOOD.replace(before, after, 1))
    assert any(fault.startswith(expected) for fault in faults), faults
    assert not any("hidden" in fault for fault in faults)


def test_all_faults_are_told_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    text = GOOD.replace("uid: 1001", "uid: A").replace("kind: vpc", "kind: b").replace("role: i", "role: x")
    assert [int(fault.split(":")[0]) for fault in refusal(tmp_path, text)] == [4, 9, 12]


def test_what_is_listed_twice_is_refused_where_it_is_listed_again(tmp_path: Path) -> None:
    text = GOOD.replace("endpoints:", "  - {uid: 1001}\n  - {uid: 1002, name: alice}\nendpoints:")
    text += "  - {id: vpc-a, kind: vpc, account: 1001, region: x, role: acceptor}\n"
    assert refusal(tmp_path, text) == [
        "7: account '1001' is listed twice; once is right",
        "8: name 'alice' means another account already",
        "15: endpoint 'vpc-a' is listed twice; once is right",
    ]


def test_an_access_key_is_one_accounts_and_whole(tmp_path: Path) -> None:
    more = (
        "  - {uid: 9, access_key_id: k, access_key_secret: s}\n  - {uid: 10, access_key_id: k, access_key_secret: t}\n"
    )
    text = GOOD.replace("endpoints:", f"{more}  - {{uid: 11, access_key_id: m}}\nendpoints:")
    assert refusal(tmp_path, text) == [
        "8: this access key belongs to another account already",
        "9: an access key has both parts: access_key_id and access_key_secret",
    ]


def test_a_vbr_cannot_be_the_acceptor(tmp_path: Path) -> None:
    text = GOOD + "  - id: vbr-a\n    kind: vbr\n    account: 1001\n    region: x\n    role: acceptor\n"
    assert refusal(tmp_path, text) == ["17: a VBR cannot be the acceptor, only the initiator"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "1: the file is empty"),
        (b"# nothing\n", "1: the file is empty"),
        (b"just text\n", "1: the topology must be a mapping with the keys broker, accounts, endpoints, folder"),
        (b"accounts:\n- uid: 1\nendpoints: []\n", "3: `endpoints` is empty; at least one entry is needed"),
        (b"accounts:\n- uid: \xff\n", "2: this is not UTF-8 text"),
        (b"accounts:\n- uid: \x00\n", "2: this is not YAML: there is a character"),
        (b"a" * 2_000_000, "1: the file is larger than 1048576 bytes"),
        (b"[" * 10_000, "1: this is nested deeper"),
        (b"a: &a [x,x]\nb: &b [*a,*a]\n", "1: anchors and aliases"),
        (b"%YAML " + b"9" * 5_000 + b".1\n---\na: b\n", "1: this is not YAML"),
    ],
)
def test_what_is_no_topology_at_all_is_refused(tmp_path: Path, text: bytes, expected: str) -> None:
    assert refusal(tmp_path, text)[0].startswith(expected)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path, Path("a\0b")):
        with pytest.raises(TopologyRefused) as caught:
            load(path)
        assert str(caught.value).startswith(f"{path}:1: ")


SETTINGS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

ROOT_KEYS = ("accounts", "endpoints", "broker", "folder")
_WORDS = st.sampled_from(
    [*ROOT_KEYS, "uid", "id", "kind", "account", "region", "role", "vpc", "vpc-a", "initiator", "1001", ""]
)
_TREES = st.recursive(
    st.none() | st.booleans() | st.floats() | _WORDS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS | st.text(max_size=4), inner, max_size=5),
    max_leaves=20,
)


def only_refused(path: Path) -> None:
    try:
        assert isinstance(load(path), Topology)
    except TopologyRefused as error:
        for line in str(error).split("\n"):
            assert line.startswith(f"{path}:"), line


@SETTINGS
@given(text=st.text(alphabet="abuid:-_ \n\t[]{}&*!|>'\"%@`#?,0159.~\\x\x85\ufeff\ud800é", max_size=60))
def test_no_text_makes_it_raise_anything_else(tmp_path: Path, text: str) -> None:
    only_refused(write(tmp_path, text))


@SETTINGS
@given(content=st.binary(max_size=80))
def test_no_bytes_make_it_raise_anything_else(tmp_path: Path, content: bytes) -> None:
    only_refused(write(tmp_path, content))


@SETTINGS
@given(tree=_TREES)
def test_no_tree_makes_it_raise_anything_else(tmp_path: Path, tree: object) -> None:
    import json  # noqa: PLC0415 - YAML that is surely YAML

    only_refused(write(tmp_path, json.dumps(tree)))


@SETTINGS
@given(place=st.integers(0, len(GOOD)), junk=st.text(alphabet="\n :-[]{}'\"&*!#%x1", max_size=3), cut=st.integers(0, 5))
def test_no_damage_makes_it_raise_anything_else(tmp_path: Path, place: int, junk: str, cut: int) -> None:
    only_refused(write(tmp_path, GOOD[:place] + junk + GOOD[place + cut :]))


def test_a_named_file_comes_before_the_running_context(tmp_path: Path) -> None:
    running = tmp_path / ".peering"
    running.mkdir()
    (running / "context.json").write_text(load(write(tmp_path, GOOD)).model_dump_json())
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_context(environment={}, folder=below).source == str(running / "context.json")
    named = {"PEERING_TOPOLOGY": str(tmp_path / "topology.yaml")}
    assert find_context(environment=named, folder=below).source == str(tmp_path / "topology.yaml")


def test_nothing_at_all_says_how(tmp_path: Path) -> None:
    with pytest.raises(NoContext, match="peering up TOPOLOGY"):
        find_context(environment={}, folder=tmp_path)


def test_an_owner_without_a_file_is_told_by_the_environment(tmp_path: Path) -> None:
    environment = {
        "PEERING_BROKER_URL": "amqp://1001:secret@broker.example/peering",
        "PEERING_ACCOUNT": "1001",
        "PEERING_ENDPOINTS": "vpc-a, vbr-b",
    }
    context = find_context(environment=environment, folder=tmp_path)
    assert not context.shared_login
    assert [one.id for one in context.at_hand] == ["vpc-a", "vbr-b"]
    assert context.login("1001").password == "secret"  # noqa: S105 - an example
    assert "secret" not in repr(context)
    shared = find_context(environment={**environment, "PEERING_BROKER_URL": "amqp://guest:guest@h"}, folder=tmp_path)
    assert shared.shared_login
    assert shared.login("1001").user == "guest"
    with pytest.raises(NoContext, match="not who acts"):
        find_context(environment={"PEERING_BROKER_URL": "amqp://h"}, folder=tmp_path)
    with pytest.raises(NoContext, match="PEERING_ENDPOINTS: an endpoint's id begins with vpc- or vbr-"):
        find_context(environment={**environment, "PEERING_ENDPOINTS": "a"}, folder=tmp_path)


def test_who_acts_is_found_by_uid_or_name_and_needs_a_password(tmp_path: Path) -> None:
    text = GOOD.replace("endpoints:", "  - {uid: 1002, name: bob}\nendpoints:")
    path = write(tmp_path, text)
    assert find_context(path, "alice", {}).acting == "1001"
    with pytest.raises(NoContext, match=r"no account 'eve' .* lists: alice \(1001\), bob \(1002\)"):
        find_context(path, "eve", {})
    bob = find_context(path, "bob", {})
    assert not bob.at_hand
    assert not bob.may_act_as("1002")
    with pytest.raises(NoContext, match="set PEERING_PASSWORD_1002"):
        bob.login("1002")
    assert find_context(path, "bob", {"PEERING_PASSWORD_1002": PASSWORD}).login("1002").password == PASSWORD


def test_a_topology_without_a_broker_says_what_to_do(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD[GOOD.index("accounts") :])
    with pytest.raises(NoContext, match=r"names no broker .* PEERING_BROKER_URL"):
        find_context(path, None, {})
    assert find_context(path, None, {"PEERING_BROKER_URL": "amqp://h/peering"}).broker.host == "h"


@pytest.mark.parametrize("name", ["cross-account", "same-account", "vbr", "compose"])
def test_the_examples_are_topologies(name: str) -> None:
    examples = Path(__file__).resolve().parents[2] / "examples"
    topology = load(examples / f"{name}.yaml")
    assert {one.role for one in topology.endpoints} == {"initiator", "acceptor"}

# SPDX-License-Identifier: Apache-2.0
"""Holds config/depotlink.schema.json and config/README.md against the agent's own reader.

DEPOTLINK_BIN names the binary. Each config of the table is judged by both the schema and
`depotlink check`, and both must say what the table says.
"""

import copy
import json
import os
import pathlib
import re
import subprocess

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "config/depotlink.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
NEW_FILE = object()  # replaced by a file that can be read

LONG = "x" * 300
DURATION_KEYS = ("poll.fleet", "poll.moving", "poll.stopped", "poll.parked", "poll.offline", "poll.links")
PIN = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
NO_TEXT = (5, None, True, [], {}, "")
NO_FILE = NO_TEXT + ("k", "./k", "~/k", "/", "/etc/", "/a\nb", "/" + "x" * 1024)
NO_DURATION = NO_TEXT + ("0s", "999ms", "30", "30 s", "30S", "1.5s", "-1s", "5min", "1h30m",
                         "99999999999s")
NO_IDS = (5, None, True, [], {}, "", "1", [0], [-1], [1.5], ["1"], [None], [[1]], [{}], [2 ** 53 + 2], [1, 0])

# key: (good values, bad values)
TABLE = {
    "$schema": (("./depotlink.schema.json", "x" * 1024), NO_TEXT + ("x" * 1025,)),
    "site": (("a", "north-depot", "N_1.2-3", "x" * 64),
             NO_TEXT + ("x" * 65, "a/b", "a b", "#", "+", "$", "\u00fc", "a\tb")),
    "api.url": (("https://api.eu.navixy.com/v2", "https://h/v2/", "https://h:8443/a/b-c_d.e~f",
                 "https://[::1]:1/v2", "https://h:65535", "https://my_host.lan",
                 "http://localhost:8080", "http://127.0.0.1/v2", "http://[::1]",
                 "https://h/" + "x" * 246),
                NO_TEXT + ("api.eu.navixy.com", "ftp://h", "HTTPS://h", "https://", "https:///v2",
                           "https://h:0", "https://h:65536", "https://h:01", "https://h:",
                           "https://u:p@h", "https://h?a=b", "https://h#a", "https://h//v2",
                           "https://h/v2//", "https://h/a b", "https://h/%41", "https://\u00fc.de",
                           "https://-h", "https://h-", "https://h..de", "https://h.",
                           "https://::1/", "https://[::1", "https://[h]", "https://[::1]x",
                           "http://h", "http://10.0.0.1/v2", "http://127.0.0.1.example.com",
                           "http://127.1", "http://127.0.0.1111", "http://localhost.example.com",
                           "http://[::2]", "https://h/" + "x" * 247, "https://" + LONG)),
    "api.key_file": ((NEW_FILE,), NO_FILE),
    "api.user.login": (("a", "depot@example.com", "\u00fc" * 256), NO_TEXT + ("a\tb", "x" * 257)),
    "api.user.password_file": ((NEW_FILE,), NO_FILE),
    "api.panel.login": (("20410", "x" * 256), NO_TEXT + ("a\nb", "x" * 257)),
    "api.panel.password_file": ((NEW_FILE,), NO_FILE),
    "api.panel.path": (("/panel", "/v2/panel", "/panel/v2", "/a_b.c-D", "/" + "x" * 99),
                       NO_TEXT + ("panel", "/", "/panel/", "//panel", "/a//b", "/a b", "/a?b", "/%41", "/\u00fc", "/" + "x" * 100)),
    "api.ca_file": ((NEW_FILE,), NO_FILE),
    "api.pin": ((PIN, ";".join([PIN] * 4)), NO_TEXT + (PIN[:-1], PIN + ";", ";" + PIN, PIN[8:], "sha1//" + PIN[8:], PIN + " ", ";".join([PIN] * 5), PIN.replace("+", "-"))),
    "api.allow_http": ((True, False), (0, "true", None, [], {})),
    "api.requests_per_second": ((0.1, 1, 5.5, 50, 50.0),
                                (0.09, 0, -1, 50.01, 51, "5", None, True)),
    "api.timeout": (("1s", "1000ms", "10m", "600s", "600000ms", "05s"),
                    NO_DURATION + ("601s", "600001ms", "11m", "1h", "1d")),
    "mqtt.url": (("mqtt://localhost", "mqtt://localhost:1883/", "mqtt://[fe80::1]",
                  "mqtt://10.0.0.1:65535", "mqtt://my_broker.lan:1", "mqtts://h", "mqtts://[::1]:8883",
                  "unix:///run/m.sock", "unix:///a", "unix:///" + "x" * 106),
                 NO_TEXT + ("localhost", "tcp://h", "mqtt://", "mqtts://", "mqtts:///run/m.sock",
                            "unix://", "unix:///", "unix://run/m.sock", "unix:/run/m.sock", "unix:///run/",
                            "unix:///run//m.sock", "unix:///run/m sock", "unix:///" + "x" * 107,
                            "mqtt://h:0", "mqtt://h:65536", "mqtt://h:1883/t", "mqtt://h//",
                            "mqtt://u@h", "mqtt://u:p@h", "mqtt://fe80::1", "mqtt://h h",
                            "mqtt://h?a", "mqtt://" + LONG)),
    "mqtt.version": (("5", "3.1.1"), NO_TEXT + ("3.1", "4", "auto", 3.1)),
    "mqtt.client_id": (("a", "a/b:c@d", "x" * 128), NO_TEXT + ("a b", "\u00fc", "x" * 129)),
    "mqtt.username": (("a", "a b", "\u00fc" * 128), NO_TEXT + ("a\tb", "a\u0085", "x" * 129)),
    "mqtt.password_file": ((NEW_FILE,), NO_FILE),
    "mqtt.ca_file": ((NEW_FILE,), NO_FILE),
    "mqtt.cert_file": ((NEW_FILE,), NO_FILE),
    "mqtt.private_key_file": ((NEW_FILE,), NO_FILE),
    "mqtt.topic_prefix": (("a", "a/b.c/d_e-f", "x" * 100),
                          NO_TEXT + ("/a", "a/", "a//b", "$SYS", "a/+", "#", "a b", "\u00fc",
                                     "x" * 101)),
    "scope.trackers": (([1], [1, 2, 1234567], [2 ** 53], list(range(1, 4001))), NO_IDS + (list(range(1, 4002)),)),
    "scope.groups": (([1], [167, 168], list(range(1, 513))), NO_IDS + (list(range(1, 514)),)),
    "scope.links": (([103], list(range(1, 33))), NO_IDS + (list(range(1, 34)),)),
    "extra[].path": (("zone/list", "retranslator/list"),
                     NO_TEXT + ("zone/delete", "/zone/list", "zone/list/", "api/key/list",
                                "tracker/location/link/list", "ZONE/LIST")),
    "extra[].topic": (("a", "a/b.c/d_e-f", "x" * 64),
                      NO_TEXT + ("/a", "a/", "a//b", "+", "#", "a b", "\u00fc", "x" * 65)),
    "extra[].every": (("10s", "10000ms", "30d", "720h", "43200m", "2592000s"),
                      NO_DURATION + ("9s", "9999ms", "31d", "721h", "43201m", "2592001s")),
    "extra[].params": (({}, {"filter": "a", "tag_ids": [1, 2]}), (5, None, True, [], "", "x")),
    "extra[].split": ((True, False), (0, "true", None, [], {})),
    "extra[].retain": ((True, False), (0, "true", None, [], {})),
    "shard.index": ((1, 64, 3.0), (0, -1, 65, 1.5, "1", None, True)),
    "shard.count": ((1, 64, 3.0), (0, -1, 65, 1.5, "1", None, True)),
    "publish.snapshot_every": (("10s", "10000ms", "1440m", "24h", "1d", "86400s"),
                               NO_DURATION + ("9s", "9999ms", "1441m", "25h", "2d", "86401s")),
    "publish.snapshot_page": (("9KiB", "32KiB", "10KB", "32KB"), NO_TEXT + ("8KiB", "33KiB", "9KB", "33KB", "1MiB", "0KiB")),
    "publish.snapshot_retain": ((True, False), (0, "true", None, [], {})),
    "queue.dir": (("/a", "/var/lib/depotlink/queue"), NO_FILE),
    "queue.runtime_dir": (("/a", "/dev/shm/depotlink"), NO_FILE),
    "queue.key_file": ((NEW_FILE,), NO_FILE),
    "queue.max_size": (("1MiB", "1024KiB", "1049KB", "2MB", "1024GiB", "1048576MiB", "1099GB",
                        "1000000000KiB"),
                       NO_TEXT + ("1023KiB", "1048KB", "1MB", "0MiB", "1025GiB", "1048577MiB",
                                  "1100GB", "1TiB", "268435456", "256 MiB", "1000000001KiB")),
    "queue.min_free": (("0MiB", "0KB", "00GiB", "1KB", "1024GiB", "1048576MiB", "1099GB"),
                       NO_TEXT + ("0", "MiB", "-1MiB", "1025GiB", "1048577MiB", "1100GB")),
    "queue.max_age": (("1h", "60m", "3600s", "3600000ms", "3660d", "87840h", "316224000s"),
                      NO_DURATION + ("59m", "3599s", "3599999ms", "3661d", "87841h",
                                     "1000000001ms")),
    "poll.backfill": (("0s", "24h", "30d", "720h", "1000000000ms"),
                      NO_TEXT + ("31d", "721h", "2592001s", "1000000001ms", "5", "-1s")),
    "queue.flush_interval": (("0s", "0ms", "0d", "1ms", "999ms", "10m", "600s", "600000ms"),
                             NO_TEXT + ("0", "30", "1.5s", "-1s", "11m", "601s", "600001ms", "1h",
                                        "1d")),
    "queue.drop": (("oldest", "all_but_newest"), NO_TEXT + ("newest", "All_but_newest")),
    "queue.replay_to": (("history", "state"), NO_TEXT + ("live", "History")),
    "memory.budget": (("6MiB", "6144KiB", "1024MiB", "1048576KiB", "1GiB", "7MB", "1073MB",
                       "6292KB", "1073741KB", "1GB"),
                      NO_TEXT + ("5MiB", "6143KiB", "1025MiB", "1048577KiB", "2GiB", "6MB",
                                 "1074MB", "6291KB", "1073742KB", "2GB", "8388608", "8M",
                                 "8 MiB", "8mib")),
    "memory.max_trackers": ((1, 25000, 60000, 100.0), (0, -1, 60001, 1.5, "100", None, True)),
    "log.format": (("text", "json"), NO_TEXT + ("JSON", "logfmt")),
    "log.level": (("error", "warn", "info", "debug"), NO_TEXT + ("trace", "INFO", "warning")),
}
for _key in DURATION_KEYS:
    TABLE[_key] = (("1s", "1000ms", "90s", "24h", "1d", "1440m", "86400s", "86400000ms", "007s"),
                   NO_DURATION + ("25h", "2d", "1441m", "86401s", "86400001ms"))


def entered(place, section):
    """What stands there: an object, or the first of a list (`extra[]`)."""
    if section.endswith("[]"):
        return place.setdefault(section[:-2], [{}])[0]
    return place.setdefault(section, {})


def changed(config, path, value):
    """A copy of `config` in which `path` has `value`."""
    config = copy.deepcopy(config)
    *sections, leaf = path.split(".")
    place = config
    for section in sections:
        place = entered(place, section)
    place[leaf] = value
    return config


def without(config, path):
    config = copy.deepcopy(config)
    *sections, leaf = path.split(".")
    place = config
    for section in sections:
        place = entered(place, section)
    del place[leaf]
    return config


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """Secrets and certificates that `check` finds in order."""
    folder = tmp_path_factory.mktemp("files")
    for name, text in (("api.key", "0123456789abcdef" * 2), ("mqtt.password", "x"),
                       ("user.password", "x"), ("panel.password", "x"), ("queue.key", "0123456789abcdef" * 4),
                       ("ca.pem", "-----BEGIN CERTIFICATE-----\n")):
        (folder / name).write_text(text + "\n", encoding="ascii")
        (folder / name).chmod(0o600)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                    "/CN=agent", "-keyout", folder / "client.key", "-out", folder / "client.pem"], check=True, capture_output=True)
    (folder / "client.key").chmod(0o600)
    return folder


@pytest.fixture(scope="session")
def base(files):
    return {
        "site": "north-depot",
        "api": {"url": "https://api.example.com/v2", "key_file": str(files / "api.key")},
        "mqtt": {"url": "mqtt://localhost:1883", "username": "u"},
    }


@pytest.fixture(scope="session")
def base_of(base, files):
    """The config in which a key makes sense: a login has two halves, and stands instead of the key."""
    def get(key):
        section, _, _ = key.rpartition(".")
        if section == "extra[]":
            return changed(base, "extra", [{"path": "zone/list", "topic": "zones"}])
        if section == "shard":
            return changed(base, "shard", {"index": 1, "count": 64})
        if key in ("mqtt.ca_file", "mqtt.cert_file", "mqtt.private_key_file"):
            config = changed(base, "mqtt.url", "mqtts://localhost")
            config = changed(config, "mqtt.cert_file", str(files / "client.pem"))
            return changed(config, "mqtt.private_key_file", str(files / "client.key"))
        if key in ("memory.budget", "memory.max_trackers"):  # a fleet that fits the smallest budget, a budget that fits the largest
            other = {"memory.budget": ("max_trackers", 1000), "memory.max_trackers": ("budget", "12MiB")}
            return changed(base, "memory.%s" % other[key][0], other[key][1])
        if section not in ("api.user", "api.panel"):
            return base
        login = {"login": "a", "password_file": str(files / (section[4:] + ".password"))}
        config = changed(base, section, login)
        return without(config, "api.key_file") if section == "api.user" else config
    return get


@pytest.fixture(scope="session")
def check(tmp_path_factory):
    binary = os.environ.get("DEPOTLINK_BIN")
    if not binary:
        pytest.skip("DEPOTLINK_BIN is not set")
    path = tmp_path_factory.mktemp("config") / "c.json"

    def run(text):
        path.write_text(text, encoding="utf-8")
        done = subprocess.run([binary, "check", "--config", str(path)], capture_output=True,
                              text=True, timeout=30, check=False)
        assert done.returncode in (0, 1), done
        return done.returncode == 0, done.stdout + done.stderr

    return run


def judge(check, config, good):
    read, output = check(json.dumps(config, ensure_ascii=False))
    assert read == good, "reader, %s: %s" % (json.dumps(config), output)
    errors = [error.message for error in VALIDATOR.iter_errors(config)]
    assert (not errors) == good, "schema, %s: %s" % (json.dumps(config), errors)


def schema_keys(schema=None, prefix=""):
    """Every key that is no section: its default, and whether it is required."""
    schema = schema or SCHEMA
    keys = {}
    for name, rule in schema["properties"].items():
        if "properties" in rule.get("items", {}):
            keys.update(schema_keys(rule["items"], prefix + name + "[]."))
        elif "properties" in rule:
            keys.update(schema_keys(rule, prefix + name + "."))
        else:
            keys[prefix + name] = (rule.get("default"), name in schema.get("required", ()))
    return keys


def readme_rows():
    rows = {}
    for line in (ROOT / "config/README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) == 5 and cells[0].strip(" |").startswith("`"):
            rows[cells[0].strip(" |`")] = cells
    return rows


def test_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_table_has_every_key_of_the_schema():
    assert set(TABLE) == set(schema_keys())


def test_readme_has_the_keys_and_defaults_of_the_schema():
    rows = readme_rows()
    keys = schema_keys()
    assert set(rows) == set(keys)
    for key, (default, required) in keys.items():
        expected = "-" if default is None else "`%s`" % json.dumps(default)
        assert rows[key][1] == ("required" if required else expected), key


def test_readme_examples_and_schema_defaults_and_examples_are_good(check, base, base_of):
    files_named = [key for key in TABLE if key.endswith("_file")]
    for key, cells in readme_rows().items():
        if key not in files_named:
            judge(check, changed(base_of(key), key, json.loads(cells[4].strip(" |`"))), True)
    for key, (default, _) in schema_keys().items():
        if default is not None:
            judge(check, changed(base_of(key), key, default), True)


@pytest.mark.parametrize("key", sorted(TABLE))
def test_values(check, base_of, files, key):
    good, bad = TABLE[key]
    named = {"api.ca_file": "ca.pem", "api.key_file": "api.key",
             "api.user.password_file": "user.password", "api.panel.password_file": "panel.password",
             "queue.key_file": "queue.key", "mqtt.ca_file": "ca.pem", "mqtt.cert_file": "client.pem",
             "mqtt.private_key_file": "client.key"}.get(key, "mqtt.password")
    base = base_of(key)
    for value in good:
        judge(check, changed(base, key, str(files / named) if value is NEW_FILE else value), True)
    for value in bad:
        judge(check, changed(base, key, value), False)


@pytest.mark.parametrize("key", [key for key, (_, required) in schema_keys().items() if required]
                         + ["api", "mqtt"])
def test_required_keys(check, base_of, key):
    judge(check, without(base_of(key), key), False)


@pytest.mark.parametrize("section", ["", "api.", "api.user.", "api.panel.", "mqtt.", "poll.", "scope.", "shard.", "extra[].", "queue.", "memory.", "log."])
def test_unknown_keys(check, base_of, section):
    judge(check, changed(base_of(section), section + "zebra", 1), False)


@pytest.mark.parametrize("section", ["api", "mqtt", "poll", "scope", "queue", "memory", "log"])
def test_sections_are_objects(check, base, section):
    for value in ("x", 1, None, []):
        judge(check, changed(base, section, value), False)
    if section in ("poll", "scope", "publish", "queue", "memory", "log"):
        judge(check, changed(base, section, {}), True)


@pytest.mark.parametrize("key", ["publish.formats"])
def test_keys_of_later_versions(check, base, key):
    _, output = check(json.dumps(changed(base, key, {})))
    assert "%s: not supported by this version yet" % key in output
    judge(check, changed(base, key, {}), False)


def test_extra_is_a_list_of_objects(check, base):
    one = {"path": "zone/list", "topic": "zones"}
    for value in ("x", 1, None, {}, [1], ["zone/list"], [[]], [{}],
                  [dict(one, topic="t%d" % n) for n in range(17)]):
        judge(check, changed(base, "extra", value), False)
    for value in ([], [dict(one, topic="t%d" % n) for n in range(16)]):
        judge(check, changed(base, "extra", value), True)


def test_the_schema_names_each_action_that_the_reader_takes(check, base_of):
    panel = base_of("api.panel.login")
    paths = SCHEMA["properties"]["extra"]["items"]["properties"]["path"]["enum"]
    assert paths == sorted(set(paths)) and len(paths) > 40
    extras = [{"path": path, "topic": "t%d" % n} for n, path in enumerate(paths)]
    for at in range(0, len(extras), 16):
        _, output = check(json.dumps(changed(panel, "extra", extras[at:at + 16])))
        assert "read-only action" not in output and "not published" not in output, output
    readme = (ROOT / "config/README.md").read_text(encoding="utf-8")
    table = (ROOT / "agent/navixy/readable.cpp").read_text(encoding="utf-8")
    assert sorted(re.findall(r'(?:List|Paged|Value)\("([^"]+)"', table)) == paths
    assert [path for path in paths if "`%s`" % path not in readme] == []


def test_secrets_in_the_config(check, base):
    for key in ("key", "api.key", "api.password", "api.panel.password", "mqtt.password"):
        config = changed(base, key, "hunter2")
        judge(check, config, False)
        assert "hunter2" not in check(json.dumps(config))[1]


def test_plain_http_needs_consent(check, base):
    for allowed in (True, False):
        config = changed(changed(base, "api.url", "http://10.0.0.1/v2"), "api.allow_http", allowed)
        judge(check, config, allowed)


def test_a_key_or_a_users_login(check, base, base_of):
    user = base_of("api.user.login")
    judge(check, user, True)
    judge(check, without(base, "api.key_file"), False)
    judge(check, changed(user, "api.key_file", base["api"]["key_file"]), False)
    judge(check, base_of("api.panel.login"), True)
    for half in ("login", "password_file"):
        judge(check, without(user, "api.user." + half), False)
        judge(check, without(base_of("api.panel.login"), "api.panel." + half), False)


def test_password_needs_a_user_name(check, base, files):
    config = changed(base, "mqtt.password_file", str(files / "mqtt.password"))
    judge(check, config, True)
    judge(check, without(config, "mqtt.username"), False)


def test_a_certificate_has_a_key_and_an_address_with_tls(check, base_of):
    both = base_of("mqtt.cert_file")
    judge(check, both, True)
    for half in ("mqtt.cert_file", "mqtt.private_key_file"):
        judge(check, without(both, half), False)
    neither = without(without(both, "mqtt.cert_file"), "mqtt.private_key_file")
    alone = changed(neither, "mqtt.ca_file", both["mqtt"]["cert_file"])
    judge(check, alone, True)
    for url in ("mqtt://localhost", "unix:///run/m.sock"):
        judge(check, changed(neither, "mqtt.url", url), True)
        judge(check, changed(alone, "mqtt.url", url), False)
        judge(check, changed(both, "mqtt.url", url), False)


def test_what_a_schema_cannot_say(check, base, files):
    same = changed(base, "mqtt.password_file", str(files / "api.key"))
    assert VALIDATOR.is_valid(same)
    assert not check(json.dumps(same))[0]
    same = changed(changed(base, "queue.dir", "/a"), "queue.runtime_dir", "/a")
    assert VALIDATOR.is_valid(same)
    assert not check(json.dumps(same))[0]
    assert not check(json.dumps(base)[:-1] + ', "site": "b"}')[0]
    beyond = changed(base, "shard", {"index": 4, "count": 3})
    assert VALIDATOR.is_valid(beyond)
    assert "shard.index: found 4; at most" in check(json.dumps(beyond))[1]
    one = {"path": "zone/list", "topic": "zones"}
    for extras in ([one, one], [dict(one, params={"hash": "x"})], [dict(one, path="zone/read")],
                   [dict(one, path="file/stats/read", split=True)],
                   [dict(one, path="panel/user/list")]):
        config = changed(base, "extra", extras)
        assert VALIDATOR.is_valid(config)
        assert not check(json.dumps(config))[0]


def test_a_scope_is_by_links_or_by_trackers(check, base):
    links = changed(base, "scope.links", [103])
    judge(check, changed(changed(base, "scope.trackers", [1]), "scope.groups", [2]), True)
    judge(check, changed(links, "scope.trackers", [1]), False)
    judge(check, changed(links, "scope.groups", [2]), False)
    judge(check, changed(links, "queue.replay_to", "history"), True)
    late = changed(links, "queue.replay_to", "state")
    assert VALIDATOR.is_valid(late)
    assert "must not stand retained" in check(json.dumps(late))[1]


def test_sample(check, base):
    sample = (ROOT / "config/depotlink.json").read_text(encoding="utf-8")
    text = sample.replace("/etc/depotlink/api.key", base["api"]["key_file"])
    read, output = check(text)
    assert read, output
    plain = re.sub(r",(\s*})", r"\1", re.sub(r"(?m)^\s*//.*$", "", sample))
    assert VALIDATOR.is_valid(json.loads(plain))

# SPDX-License-Identifier: Apache-2.0
"""The list of what depotlink is made of, against the pins and what people are told."""
import json
import re
import subprocess

from tree import ROOT, text

# As toolchains/README.md calls them.
NAMES = {"zlib": "zlib", "mbedtls": "Mbed TLS", "curl": "curl", "jsoncpp": "JsonCpp", "paho-c": "Paho MQTT C",
         "paho-cpp": "Paho MQTT C++", "cpputest": "CppUTest"}


def sbom(*args, env=None):
    return subprocess.run([ROOT / "toolchains/sbom", *args], capture_output=True, text=True, env=env, check=False)


def pins():
    rows = [line.split() for line in text("toolchains/pins").splitlines() if line and line[0] != "#"]
    return {name: (version, sha256) for name, _, version, _, sha256, _ in rows}


def test_it_holds_each_pin():
    document = json.loads(sbom().stdout)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.5")
    found = {part["name"]: (part["version"], part["externalReferences"][0]["hashes"][0]["content"])
             for part in document["components"]}
    assert found == pins() and len(found) > 5
    version = re.search(r"VERSION ([0-9.]+)", text("CMakeLists.txt").split("project(")[1])[1]
    assert document["metadata"]["component"]["version"] == version
    names = set(found) | {"depotlink"}
    for entry in document["dependencies"]:
        assert {entry["ref"], *entry["dependsOn"]} <= names
    patched = {part["name"] for part in document["components"] if "pedigree" in part}
    assert len(patched) <= len(list((ROOT / "toolchains/patches").iterdir())) and "mbedtls" in patched


def test_the_readme_says_the_same():
    rows = dict(re.findall(r"^\| ([^|]+?) \| (\S+) \|", text("toolchains/README.md"), re.MULTILINE))
    licences = dict(re.findall(r"^\| ([^|]+?) \| \S+ \| [^|]+ \| ([^|]+?) \|", text("toolchains/README.md"),
                               re.MULTILINE))
    for part in json.loads(sbom().stdout)["components"]:
        name = NAMES[part["name"]]
        assert part["version"].split("really")[-1] == rows[name]
        expression = part["licenses"][0]["expression"]
        for licence in expression.split(" OR "):
            assert licence in licences[name], name


def test_what_was_built_is_told(tmp_path):
    record = tmp_path / "amd64/share/depotlink-sbom.json"
    record.parent.mkdir(parents=True)
    parts = [{"name": name, "built": "source", "debian_version": "9-1+x", "upstream": {}} for name in pins()]
    parts[-1] = {"name": parts[-1]["name"], "built": "static archive", "debian_version": "9-1",
                 "archive_sha256": "ab"}
    record.write_text(json.dumps({"components": parts}))
    env = {"DEPOTLINK_DEPS_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    components = json.loads(sbom("--built", "amd64", env=env).stdout)["components"]
    assert all("@9-1" in part["purl"] and "+" not in part["purl"] for part in components)
    assert "externalReferences" in components[0] and "externalReferences" not in components[-1]
    assert {"name": "depotlink:archive_sha256", "value": "ab"} in components[-1]["properties"]
    none = sbom("--built", "armhf", env=env)
    assert none.returncode != 0 and "Remedy" in none.stderr

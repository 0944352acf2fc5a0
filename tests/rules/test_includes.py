# SPDX-License-Identifier: Apache-2.0
"""What each folder may include. Linking is no proof: a sysroot shows every header."""
import concurrent.futures
import os
import re
import shlex
import subprocess

from tree import ROOT, compilations, sources, text

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)

# folder: the folders of the core that it may know (itself is understood)
MAY_KNOW = {
    "agent/base": (),
    "agent/model": ("agent/base",),
    "agent/ports": ("agent/base", "agent/model"),
    "agent/json": ("agent/base",),
    "agent/navixy": ("agent/base", "agent/model", "agent/ports", "agent/json"),
    "agent/poll": ("agent/base", "agent/model", "agent/ports", "agent/navixy", "agent/json"),
    "agent/fleet": ("agent/base", "agent/model"),
    "agent/encode": ("agent/base", "agent/model", "agent/json"),
    "agent/queue": ("agent/base", "agent/model", "agent/ports"),
    "agent/publish": ("agent/base", "agent/model", "agent/ports", "agent/queue"),
    "agent/settings": ("agent/base", "agent/json", "agent/navixy"),
    "agent/commands": ("agent/",),
    "agent": ("agent/",),
    "platform": ("agent/base", "agent/ports", "agent/model"),
}
# These two wire or step the whole, and so know it.
KNOWS_ALL = {"platform/main.cpp": ("agent/", "platform")}

# Headers of the libraries: the only places that may include them.
LIBRARIES = {
    r"json/.*": r"agent/(json|settings|navixy)/[^/]+\.cpp|platform/versions\.cpp",
    r"curl/.*": r"platform/(curl_|versions|main).*",
    r"(mqtt/.*|MQTT.*)": r"platform/(paho_|versions).*",
    r"mbedtls/.*|psa/.*": r"platform/(tls_|root_|mbedtls_|versions).*",
    r"zlib\.h": r"platform/(gunzip|deflate_|versions).*",
}
STANDARD = {
    "algorithm", "array", "bitset", "cctype", "charconv", "chrono", "cmath", "cstddef", "cstdint",
    "cstdio", "cstdlib", "cstring", "functional", "initializer_list", "iterator", "limits", "map",
    "memory", "new", "numeric", "optional", "sstream", "string", "string_view", "tuple",
    "type_traits", "utility", "variant", "vector", "climits", "exception", "stdexcept", "set",
}


def folder_of(name):
    return name.rsplit("/", 1)[0]


def allowed_folders(name):
    if name in KNOWS_ALL:
        return KNOWS_ALL[name]
    folder = folder_of(name)
    assert folder in MAY_KNOW, "no rule for the folder of %s" % name
    return MAY_KNOW[folder] + (folder,)


def own_include_fault(name, included):
    target = folder_of(included)
    for allowed in allowed_folders(name):
        if target == allowed or (allowed.endswith("/") and (target + "/").startswith(allowed)):
            return None
    return "%s may not include %s" % (name, included)


def library_fault(name, included):
    for pattern, places in LIBRARIES.items():
        if re.fullmatch(pattern, included):
            if re.fullmatch(places, name):
                return None
            return "%s may not include <%s>" % (name, included)
    if name.startswith("agent/") and included not in STANDARD:
        return "%s: <%s> is not of the standard library, or not on the list" % (name, included)
    return None


def faults_of(name, body):
    for mark, included in INCLUDE.findall(body):
        fault = (own_include_fault if mark == '"' else library_fault)(name, included)
        if fault:
            yield fault


def test_each_folder_includes_what_it_may():
    faults = [fault for name in sources("agent", "platform")
              for fault in faults_of(name, text(name))]
    assert not faults, "\n".join(faults)


def test_the_rule_can_fail():
    assert list(faults_of("agent/fleet/x.cpp", '#include "agent/queue/window.hpp"\n'))
    assert list(faults_of("agent/poll/x.cpp", "#include <curl/curl.h>\n"))
    assert list(faults_of("agent/json/x.hpp", "#include <json/json.h>\n"))
    assert list(faults_of("agent/base/x.cpp", "#include <unistd.h>\n"))
    assert list(faults_of("platform/x.cpp", '#include "agent/agent.hpp"\n'))
    assert not list(faults_of("agent/json/x.cpp", '#include <json/json.h>\n#include <string>\n'))


def compile_alone(name, flags, body):
    done = subprocess.run(["g++", "-std=c++17", "-fsyntax-only", *flags, "-I", str(ROOT), "-x", "c++", "-"],
                          input=body, text=True, capture_output=True, check=False)
    return "" if done.returncode == 0 else "%s:\n%s" % (name, done.stderr)


def compiled_alone(build_dir):
    """(name, flags, text) of what shows that each source and each header has all it needs."""
    shown = set()
    for _, command, ours in compilations(build_dir):
        words = shlex.split(command)
        flags = [word for before, word in zip([""] + words, words)
                 if word.startswith(("-I", "-D", "-isystem")) or before == "-isystem"]
        for name in sorted(ours):
            yield name, flags, '#include "%s"\n' % name
            # The header that comes first in a source is shown by it.
            shown.update(included for mark, included in INCLUDE.findall(text(name))[:1] if mark == '"')
    for name in sorted(set(sources("agent", endings=(".hpp",))) - shown):
        yield name, (), '#include "%s"\n#include "%s"\n' % (name, name)


def test_each_source_and_each_header_of_the_core_compiles_alone(build_dir):
    todo = list(compiled_alone(build_dir))
    assert {name for name, _, _ in todo}.issuperset(sources("agent", "platform", endings=(".cpp",)))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [fault for fault in pool.map(lambda each: compile_alone(*each), todo) if fault]
    assert not faults, "\n".join(faults)

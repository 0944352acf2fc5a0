# SPDX-License-Identifier: Apache-2.0
"""What each folder may include. Linking is no proof: a sysroot shows every header."""
import concurrent.futures
import functools
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
# These wire the whole, and so know it.
KNOWS_ALL = dict.fromkeys(("platform/main.cpp", "platform/daemon.cpp", "platform/daemon.hpp",
                           "platform/first_run.cpp", "platform/first_run.hpp", "platform/startup.cpp", "platform/startup.hpp"), ("agent/", "platform"))

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
# What is used of the standard library, and its header.
NEEDS = {
    "algorithm": "min|max|sort|stable_sort|copy|copy_n|fill|fill_n|find|find_if|any_of|all_of|none_of|count_if"
                 "|equal|remove_if|lower_bound|upper_bound|clamp|rotate|reverse|binary_search",
    "array": "array",
    "charconv": "to_chars|from_chars",
    "chrono": r"chrono::\w+",
    "cstddef": "size_t|ptrdiff_t|nullptr_t",
    "cstdint": r"u?int(?:8|16|32|64)_t|uintptr_t|intptr_t",
    "cstdio": "snprintf|vsnprintf|fputs|fprintf|fwrite|printf|FILE",
    "cstdlib": "getenv|exit|abort|strtol|free|malloc",
    "cstring": "memcpy|memmove|memset|memcmp|memchr|strlen|strcmp|strncmp|strerror",
    "functional": "function|hash|less|greater",
    "initializer_list": "initializer_list",
    "limits": "numeric_limits",
    "map": "map|multimap",
    "memory": "unique_ptr|make_unique|shared_ptr|make_shared|weak_ptr|addressof",
    "mutex": "mutex|lock_guard|unique_lock",
    "new": "bad_alloc|nothrow",
    "optional": "optional|nullopt",
    "set": "set",
    "string": "string|to_string|stoi|getline",
    "string_view": "string_view",
    "tuple": "tuple|tie",
    "type_traits": "is_same_v|enable_if_t|conditional_t|decay_t|underlying_type_t",
    "utility": "move|swap|pair|forward|exchange|make_pair|index_sequence",
    "variant": "variant|get_if|visit|monostate",
    "vector": "vector",
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


def standard_headers(folder):
    """All standard headers, compiled once: most of the time to read a source goes into them."""
    everything = folder / "standard.hpp"
    everything.write_text("".join("#include <%s>\n" % name for name in sorted(STANDARD)), encoding="utf-8")
    subprocess.run(["g++", "-std=c++17", "-x", "c++-header", str(everything)], check=True)
    return everything


def compile_alone(name, flags, body, prelude):
    done = subprocess.run(["g++", "-std=c++17", "-fsyntax-only", "-Werror=invalid-pch", "-include",
                           str(prelude), *flags, "-I", str(ROOT), "-x", "c++", "-"],
                          input=body, text=True, capture_output=True, check=False)
    return "" if done.returncode == 0 else "%s:\n%s" % (name, done.stderr)


def compiled_alone(build_dir):
    """(name, flags, text) of what shows that each source and each header has all it needs of our own."""
    shown = set()
    for _, command, ours in compilations(build_dir):
        words = shlex.split(command)
        flags = [word for before, word in zip([""] + words, words)
                 if (word.startswith(("-I", "-D", "-isystem")) or before == "-isystem")
                 and "_FORTIFY_SOURCE" not in word]
        for name in sorted(ours):
            yield name, flags, '#include "%s"\n' % name
            # The header that comes first in a source is shown by it.
            shown.update(included for mark, included in INCLUDE.findall(text(name))[:1] if mark == '"')
    for name in sorted(set(sources("agent", endings=(".hpp",))) - shown):
        yield name, (), '#include "%s"\n#include "%s"\n' % (name, name)


def test_each_source_and_each_header_of_the_core_compiles_alone(build_dir, tmp_path):
    todo = list(compiled_alone(build_dir))
    assert {name for name, _, _ in todo}.issuperset(sources("agent", "platform", endings=(".cpp",)))
    prelude = standard_headers(tmp_path)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [fault for fault in pool.map(lambda each: compile_alone(*each, prelude), todo) if fault]
    assert not faults, "\n".join(faults)


@functools.lru_cache(maxsize=None)
def standard_of(name):
    """The standard headers that a file has by itself and by our own headers."""
    found = set()
    for mark, included in INCLUDE.findall(text(name)):
        found |= standard_of(included) if mark == '"' else {included}
    return found


def missing_standard(name, body, has):
    plain = re.sub(r'//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"', "", body, flags=re.DOTALL)
    for header, words in NEEDS.items():
        used = re.search(r"\bstd::(%s)\b" % words, plain)
        if used and header not in has:
            yield "%s: %s wants <%s>" % (name, used[0], header)


def test_what_is_used_of_the_standard_library_is_included():
    faults = [fault for name in sources("agent", "platform")
              for fault in missing_standard(name, text(name), standard_of(name))]
    assert not faults, "\n".join(faults)


def test_a_missing_standard_header_is_found():
    assert list(missing_standard("x", "std::string a;", {"vector"}))
    assert not list(missing_standard("x", "// std::string a;", ()))
    assert not list(missing_standard("x", "std::string_view a;", {"string_view"}))

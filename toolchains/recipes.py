# SPDX-License-Identifier: Apache-2.0
"""How each library is configured: what depotlink uses is on, everything else is off."""

import glob
import os
import re
import shutil

import fetch

# PIE: the program is linked -static-pie. Sections: the linker drops what is not called.
COMMON = ("-fPIE -ffunction-sections -fdata-sections -fstack-protector-strong "
          "-D_FORTIFY_SOURCE=2 -DNDEBUG -g0 -w ")
SMALL = COMMON + "-Os"
# Never -O3, where GCC got the AES-GCM tag wrong before; -Os would slow the ciphers down.
MBEDTLS = COMMON + "-O2"
# Every byte of each answer goes through it, and each record of an outage: 20 KiB more for half of the time.
ZLIB = COMMON + "-O2"
# What only tests link: compiled in a fifth of the time, and fast enough.
TESTS_ONLY = COMMON.replace("-D_FORTIFY_SOURCE=2 ", "") + "-O0"
# One compiler call instead of a hundred.
UNITY = "CMAKE_UNITY_BUILD=ON"


class Recipe:
    def __init__(self, flags, options, after=(), prepare=None, patches=()):
        self.flags, self.options, self.after = flags, options, after
        self.prepare, self.patches = prepare, patches


def apply_patch(name, source, log):
    """Applies one of patches/; a source that has the change already is left as it is."""
    command = ["patch", "-p1", "--batch", "--input", os.path.join(fetch.TOOLCHAINS, "patches", name)]
    if fetch.run(command + ["--forward", "--dry-run"], log, cwd=source):
        return fetch.run(command + ["--forward"], log, cwd=source)
    return fetch.run(command + ["--reverse", "--dry-run"], log, cwd=source)


def own_mbedtls_config(source):
    shutil.copy(os.path.join(fetch.TOOLCHAINS, "mbedtls_config.h"),
                os.path.join(source, "include", "mbedtls", "mbedtls_config.h"))


def empty_windows_resource(source):
    """Debian's tarball lacks win32/, which zlib's CMake lists among the sources on every system."""
    path = os.path.join(source, "win32", "zlib1.rc")
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8"):
            pass


def only_static_zlib(source):
    """zlib's CMake compiles everything twice, the second time for a shared library."""
    empty_windows_resource(source)
    path = os.path.join(source, "CMakeLists.txt")
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    with open(path, "w", encoding="utf-8") as out:
        out.write(text.replace("add_library(zlib SHARED ", "add_library(zlib SHARED EXCLUDE_FROM_ALL ")
                  .replace("install(TARGETS zlib zlibstatic", "install(TARGETS zlibstatic"))


def no_warning_probes(source):
    """CppUTest probes 40 warnings, one compiler call each, for a build that prints none."""
    path = os.path.join(source, "cmake", "Modules", "CppUTestWarningFlags.cmake")
    with open(path, "w", encoding="utf-8"):
        pass


def own_curl_answers(source):
    """curl knows what its 60 probes find on a Unix; but unix sockets stay out, as the options say."""
    path = os.path.join(source, "CMake", "unix-cache.cmake")
    with open(path, encoding="utf-8") as stream:
        lines = stream.readlines()
    with open(path, "w", encoding="utf-8") as out:
        out.writelines(line for line in lines
                       if not re.match(r"set\((USE_UNIX_SOCKETS|HAVE_WRITABLE_ARGV) ", line))


RECIPES = {
    "zlib": Recipe(ZLIB, ["ZLIB_BUILD_EXAMPLES=OFF"], prepare=only_static_zlib),
    "mbedtls": Recipe(MBEDTLS, [
        "ENABLE_TESTING=OFF", "ENABLE_PROGRAMS=OFF", "GEN_FILES=OFF", "MBEDTLS_FATAL_WARNINGS=OFF",
        "USE_SHARED_MBEDTLS_LIBRARY=OFF", "USE_STATIC_MBEDTLS_LIBRARY=ON"],
        prepare=own_mbedtls_config, patches=["mbedtls-tls12-rsa-pss.patch"]),
    "curl": Recipe(SMALL, [
        "HTTP_ONLY=ON", "CURL_ENABLE_SSL=ON", "CURL_USE_MBEDTLS=ON", "CURL_ZLIB=ON",
        "ENABLE_IPV6=ON", "ENABLE_THREADED_RESOLVER=ON", "ENABLE_UNIX_SOCKETS=OFF",
        # The same on every target; curl would look at the build machine.
        "CURL_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt", "CURL_CA_PATH=none",
        "CURL_USE_OPENSSL=OFF", "CURL_BROTLI=OFF", "CURL_ZSTD=OFF", "USE_NGHTTP2=OFF",
        "USE_LIBIDN2=OFF", "CURL_USE_LIBPSL=OFF", "CURL_USE_LIBSSH2=OFF", "CURL_USE_PKGCONFIG=OFF",
        "CURL_DISABLE_ALTSVC=ON", "CURL_DISABLE_AWS=ON", "CURL_DISABLE_COOKIES=ON",
        "CURL_DISABLE_DOH=ON", "CURL_DISABLE_GETOPTIONS=ON", "CURL_DISABLE_HEADERS_API=ON",
        "CURL_DISABLE_HSTS=ON", "CURL_DISABLE_HTTP_AUTH=ON", "CURL_DISABLE_BASIC_AUTH=ON",
        "CURL_DISABLE_BEARER_AUTH=ON", "CURL_DISABLE_DIGEST_AUTH=ON",
        "CURL_DISABLE_KERBEROS_AUTH=ON", "CURL_DISABLE_NEGOTIATE_AUTH=ON", "CURL_DISABLE_NTLM=ON",
        "CURL_DISABLE_IPFS=ON", "CURL_DISABLE_LIBCURL_OPTION=ON", "CURL_DISABLE_FORM_API=ON",
        "CURL_DISABLE_MIME=ON", "CURL_DISABLE_NETRC=ON", "CURL_DISABLE_PROGRESS_METER=ON",
        "CURL_DISABLE_PROXY=ON", "CURL_DISABLE_SHA512_256=ON", "CURL_DISABLE_SRP=ON",
        "CURL_DISABLE_WEBSOCKETS=ON",
        "BUILD_CURL_EXE=OFF", "BUILD_SHARED_LIBS=OFF", "BUILD_STATIC_LIBS=ON", "BUILD_TESTING=OFF",
        "BUILD_EXAMPLES=OFF", "BUILD_LIBCURL_DOCS=OFF", "BUILD_MISC_DOCS=OFF",
        "ENABLE_CURL_MANUAL=OFF", "PICKY_COMPILER=OFF",
        "_CURL_PREFILL=ON", UNITY], after=("zlib", "mbedtls"), prepare=own_curl_answers),
    "jsoncpp": Recipe(SMALL, [
        "BUILD_SHARED_LIBS=OFF", "BUILD_STATIC_LIBS=ON", "BUILD_OBJECT_LIBS=OFF",
        "JSONCPP_WITH_TESTS=OFF", "JSONCPP_WITH_POST_BUILD_UNITTEST=OFF",
        "JSONCPP_WITH_PKGCONFIG_SUPPORT=OFF", "JSONCPP_WITH_CMAKE_PACKAGE=OFF", UNITY]),
    "paho-c": Recipe(SMALL, [
        "PAHO_BUILD_STATIC=TRUE", "PAHO_BUILD_SHARED=FALSE", "PAHO_WITH_SSL=FALSE",
        # No tracing and no heap bookkeeping: half the memory and twice the throughput.
        "PAHO_HIGH_PERFORMANCE=TRUE", "PAHO_WITH_UNIX_SOCKETS=TRUE", "PAHO_ENABLE_TESTING=FALSE",
        "PAHO_ENABLE_CPACK=FALSE"]),
    "paho-cpp": Recipe(SMALL, [
        "PAHO_BUILD_STATIC=TRUE", "PAHO_BUILD_SHARED=FALSE", "PAHO_WITH_SSL=FALSE", UNITY],
        after=("paho-c",)),
    # Its leak detector redefines operator new; leaks are the sanitizers' job.
    "cpputest": Recipe(TESTS_ONLY, [
        "MEMORY_LEAK_DETECTION=OFF", "STD_CPP=ON", "C++11=ON", "LONGLONG=ON", "EXTENSIONS=OFF",
        "CPPUTEST_FLAGS=OFF", "TESTS=OFF", "EXAMPLES=OFF", "TESTS_BUILD_DISCOVER=OFF",
        "VERBOSE_CONFIG=OFF", UNITY], prepare=no_warning_probes),
}


def cmake_options(name, prefix):
    """Where a library finds those before it. No find_package of the host's ever."""
    lib, include = os.path.join(prefix, "lib"), os.path.join(prefix, "include")
    if name == "curl":
        found = ["ZLIB_LIBRARY=%s/libz.a" % lib, "ZLIB_INCLUDE_DIR=" + include,
                 "MBEDTLS_INCLUDE_DIR=" + include, "MBEDTLS_LIBRARY=%s/libmbedtls.a" % lib,
                 "MBEDX509_LIBRARY=%s/libmbedx509.a" % lib,
                 "MBEDCRYPTO_LIBRARY=%s/libmbedcrypto.a" % lib]
    elif name == "paho-cpp":
        found = ["PAHO_MQTT_C_LIBRARIES=%s/libpaho-mqtt3a.a" % lib,
                 "PAHO_MQTT_C_INCLUDE_DIRS=" + include]
    else:
        found = []
    return RECIPES[name].options + found


def build(name, source, work, prefix, toolchain, log):
    """Configures, compiles, installs; whether it went well."""
    recipe = RECIPES[name]
    if recipe.prepare:
        recipe.prepare(source)
    if not all(apply_patch(patch, source, log) for patch in recipe.patches):
        return False
    env = dict(os.environ, CFLAGS=recipe.flags, CXXFLAGS=recipe.flags, LDFLAGS="")
    for name_of_set in ("CPPFLAGS", "CC", "CXX", "CMAKE_PREFIX_PATH", "DESTDIR"):
        env.pop(name_of_set, None)
    options = cmake_options(name, prefix) + [
        "CMAKE_BUILD_TYPE=None", "CMAKE_INSTALL_PREFIX=" + prefix, "CMAKE_INSTALL_LIBDIR=lib",
        "CMAKE_POLICY_DEFAULT_CMP0077=NEW", "CMAKE_FIND_USE_PACKAGE_REGISTRY=OFF"]
    if toolchain:
        options.append("CMAKE_TOOLCHAIN_FILE=" + toolchain)
    return (fetch.run(["cmake", "-G", "Ninja", "-S", source, "-B", work] +
                      ["-D" + o for o in options], log, env=env)
            and fetch.run(["cmake", "--build", work], log, env=env)
            and fetch.run(["cmake", "--install", work], log, env=env))


def paho_c_from_archive(sysroot, work, prefix, compiler, log):
    """Debian 13's static archive, where the source package cannot be had.

    Its glibc is newer than ours; the one symbol missing, __isoc23_strtol, differs from strtol only
    in reading 0b101 as a number, so a forwarder joins the archive.
    """
    [archive] = glob.glob(os.path.join(sysroot, "usr/lib/*/libpaho-mqtt3a.a"))
    os.makedirs(work, exist_ok=True)
    own = os.path.join(work, "libpaho-mqtt3a.a")
    shutil.copy(archive, own)
    code = os.path.join(work, "isoc23.c")
    with open(code, "w", encoding="utf-8") as out:
        out.write("#include <stdlib.h>\nlong __isoc23_strtol(const char* s, char** end, int base);\n"
                  "long __isoc23_strtol(const char* s, char** end, int base) "
                  "{ return strtol(s, end, base); }\n")
    binary = os.path.join(work, "isoc23.o")
    ar = compiler[:-len("gcc")] + "ar"
    ok = (fetch.run([compiler] + SMALL.split() + ["-c", code, "-o", binary], log)
          and fetch.run([ar, "r", own, binary], log))
    if ok:
        os.makedirs(os.path.join(prefix, "lib"), exist_ok=True)
        os.makedirs(os.path.join(prefix, "include"), exist_ok=True)
        shutil.copy(own, os.path.join(prefix, "lib"))
        for header in glob.glob(os.path.join(sysroot, "usr/include/MQTT*.h")):
            shutil.copy(header, os.path.join(prefix, "include"))
    return ok

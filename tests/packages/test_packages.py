# SPDX-License-Identifier: Apache-2.0
"""What lies in the .deb and in the tarball, and that the same build gives the same bytes."""
import pathlib
import re
import subprocess
import tarfile

import package

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM, TEXT = 0o755, 0o644
DEB_FILES = {
    "usr/bin/depotlink": PROGRAM,
    "etc/depotlink/depotlink.json": TEXT,
    "lib/systemd/system/depotlink.service": TEXT,
    "usr/lib/sysusers.d/depotlink.conf": TEXT,
    "usr/lib/tmpfiles.d/depotlink.conf": TEXT,
    "usr/share/bash-completion/completions/depotlink": TEXT,
    "usr/share/depotlink/depotlink.schema.json": TEXT,
    "usr/share/doc/depotlink/changelog.Debian.gz": TEXT,
    "usr/share/doc/depotlink/changelog.gz": TEXT,
    "usr/share/doc/depotlink/config.md.gz": TEXT,
    "usr/share/doc/depotlink/copyright": TEXT,
    "usr/share/doc/depotlink/examples/depotlink.json": TEXT,
    "usr/share/doc/depotlink/sbom.json": TEXT,
    "usr/share/doc/depotlink/security.md.gz": TEXT,
    "usr/share/doc/depotlink/troubleshooting.md.gz": TEXT,
    "usr/share/lintian/overrides/depotlink": TEXT,
    "usr/share/man/man1/depotlink.1.gz": TEXT,
    "usr/share/man/man5/depotlink.json.5.gz": TEXT,
}
TAR_FILES = {
    "depotlink": PROGRAM, "install.sh": PROGRAM, "CHANGELOG.md": TEXT, "LICENSE": TEXT, "README.md": TEXT,
    "config.md": TEXT, "copyright": TEXT, "depotlink.1": TEXT, "depotlink.bash": TEXT, "depotlink.json": TEXT,
    "depotlink.json.5": TEXT, "depotlink.schema.json": TEXT, "depotlink.service": TEXT, "sbom.json": TEXT,
    "security.md": TEXT, "troubleshooting.md": TEXT,
    "licences/GPL-3": TEXT, "licences/LGPL-2.1": TEXT,
}
UNIT = ROOT / "config" / "systemd" / "depotlink.service"


def check_members(found, wanted, examples):
    """Modes and times; all of it root's. What other folders of config/ give as examples comes on top."""
    for path, (member, _) in found.items():
        assert (member.uid, member.gid, member.mtime) == (0, 0, package.TIME), path
        assert member.isfile() or member.isdir(), path
        if member.isdir():
            assert member.mode == 0o755, path
    files = {path: member.mode for path, (member, _) in found.items() if member.isfile()}
    assert {path: mode for path, mode in files.items() if not path.startswith(examples) or path in wanted} == wanted


def test_files_of_the_deb(deb):
    check_members(package.members(deb, "--fsys-tarfile"), DEB_FILES, "usr/share/doc/depotlink/examples/")


def test_control(deb, binary):
    version = package.said([str(binary), "--version"]).splitlines()[0].split()[1]
    fields = package.fields(deb)
    architecture = package.said(["dpkg", "--print-architecture"]).strip()
    assert deb.name == "depotlink_%s-1_%s.deb" % (version, architecture)
    wanted = {"Package": "depotlink", "Version": version + "-1", "Architecture": architecture, "Section": "net",
              "Priority": "optional", "Depends": "passwd", "Recommends": "ca-certificates",
              "Suggests": "mosquitto, mosquitto-clients"}
    assert {key: fields[key] for key in wanted} == wanted
    files = package.members(deb, "--fsys-tarfile").values()
    size = sum(-(-member.size // 1024) for member, _ in files if member.isfile())
    assert abs(int(fields["Installed-Size"]) - size) < 0.1 * size
    control = package.members(deb, "--ctrl-tarfile")
    assert control["conffiles"][1] == b"/etc/depotlink/depotlink.json\n"
    modes = {path: member.mode for path, (member, _) in control.items() if member.isfile()}
    scripts = {name: PROGRAM for name in ("preinst", "postinst", "prerm", "postrm")}
    assert modes == {"control": TEXT, "conffiles": TEXT, "md5sums": TEXT, **scripts}
    for name in scripts:
        package.said(["sh", "-n", "/dev/stdin"], input=control[name][1].decode())


def test_the_same_build_gives_the_same_bytes(deb, tarball, binary, tmp_path):
    """Whenever and wherever it is packed; with the times that the caller says."""
    package.make(binary.parent, tmp_path, "DEB;External")
    assert (tmp_path / deb.name).read_bytes() == deb.read_bytes()
    assert (tmp_path / tarball.name).read_bytes() == tarball.read_bytes()


def test_the_program_is_the_one_that_was_built(unpacked, binary):
    assert (unpacked / "usr/bin/depotlink").read_bytes() == binary.read_bytes()


def test_the_program_is_hardened(binary):
    """Placed anywhere, writable nowhere that it executes, its tables closed after the start, in need of no other file."""
    head, segments, dynamic = (
        subprocess.run(["readelf", "-W", what, binary], capture_output=True, text=True, check=True).stdout
        for what in ("-h", "-l", "-d"))
    assert re.search(r"Type: +DYN ", head), head
    assert "INTERP" not in segments and "(NEEDED)" not in dynamic
    assert re.search(r"GNU_RELRO ", segments) and re.search(r"FLAGS_1.*\bNOW\b.*\bPIE\b", dynamic), dynamic
    assert re.search(r"GNU_STACK .* RW +0x", segments), segments
    assert not re.search(r"LOAD .* RWE ", segments), segments


def test_the_unit_starts_the_packages_program(unpacked):
    unit = (unpacked / "lib/systemd/system/depotlink.service").read_text(encoding="utf-8")
    assert unit == UNIT.read_text(encoding="utf-8").replace("\nExecStart=depotlink ", "\nExecStart=/usr/bin/depotlink ")
    assert "\nExecStart=/usr/bin/depotlink run " in unit


def test_copyright_names_each_library(unpacked):
    text = (unpacked / "usr/share/doc/depotlink/copyright").read_text(encoding="utf-8")
    named = set(" ".join(re.findall(r"^Files: (.*)$", text, re.MULTILINE)).split())
    pins = [line.split()[0] for line in (ROOT / "toolchains/pins").read_text(encoding="utf-8").splitlines()
            if line and not line.startswith("#")]
    assert set(pins) - {"cpputest"} <= named  # which only tests link
    licences = set(re.findall(r"^License: (.*)$", text, re.MULTILINE))
    for licence in licences:  # each is told in full once
        assert re.search(r"^License: %s\n .+" % re.escape(licence), text, re.MULTILINE), licence


def test_lintian(deb):
    done = subprocess.run(["lintian", "--profile", "debian", "--allow-root", "--display-info", str(deb)],
                          check=False, capture_output=True, text=True, timeout=package.PATIENCE_S)
    assert done.stdout + done.stderr == ""


def test_each_override_says_why(unpacked):
    """A comment stands above it, or above its group. None is for nothing: lintian would tell."""
    lines = (unpacked / "usr/share/lintian/overrides/depotlink").read_text(encoding="utf-8").splitlines()
    for before, line in zip(["", *lines], lines):
        assert line.startswith("#") or before.startswith(("#", "depotlink")), line


def test_tarball(tarball, tmp_path):
    with open(tarball, "rb") as stream:
        found = package.of_tar(stream)
    top = tarball.name.removesuffix(".tar.gz")
    assert re.fullmatch(r"depotlink-[0-9.]+-linux-(amd64|arm64|armhf)", top)
    assert all(path == top or path.startswith(top + "/") for path in found)
    inside = {path.removeprefix(top + "/"): value for path, value in found.items() if path != top}
    check_members(inside, TAR_FILES, "examples/")
    readme = inside["README.md"][1].decode()
    for path in TAR_FILES.keys() - {"README.md"}:
        assert path.split("/")[0] in readme, path
    assert b"\nExecStart=/usr/local/bin/depotlink run " in inside["depotlink.service"][1]


def test_links_of_the_documents_lead_somewhere(tarball):
    with open(tarball, "rb") as stream:
        found = package.of_tar(stream)
    top = tarball.name.removesuffix(".tar.gz")
    for name in ("config.md", "troubleshooting.md", "security.md"):
        targets = re.findall(r"\]\(([^)\s#]+)", found["%s/%s" % (top, name)][1].decode())
        beside = {target for target in targets if "://" not in target}
        dead = sorted(target for target in beside if "%s/%s" % (top, target) not in found)
        assert not dead, (name, dead)
        assert beside or name == "security.md", name


def test_install_from_the_tarball(tarball, binary, tmp_path):
    with tarfile.open(tarball) as tar:
        tar.extractall(tmp_path)
    script = str(tmp_path / tarball.name.removesuffix(".tar.gz") / "install.sh")
    root = tmp_path / "root"
    (root / "etc/systemd/system").mkdir(parents=True)
    package.said([script, "--root", str(root), "--prefix", "/opt/depotlink"])
    program = root / "opt/depotlink/bin/depotlink"
    assert program.read_bytes() == binary.read_bytes() and program.stat().st_mode & 0o777 == PROGRAM
    unit = (root / "etc/systemd/system/depotlink.service").read_text(encoding="utf-8")
    assert "\nExecStart=/opt/depotlink/bin/depotlink run " in unit
    config = root / "etc/depotlink/depotlink.json"
    assert config.read_bytes() == (ROOT / "config/depotlink.json").read_bytes()
    config.write_text("mine", encoding="utf-8")
    assert "left as it is" in package.said([script, "--root", str(root), "--prefix", "/opt/depotlink"])
    assert config.read_text(encoding="utf-8") == "mine"
    assert not list(root.rglob("*.new"))

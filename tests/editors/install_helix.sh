#!/bin/bash
# Installs the Helix that the tests drive into .cache/editors and prints its path. Does nothing when
# it is there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=$(cd "$here/../.." && pwd)/.cache/editors
mkdir -p "$cache"
echo '*' >"$cache/../.gitignore"

[[ -e $cache/helix/.ready ]] || {
  "$here/install_debian.sh" trixie hx 25.01.1 "$cache/helix" usr/bin/hx
  touch "$cache/helix/.ready"
}
echo "$cache/helix/usr/bin/hx"

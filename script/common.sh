# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Sourced by the scripts here, which therefore work from any folder. Stands in the root of the source afterwards.
set -euo pipefail

caller=$PWD
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# Outside the clone, so that Wasmtime (10 minutes on two cores) is built once per machine and not once per clone.
export CARGO_TARGET_DIR=${XDG_CACHE_HOME:-$HOME/.cache}/arcella/cargo
# rustup does not add this for a shell that is not a login shell.
[ -d "$HOME/.cargo/bin" ] && PATH="$HOME/.cargo/bin:$PATH"
export CTEST_OUTPUT_ON_FAILURE=1

say() { printf '%s\n' "== $*" >&2; }
die() {
  printf '%s\n' "${0##*/}: $*" >&2
  exit 1
}

# The comment at the top of a script is its help.
usage() { sed -n '3,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

# File arguments are relative to where the user stands; prints them relative to the root, one a line.
from_caller() { (cd "$caller" && realpath -m --relative-to="$root" -- "$@"); }

# How much to do at once: one job per core, but a coroutine source takes 1 GB to compile.
jobs_max() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable/ {print int($2 / 1500000)}' /proc/meminfo 2>/dev/null || echo "$cores")
  [ "$memory" -ge 1 ] || memory=1
  echo "${ARCELLA_JOBS:-$((cores < memory ? cores : memory))}"
}

configure() {  # PRESET
  mkdir -p build
  cmake --preset "$1" -DARCELLA_WERROR="${ARCELLA_WERROR:-OFF}" >"build/.configure-$1.log" 2>&1 || {
    cat "build/.configure-$1.log" >&2
    die "cmake could not configure the preset '$1' (above)"
  }
}

build() {  # PRESET [TARGET...]
  local preset=$1
  shift
  say "building ${*:-everything}, preset $preset (the first time, Wasmtime takes about 10 minutes)"
  configure "$preset"
  cmake --build "build/$preset" -j "$(jobs_max)" ${1:+--target "$@"} </dev/null
}

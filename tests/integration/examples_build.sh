#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 OR MIT
# The committed guests are what their sources make, as far as the toolchains are here: Rust's first, then clang's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
[ -d "$HOME/.cargo/bin" ] && PATH="$HOME/.cargo/bin:$PATH"

checked=no
if [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-wasip2" ]; then
  script/examples --check rust
  checked=yes
fi
if [ -f /usr/lib/wasm32-wasi/libc.a ] && [ -f /usr/lib/llvm-19/lib/wasm32-wasi/libc++.a ]; then
  script/examples --check clang
  checked=yes
fi
[ $checked = yes ] || exit 77

#!/bin/sh
# Packs a built binary as a release has it: `sh scripts/pack.sh TARGET BINARY`. Writes dist/alertctl-TARGET.tar.gz.
set -eu
cd "$(dirname "$0")/.."

target="${1:?name the target, such as x86_64-unknown-linux-musl}"
binary="${2:?name the binary}"

name="alertctl-$target"
mkdir -p "dist/$name/completions"
cp "$binary" "dist/$name/alertctl"
cp README.md CHANGELOG.md SECURITY.md LICENSE-APACHE LICENSE-MIT "dist/$name/"
"$binary" man "dist/$name/man" >/dev/null
for shell in bash zsh fish; do
  "$binary" completions "$shell" >"dist/$name/completions/alertctl.$shell"
done
tar -czf "dist/$name.tar.gz" -C dist "$name"
echo "dist/$name.tar.gz"

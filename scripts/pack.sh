#!/bin/sh
# Packs a built binary as a release has it: `sh scripts/pack.sh TARGET BINARY`. Writes dist/alertctl-TARGET.tar.gz, or
# a zip for Windows.
set -eu
cd "$(dirname "$0")/.."

target="${1:?name the target, such as x86_64-unknown-linux-musl}"
binary="${2:?name the binary}"

name="alertctl-$target"
mkdir -p "dist/$name/completions"
cp "$binary" "dist/$name/"
cp README.md CHANGELOG.md SECURITY.md LICENSE-APACHE LICENSE-MIT LICENSE-FONT "dist/$name/"
"$binary" man "dist/$name/man" >/dev/null
for shell in bash zsh fish powershell; do
  "$binary" completions "$shell" >"dist/$name/completions/alertctl.$shell"
done
case "$target" in
  *-windows-*) (cd dist && 7z a -bso0 "$name.zip" "$name") ;;
  *) tar -czf "dist/$name.tar.gz" -C dist "$name" ;;
esac

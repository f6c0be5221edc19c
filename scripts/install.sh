#!/bin/sh
# Installs a released alertctl: downloads it for this system, holds it against its checksum, and puts it in place.
#
#   sh install.sh [--version 1.2.3] [--to DIRECTORY] [--verify]
#
#   --version   the release; the newest without it
#   --to        where the binary goes (default: ~/.local/bin)
#   --verify    also asks GitHub who built it, by `gh attestation verify`
set -eu

REPOSITORY="${ALERTCTL_REPOSITORY:-https://github.com/OWNER/alertctl}"

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

version=""
directory="$HOME/.local/bin"
verify=""
while [ $# -gt 0 ]; do
  case "$1" in
    --version) version="${2:?--version needs a version}"; shift ;;
    --to) directory="${2:?--to needs a directory}"; shift ;;
    --verify) verify=yes ;;
    *) fail "unknown option \`$1\`; there are --version, --to and --verify" ;;
  esac
  shift
done

case "$(uname -s) $(uname -m)" in
  "Linux x86_64" | "Linux amd64") target=x86_64-unknown-linux-musl ;;
  "Linux aarch64" | "Linux arm64") target=aarch64-unknown-linux-musl ;;
  "Darwin x86_64") target=x86_64-apple-darwin ;;
  "Darwin arm64") target=aarch64-apple-darwin ;;
  *) fail "there is no release for $(uname -s) on $(uname -m); build it from source: $REPOSITORY/blob/main/docs/building.md" ;;
esac
archive="alertctl-$target.tar.gz"

if [ -n "${ALERTCTL_DOWNLOADS:-}" ]; then
  # A mirror: the directory with the files of one release.
  downloads="$ALERTCTL_DOWNLOADS"
elif [ -n "$version" ]; then
  downloads="$REPOSITORY/releases/download/v${version#v}"
else
  downloads="$REPOSITORY/releases/latest/download"
fi

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

download() {
  case "$downloads" in
    https://* | file://*) ;;
    *) fail "\`$downloads\` is neither https:// nor file://" ;;
  esac
  curl --fail --silent --show-error --location --proto '=https,file' --proto-redir '=https' --retry 3 \
    --output "$work/$1" "$downloads/$1" || fail "$downloads/$1 cannot be downloaded"
}

download SHA256SUMS
download "$archive"
wanted="$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' "$work/SHA256SUMS")"
[ -n "$wanted" ] || fail "SHA256SUMS does not name $archive"
if command -v sha256sum >/dev/null; then
  found="$(sha256sum "$work/$archive" | cut -d ' ' -f 1)"
else
  found="$(shasum -a 256 "$work/$archive" | cut -d ' ' -f 1)"
fi
[ "$found" = "$wanted" ] || fail "$archive has the checksum $found, and its release says $wanted; nothing was installed"

if [ -n "$verify" ]; then
  command -v gh >/dev/null || fail "--verify needs GitHub's command line, \`gh\`"
  gh attestation verify "$work/$archive" --repo "${REPOSITORY#https://github.com/}" ||
    fail "$archive was not built by the release workflow of $REPOSITORY; nothing was installed"
fi

tar -xzf "$work/$archive" -C "$work"
mkdir -p "$directory"
# Beside its place first: a binary that runs cannot be written over.
cp "$work/alertctl-$target/alertctl" "$directory/.alertctl.new"
chmod 755 "$directory/.alertctl.new"
mv "$directory/.alertctl.new" "$directory/alertctl"
echo "installed $("$directory/alertctl" --version) to $directory/alertctl"
case ":$PATH:" in
  *":$directory:"*) ;;
  *) echo "$directory is not on the PATH; add it: export PATH=\"$directory:\$PATH\"" ;;
esac

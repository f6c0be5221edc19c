#!/bin/sh
# Whether a tag may be released: `sh scripts/release.sh v1.2.3 OWNER/alertctl`. Prints its section of the changelog.
set -eu
cd "$(dirname "$0")/.."

tag="${1:?name the tag, such as v1.2.3}"
repository="${2:?name the repository, OWNER/NAME}"

refuse() {
  echo "release.sh: $1" >&2
  exit 1
}

# The value of a key that stands once in Cargo.toml.
setting() {
  sed -n "s/^$1 = \"\(.*\)\"\$/\1/p" Cargo.toml | head -n 1
}

version="$(setting version)"
[ "$tag" = "v$version" ] || refuse "the tag is $tag, and Cargo.toml says version $version"
address="$(setting repository)"
[ "$address" = "https://github.com/$repository" ] ||
  refuse "Cargo.toml says repository $address, and this is https://github.com/$repository; CONTRIBUTING.md says what else names it"
case "$(setting security-contact)" in
  *.invalid) refuse "security-contact in Cargo.toml is not set" ;;
esac

notes="$(awk -v heading="## $version" '
  index($0, heading) == 1 { inside = 1; next }
  /^## / { inside = 0 }
  inside { print }
' CHANGELOG.md)"
[ -n "$notes" ] || refuse "CHANGELOG.md has no section \`## $version\`"
printf '%s\n' "$notes"

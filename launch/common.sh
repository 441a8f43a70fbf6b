# Shared by the scripts of this folder: where things are, and how to say what happens.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
DEPS=${SAMSR_DEPS:-$HOME/.cache/samsr}
LIBTORCH_VERSION=2.11.0
LIBTORCH=$DEPS/libtorch-$LIBTORCH_VERSION

say() { printf '%s\n' "samsr: $*"; }
fail() { printf '%s\n' "samsr: $*" >&2; exit 2; }

has_gpu() { command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L 2>/dev/null | grep -q '^GPU '; }

# fetch_wheels FOLDER REQUIREMENT…: unpacks wheels from PyPI into FOLDER, whole or not at all. The tags are
# those of Debian 12's Python 3.11 whatever Python runs here, because no Python code of them is used.
fetch_wheels() {
  local folder=$1 machine temporary
  shift
  machine=$(uname -m)
  temporary=$folder.tmp-$$
  mkdir -p "$(dirname "$folder")"
  rm -rf "$temporary"
  if ! python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps \
      --target "$temporary" --python-version 3.11 --implementation cp --only-binary=:all: \
      --platform "manylinux_2_28_$machine" --platform "manylinux_2_27_$machine" --platform "manylinux_2_25_$machine" \
      --platform "manylinux_2_24_$machine" --platform "manylinux_2_17_$machine" --platform "manylinux2014_$machine" "$@"; then
    rm -rf "$temporary"
    fail "pip could not fetch: $*; is the network up, and is there room in $(dirname "$folder")?"
  fi
  rm -rf "$folder"
  mv "$temporary" "$folder"
}

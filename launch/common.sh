# Shared by the scripts of this folder: where things are, and how to say what happens.

# What a user's environment may have changed, and these scripts rely on.
unset CDPATH POSIXLY_CORRECT
set +o posix +f
IFS=$' \t\n'

say() { printf '%s\n' "samsr: $*"; }
fail() { printf '%s\n' "samsr: $*" >&2; exit 2; }

# In a folder that has been removed OpenMPI says much and ends as for a fault.
pwd -P >/dev/null 2>&1 && [ -e . ] || fail "the current folder is gone; cd elsewhere and run again"

ROOT=$(cd -P "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
DEPS=${SAMSR_DEPS:-${HOME:-~}/.cache/samsr}  # ~ without HOME: what the system knows of the user
LIBTORCH_VERSION=2.11.0
LIBTORCH=$DEPS/libtorch-$LIBTORCH_VERSION

# print_help COMMAND…: ends with what COMMAND prints, the help of a script.
print_help() {
  local status=0
  "$@" 2>/dev/null || status=$?
  case $status in
    0 | 141) exit "$status" ;;  # 141: whoever reads it has read enough
    *) fail "standard output cannot be written: is the disk full?" ;;
  esac
}

# print_head SCRIPT: the comment that it opens with, which is its help.
print_head() { sed -n '2,/^[^#]/s/^#\( \|$\)//p' "$1"; }

# check_binary: ends with one line where SAMSR_BINARY names no program.
check_binary() {
  [ -z "${SAMSR_BINARY:-}" ] || type -P "$SAMSR_BINARY" >/dev/null ||
    fail "SAMSR_BINARY=$SAMSR_BINARY: no such program, or it may not be run; unset it, or name a build's bin/samsr"
}

# has_gpu [DEVICES]: whether NVIDIA's driver offers a GPU here, by its files /dev/nvidia0, /dev/nvidia1, …, which is as
# quick as a container without nvidia-smi is common. SAMSR_GPU=yes or no answers in its place; launch/mpirun sets it, so
# that the ranks of its host agree.
has_gpu() {
  case ${SAMSR_GPU:-} in
    yes) return 0 ;;
    no) return 1 ;;
    '') ;;
    *) fail "SAMSR_GPU='$SAMSR_GPU': yes or no is needed" ;;
  esac
  local file
  for file in "${1:-/dev}"/nvidia[0-9]*; do
    if [ -e "$file" ]; then return 0; fi
  done
  return 1
}

# check_apart INPUT OUTPUT: a script writes into OUTPUT what it likes, so pictures of the user must not lie there, nor
# OUTPUT among them.
check_apart() {
  local input output
  input=$(realpath -m -- "$1")
  output=$(realpath -m -- "$2")
  case ${input%/}/ in "${output%/}"/*) fail "$1: lies in $2, where results are written; name another folder for them" ;; esac
  check_outside "$1" "$2"
}

# check_outside INPUT OUTPUT: OUTPUT, a file or folder, must not lie among the pictures of INPUT.
check_outside() {
  local input output
  input=$(realpath -m -- "$1")
  output=$(realpath -m -- "$2")
  case ${output%/}/ in "${input%/}"/*) fail "$2: lies in $1, the folder of the pictures; name a place elsewhere" ;; esac
}

# hash_of_pictures DIR: of the names and bytes of all that is not hidden there. What cannot be read is left to those who
# look at the pictures, and say so.
hash_of_pictures() {
  (cd "$1" && find -L . -type f -not -path '*/.*' -print0 2>/dev/null | LC_ALL=C sort -z | xargs -0r sha256sum 2>/dev/null | sha256sum) || :
}

# fetch_wheels FOLDER REQUIREMENT…: unpacks wheels from PyPI into FOLDER, whole or not at all. The tags are
# those of Debian 12's Python 3.11 whatever Python runs here, because no Python code of them is used.
fetch_wheels() {
  local folder=$1 machine temporary
  shift
  machine=$(uname -m)
  [ ! -e "$folder" ] || fail "$folder: is there already, but is not what was to be fetched; move it away and run again"
  mkdir -p "$(dirname "$folder")"
  temporary=$(mktemp -d "$folder.tmp-XXXXXX")
  chmod 755 "$temporary"
  if ! python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps \
      --target "$temporary" --python-version 3.11 --implementation cp --only-binary=:all: \
      --platform "manylinux_2_28_$machine" --platform "manylinux_2_27_$machine" --platform "manylinux_2_25_$machine" \
      --platform "manylinux_2_24_$machine" --platform "manylinux_2_17_$machine" --platform "manylinux2014_$machine" "$@"; then
    rm -rf "$temporary"
    fail "pip could not fetch: $*; is the network up, and is there room in $(dirname "$folder")?"
  fi
  mv -T "$temporary" "$folder"
}

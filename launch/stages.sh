# Shared by scripts that train in stages: each stage is begun with the same settings or not at all, goes on where it was
# cut, and is passed over when it is complete. Needs common.sh.

started=$SECONDS
phase() { say "[$((SECONDS - started)) s] $*"; }

# hold OUT SCRIPT: makes the folder OUT and holds it until this script and all that it starts have ended. Prints nothing.
hold() {
  mkdir -p "$1" 2>/dev/null || fail "--out $1: the folder cannot be made"
  exec {stages_lock}>>"$1/.lock"  # inherited by all that is started here, so it holds while any of that lives
  flock --nonblock "$stages_lock" || fail "$1: $2, or what it has started, is at work there"
}

# put FILE: writes what it reads, whole or not at all.
put() { cat >"$1.new" && mv "$1.new" "$1"; }

# is_as_begun FOLDER DESCRIPTION: sees that what is in FOLDER was begun with the same settings and inputs.
is_as_begun() {
  local folder=$1 description=$2 changes
  if [ -e "$folder/stage.txt" ]; then
    changes=$(diff "$folder/stage.txt" - <<<"$description") || fail "$folder was begun with other settings or from other inputs:" \
      "$(sed -n 's/^< *//p' <<<"$changes" | head -n 1) → $(sed -n 's/^> *//p' <<<"$changes" | head -n 1);" \
      "put that back, remove the folder to train anew, or give another --out"
    return
  fi
  mkdir -p "$folder"
  printf '%s\n' "$description" | put "$folder/stage.txt"
}

# setting_in DESCRIPTION SECTION KEY: what SECTION.KEY is among the settings that `samsr settings` has printed.
setting_in() { sed -n "/^$2:/,/^[^ ]/s/^  $3: //p" <<<"$1"; }

# last_step DESCRIPTION: the checkpoint that a run with these settings, as `samsr settings` prints them, ends with.
last_step() { printf 'step-%08d' "$(setting_in "$1" train steps)"; }

# has_step RUN STEP: whether RUN has got there.
has_step() { [ "$(cat "$1/latest" 2>/dev/null)" = "$2" ]; }

# hash_of RUN: name and hash of the weights of a run that are used, its best or last.
hash_of() { printf '%s %s\n' "$(basename "$1")" "$("$ROOT/launch/samsr" weights inspect "$1" | sed -n 's/^file: .*sha256 //p')"; }

# measure_once OUT DESCRIPTION WHAT COMMAND…: says that WHAT is measured, and has COMMAND measure it, unless OUT holds the
# figures of the same models, pictures and metrics, which DESCRIPTION tells.
measure_once() {
  local out=$1 description=$2 what=$3
  shift 3
  if [ "$(cat "$out/measured.txt" 2>/dev/null)" = "$description" ]; then
    phase "figures: complete"
    return
  fi
  phase "measuring $what"
  "$@" >/dev/null
  printf '%s\n' "$description" | put "$out/measured.txt"
}

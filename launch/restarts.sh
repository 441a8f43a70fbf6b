# shellcheck shell=bash
# Runs a job and starts it again after a fault. Sourced by mpirun and slurm.sbatch, after common.sh.

child=           # the process that is waited for
asked_to_stop=   # the first signal received, if any

# Every rank is asked to save and end: mpirun and srun hand USR1 on.
ask_to_stop() {
  asked_to_stop=${asked_to_stop:-$1}
  if [ -n "$child" ]; then kill -USR1 "$child" 2>/dev/null || true; fi
}

# run_child COMMAND…: its exit status, whatever signals arrive meanwhile (each ends a `wait` early).
run_child() {
  "$@" &
  child=$!
  while kill -0 "$child" 2>/dev/null; do wait "$child" || true; done
  local status=0
  wait "$child" || status=$?
  child=
  return "$status"
}

# checkpoint_of ARGUMENT…: the name of the newest checkpoint of `train.out=DIR`, if that is among the arguments.
checkpoint_of() {
  local argument
  for argument in "$@"; do
    case $argument in train.out=*) cat "${argument#train.out=}/latest" 2>/dev/null || true ;; esac
  done
}

# run_with_restarts RESTARTS PAUSE COMMAND…: runs the command, and again after a fault, at most RESTARTS times in a row
# without a new checkpoint in between. Not a fault: the end (0), a user's mistake (2), a command that cannot be run, and
# any end after a signal. PAUSE seconds before the first restart, twice as many before each further one, at most 300.
run_with_restarts() {
  local restarts=$1 pause=$2 used=0 status before
  shift 2
  trap 'ask_to_stop TERM' TERM
  trap 'ask_to_stop INT' INT
  trap 'ask_to_stop USR1' USR1
  while :; do
    before=$(checkpoint_of "$@")
    status=0
    run_child "$@" || status=$?
    case $status in 0 | 2 | 126 | 127) return "$status" ;; esac
    [ -z "$asked_to_stop" ] || return "$status"
    [ "$(checkpoint_of "$@")" = "$before" ] || used=0
    if [ "$used" -ge "$restarts" ]; then
      [ "$restarts" -eq 0 ] || say "the run ended with status $status; no restart is left of $restarts" >&2
      return "$status"
    fi
    local delay=$((used < 10 ? pause << used : 300))
    if [ "$delay" -gt 300 ]; then delay=300; fi
    used=$((used + 1))
    say "the run ended with status $status; restart $used of $restarts in $delay s" >&2
    run_child sleep "$delay" || true  # a signal ends this too
    [ -z "$asked_to_stop" ] || return "$status"
  done
}

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
  # In a process group of its own, by job control: Ctrl-C, `timeout` and a closed terminal signal the whole group, and
  # mpirun, which takes that for the end, would kill the ranks while they save.
  set -m
  "$@" </dev/null &
  set +m
  child=$!
  while kill -0 "$child" 2>/dev/null; do wait "$child" || true; done
  local status=0
  wait "$child" || status=$?
  child=
  return "$status"
}

# run_folder COMMAND…: the folder of a run that `… launch/samsr train …` trains, by samsr's own reading of its settings;
# empty for other verbs, and for settings that samsr refuses, which the command itself tells of.
run_folder() {
  local settings=()
  while [ $# -gt 0 ] && [ "$1" != "$ROOT/launch/samsr" ]; do shift; done
  [ "${2:-}" = train ] || return 0
  shift 2
  while [ $# -gt 0 ]; do
    case $1 in
      --config) settings+=("$1" "${2:-}"); [ $# -lt 2 ] || shift ;;
      --config=* | [!-]*=*) settings+=("$1") ;;
    esac
    shift
  done
  # As one process, also where this script is itself a step of Slurm's.
  env -u SLURM_STEP_NUM_TASKS "$ROOT/launch/samsr" settings --value train.out "${settings[@]}" </dev/null 2>/dev/null || true
}

# newest_checkpoint FOLDER: the name of the newest checkpoint of the run in FOLDER; empty for none.
newest_checkpoint() { [ -z "$1" ] || cat "$1/latest" 2>/dev/null || true; }

# run_with_restarts RESTARTS PAUSE COMMAND…: runs the command, and again after a fault, at most RESTARTS times in a row
# without a new checkpoint in between. Not a fault: the end (0), a user's mistake (2), a command that cannot be run, and
# any end after a signal. PAUSE seconds before the first restart, twice as many before each further one, at most 300.
run_with_restarts() {
  local restarts=$1 pause=$2 used=0 status before folder=
  shift 2
  if [ "$restarts" -gt 0 ]; then folder=$(run_folder "$@"); fi  # before the traps: a signal now ends the script
  trap 'ask_to_stop TERM' TERM
  trap 'ask_to_stop INT' INT
  trap 'ask_to_stop HUP' HUP
  trap 'ask_to_stop USR1' USR1
  while :; do
    before=$(newest_checkpoint "$folder")
    status=0
    run_child "$@" || status=$?
    case $status in 0 | 2 | 126 | 127) return "$status" ;; esac
    [ -z "$asked_to_stop" ] || return "$status"
    [ "$(newest_checkpoint "$folder")" = "$before" ] || used=0
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

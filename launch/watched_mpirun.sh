# shellcheck shell=bash
# Runs mpirun and sees to it that it ends when the job has. Sourced by launch/mpirun, after common.sh.
#
# Where a host no longer answers, mpirun waits for its daemon there to say farewell, which it never does. And mpirun
# outlives a launch/mpirun that is killed, with all ranks, which would hold their folder against the next start.

# What a rank or mpirun says when a fault ends the job.
FAREWELL='MPI_ABORT was invoked on rank|nothing has moved for [0-9]+ s \(train\.timeout\)'

# stat_of PROCESS: sets `stat` to its state, parent, …; fails when there is none.
stat_of() {
  local line
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  read -ra stat <<<"${line##*) }"  # before it stands the program's name, which may hold spaces
}

# children_of PROCESS: those that it has started and that live.
children_of() {
  local folder stat
  for folder in /proc/[0-9]*; do
    if stat_of "${folder#/proc/}" && [ "${stat[1]}" = "$1" ] && [ "${stat[0]}" != Z ]; then echo "${folder#/proc/}"; fi
  done
}

# end_by_force MPIRUN: ends it and what it has started on this host; the ranks of other hosts end when they lose it.
end_by_force() {
  local started
  started=$(children_of "$1")
  # shellcheck disable=SC2086  # several numbers
  kill -KILL "$1" $started 2>/dev/null || true
  rm -rf "${TMPDIR:-/tmp}/ompi.$HOSTNAME.$(id -u)/pid.$1"  # which it would have removed
}

# watched_mpirun GRACE COMMAND…: runs mpirun, for run_with_restarts, which makes it a process of its own. GRACE seconds
# after a farewell mpirun is ended by force, with status 3. When the script is killed, every rank is asked to save and
# end; other signals are handed on.
watched_mpirun() {
  local grace=$1 script=$$ self=$BASHPID watchers=() asked= forced= job= errors copier said status=0
  shift
  trap 'asked=yes; [ -z "$job" ] || kill -USR1 "$job" 2>/dev/null || true' USR1
  trap 'start_watcher signal_later "$grace" ALRM "$self"' USR2
  trap 'forced=yes; end_by_force "$job"' ALRM
  exec {errors}> >(pass_on_errors "$self")
  copier=$!
  "$@" 2>&"$errors" {errors}>&- &
  job=$!
  exec {errors}>&-
  exec {said}>&2 2>/dev/null  # bash itself would tell of what is ended by force
  [ -z "$asked" ] || kill -USR1 "$job" || true
  start_watcher signal_when_orphaned "$script" USR1 "$self"
  while kill -0 "$job"; do wait "$job" || true; done
  wait "$job" || status=$?
  kill "${watchers[@]}" || true
  local look  # what else was started may hold the stream for longer
  for ((look = 0; look < 20; ++look)); do
    kill -0 "$copier" || break
    sleep 0.1
  done
  [ -n "$forced" ] || return "$status"
  say "mpirun had not ended $grace s after the job, because a host does not answer; it was ended by force" >&"$said"
  return 3
}

# pass_on_errors PROCESS: from standard input to standard error; sends USR2 to PROCESS when there is a farewell.
pass_on_errors() {
  trap '' INT TERM HUP USR1 USR2
  exec >&2
  tee >({ if grep -q -m 1 -E "$FAREWELL"; then kill -USR2 "$1" 2>/dev/null || true; fi; cat; } >/dev/null)
}

# start_watcher COMMAND…: beside watched_mpirun, which ends it. What it sleeps in may outlive it for a while, and must not
# hold on to the files of whoever called, such as the lock of a folder.
start_watcher() {
  {
    local file
    for file in /proc/"$BASHPID"/fd/*; do
      file=${file##*/}
      if [ "$file" -gt 2 ] && [ "$file" -lt 255 ]; then exec {file}>&-; fi
    done
    "$@"
  } >/dev/null 2>&1 &
  watchers+=($!)
}

# signal_later SECONDS SIGNAL PROCESS
signal_later() { trap - USR1 USR2 ALRM; sleep "$1"; kill -"$2" "$3"; }

# signal_when_orphaned PARENT SIGNAL PROCESS: when PARENT, which has started PROCESS, has ended.
signal_when_orphaned() {
  local stat
  trap - USR1 USR2 ALRM
  while stat_of "$3" && [ "${stat[1]}" = "$1" ]; do sleep 2; done
  kill -"$2" "$3"
}

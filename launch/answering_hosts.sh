# shellcheck shell=bash
# Which of a job's hosts answer (launch/mpirun --min-ranks). Sourced by launch/mpirun, after common.sh.

# read_hosts FILE: fills `hosts` and `slots` from a host file, which check_hostfile has looked at.
read_hosts() {
  local line host rest
  hosts=()
  slots=()
  while read -r line || [ -n "$line" ]; do
    read -r host rest <<<"${line%%#*}"
    [ -n "$host" ] || continue
    [[ " $rest " =~ \ slots=([0-9]{1,6})\  ]] || fail "--min-ranks: --hostfile $1: 'slots=' is missing behind $host"
    hosts+=("$host")
    slots+=("$((10#${BASH_REMATCH[1]}))")
  done <"$1"
}

# is_here HOST
is_here() {
  case $1 in "$HOSTNAME" | "${HOSTNAME%%.*}" | localhost | 127.*) return 0 ;; esac
  case " $(hostname -I 2>/dev/null) " in *" $1 "*) return 0 ;; esac
  return 1
}

# answers HOST: whether a program can be started there, as mpirun starts its daemons; within ten seconds.
answers() {
  local agent
  is_here "$1" && return
  IFS=: read -r agent _ <<<"${OMPI_MCA_plm_rsh_agent:-ssh}"
  # shellcheck disable=SC2086  # it may have options
  timeout 10 $agent "$1" true </dev/null >/dev/null 2>&1
}

# choose_hosts RANKS FEWEST: sets `chosen` to mpirun's options for as many of RANKS as the hosts that answer have slots
# for. Fails, with a line, when these are less than FEWEST.
choose_hosts() {
  local i asked=() list=() lost=() room=0 ranks
  for i in "${!hosts[@]}"; do
    answers "${hosts[i]}" &
    asked+=($!)
  done
  for i in "${!hosts[@]}"; do
    if wait "${asked[i]}"; then
      list+=("${hosts[i]}:${slots[i]}")
      room=$((room + slots[i]))
    else
      lost+=("${hosts[i]}")
    fi
  done
  ranks=$((room < $1 ? room : $1))
  if [ "$ranks" -lt "$2" ]; then
    say "no answer from ${lost[*]:-any host}: the others have room for $ranks ranks, and --min-ranks is $2" >&2
    return 1
  fi
  [ ${#lost[@]} -eq 0 ] || say "no answer from ${lost[*]}: the job runs on $ranks of $1 ranks" >&2
  chosen=(-n "$ranks" -H "$(IFS=,; echo "${list[*]}")")
}

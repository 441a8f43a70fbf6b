# Shared by scripts that train several models for the same number of images, measure them on the same pictures, and put
# all on one page. Needs common.sh and stages.sh; reads the scripts' variables `out`, `ranks`, `settings`, and those of
# the options that all of these have: `photographs`, `images`, `minutes`, `held_out`.

samsr() { "$ROOT/launch/samsr" "$@"; }
on_ranks() { "$ROOT/launch/mpirun" -n "$ranks" "$@"; }

# check_options SCRIPT: of what all of these scripts are asked for; sets `seconds`, empty without --minutes.
check_options() {
  local number
  [ -n "$photographs" ] || fail "--photographs DIR is needed; see $1 --help"
  for number in "--images $images" "--held-out $held_out" "--ranks $ranks"; do
    [[ $number =~ ^--[a-z-]+\ [1-9][0-9]{0,8}$ ]] || fail "$number: a positive number is needed"
  done
  [[ ${minutes:-1} =~ ^[0-9]{1,6}(\.[0-9]+)?$ ]] || fail "--minutes $minutes: a number is needed"
  seconds=${minutes:+$(awk -v minutes="$minutes" 'BEGIN { printf "%d", 60 * minutes }')}
}

# check_list OPTION KNOWN NAME…: of the names given as OPTION, each of which is one of KNOWN, once.
check_list() {
  local option=$1 known=$2 name
  shift 2
  for name; do
    case " $known " in *" $name "*) ;; *) fail "$option: '$name' is none of $known" ;; esac
  done
  [ "$(printf '%s\n' "$@" | sort | uniq -d | wc -l)" = 0 ] || fail "$option: each once"
}

# choose_steps BATCH: sets `batch`, the images of a step, and `steps`, those that --images has of them.
choose_steps() {
  batch=$1
  steps=$((images / batch))
  [ "$steps" -ge 1 ] || fail "--images $images: a step alone sees $batch (train.global_batch)"
}

# list_weights CONFIG: finds which official files are here; missing_for USE: those of them that are not and serve USE, a
# metric or the setting of a loss.
list_weights() { listed=$(samsr weights list --config "$1" "${settings[@]}"); }
missing_for() {
  awk -v use="$1" '/^[^ ]/ { file = $1; state = $2 }
    state == "missing" && $0 ~ "^ +for: (.*[ ,])?" use "([ ,]|$)" { print file }' <<<"$listed"
}

# choose_metrics DIR…: sets `metrics`, those that the pictures of these folders and the files that are here can give.
choose_metrics() {
  local folder
  metrics=psnr_y,ssim_y,niqe
  for folder; do
    # Two blocks of 96 × 96 pixels at least are what NIQE compares.
    if ! samsr data check "$folder" --gt-size 16 2>/dev/null | awk '$1 == "width" { columns = int($4 / 96) }
        $1 == "height" { rows = int($4 / 96) } END { exit columns * rows < 2 }'; then
      say "niqe is not measured: the pictures in $folder are too small for it"
      metrics=psnr_y,ssim_y
      break
    fi
  done
  [ -n "$(missing_for lpips)" ] || metrics+=,lpips
}

# train_model NAME CONFIG DESCRIPTION key=value…: trains $out/NAME for `steps` steps, unless that is done, and puts NAME
# into `complete`; where the time of --minutes is over before, sets `over`.
complete=()
over=
train_model() {
  local name=$1 config=$2 description=$3 run=$out/$1 last limit=() left status=0
  shift 3
  last=$(printf 'step-%08d' "$steps")
  is_as_begun "$run" "$description"
  if has_step "$run" "$last"; then
    phase "$name: complete"
    complete+=("$name")
    return
  fi
  if [ -n "$seconds" ]; then
    left=$((seconds - (SECONDS - started)))
    if [ "$left" -le 0 ]; then
      over=yes
      phase "$name: left for later, $minutes minutes are over"
      return
    fi
    limit=(timeout --signal=TERM --kill-after=120 "$left")  # asks to save; status 124
  fi
  phase "$name: training, $steps steps of $batch images"
  "${limit[@]}" "$ROOT/launch/mpirun" -n "$ranks" train --config "$config" "${settings[@]}" "$@" \
    train.steps="$steps" train.out="$run" || status=$?
  if has_step "$run" "$last"; then
    complete+=("$name")
  elif [ "$status" = 124 ] && [ -n "$seconds" ]; then
    over=yes
    phase "$name: cut, $minutes minutes are over"
  elif [ "$status" != 0 ]; then
    exit "$status"
  else
    say "$name was stopped before its last step; the same command goes on from there" >&2
    exit 1
  fi
}

# need_models FIRST: ends unless FIRST, which the others are compared with, and another are complete.
need_models() {
  case " ${complete[*]} " in *" $1 "*) [ "${#complete[@]}" -ge 2 ] && return ;; esac
  say "too few models are complete to be compared; the same command goes on" >&2
  exit 1
}

# page_head TITLE RUN KEY VALUE…: the page's beginning; program and machine are those of RUN's record.
page_head() {
  printf '# %s\n\n| | |\n| --- | --- |\n' "$1"
  printf '| %s | %s |\n' program "$(recorded "$2" program)" machine "$(recorded "$2" hardware), $(recorded "$2" hosts)" "${@:3}"
  printf '\n'
}
recorded() { sed -n "s/^$2: *//p" "$1/run.yaml" | tail -n 1; }

# show_page: prints $out/compare.md and says what is not on it.
show_page() {
  cat "$out/compare.md"
  [ -z "$over" ] || say "not all models are complete; the same command without --minutes, or with more, trains the others"
}

# shellcheck shell=bash
# How launch/train_embedded trains where the settings have no rollouts.yaml: teacher and students on pairs that are
# degraded while they train, steps by the time that is given, and what lies between the two students. Sourced by it; uses
# its functions and variables.

# Each stage's part of the time; the figures have the rest of a hundred.
declare -A part=([coverage_net]=5 [teacher]=25 [student_start]=40 [student]=20)
parts_left=100
probe_steps=24
blend_shares=(0.3 0.5 0.7 0.85)
shipped_share=0.7

# begin_time MINUTES: the time begins to run.
begin_time() { deadline=$((SECONDS + 60 * $1)); }

# choose_steps NAME PART key=value…: adds to stage_settings the steps that NAME.yaml has time for, which is PART of what is
# left of a hundred, by the speed of a short run with these settings. Once chosen they stay. Without --minutes they are
# those of the settings.
choose_steps() {
  local name=$1 part=$2 file=$out/$1.steps begun=$SECONDS milliseconds steps
  shift 2
  [ -n "$minutes" ] || return 0
  if [ ! -e "$file" ]; then
    phase "$name: trying its speed"
    rm -rf "$out/probe"
    run train --config "$config/$name.yaml" "${settings[@]}" "${stage_settings[@]}" "${where[@]}" train.out="$out/probe" train.tensorboard=false "$@" \
      train.steps="$probe_steps" train.checkpoint_every="$probe_steps" discriminator.start=1
    # The median of the second half: the first steps choose kernels.
    milliseconds=$(sed -n 's/.*"step_ms": *\([0-9.e+-]*\).*/\1/p' "$out/probe/metrics.jsonl" | tail -n $((probe_steps / 2)) |
      sort -g | sed -n "$((probe_steps / 4))p")
    [ -n "$milliseconds" ] || fail "$out/probe/metrics.jsonl: tells no step_ms; run the command again"
    # What the short run took beside its steps, the long one takes too.
    steps=$(awk -v left="$((deadline - SECONDS))" -v part="$part" -v parts="$parts_left" -v ms="$milliseconds" \
      -v whole="$((SECONDS - begun))" -v tried="$probe_steps" 'BEGIN {
        begin = whole - tried * ms / 1000
        steps = int((left * part / parts - (begin > 0 ? begin : 0)) * 1000 / ms / 10) * 10
        print steps < 20 ? 20 : steps }')
    rm -rf "$out/probe"
    printf '%s\n' "$steps" | put "$file"
    phase "$name: $steps steps of $milliseconds ms"
  fi
  stage_settings+=("train.steps=$(cat "$file")")
}

# stretches_of STAGE: STAGE, and STAGE_2, STAGE_3 … as far as the settings have them.
stretches_of() {
  local number=2
  printf '%s\n' "$1"
  while [ -f "$config/$1_$number.yaml" ]; do
    printf '%s\n' "$1_$number"
    number=$((number + 1))
  done
}

# last_given STRETCH…: the last of them that --stages-from has; nothing where it has none.
last_given() {
  local stretch last=
  [ -n "$stages_from" ] || return 0
  for stretch; do [ ! -f "$stages_from/$stretch.safetensors" ] || last=$stretch; done
  printf '%s' "$last"
}

# keep STRETCH: what the next one goes on from, in half precision: averaged weights, and a critic where there is one.
keep() {
  local run=$out/$1 critic
  make_file "$stages/$1.safetensors" "$(hash_of "$run")" convert "$run" "$stages/$1.safetensors" --half --compact
  critic=$run/$(cat "$run/latest")/discriminator.safetensors
  [ ! -f "$critic" ] || make_file "$stages/$1_critic.safetensors" "$(sha256sum <"$critic")" \
    convert "$critic" "$stages/$1_critic.safetensors" --half
}

# stage NAME INPUTS INIT key=value…: trains the stretches of a stage, the first from the weights INIT (empty: as its
# settings have it), each other one from what the one before left, on draws of its own and with moments that start anew;
# those up to the last that --stages-from has are taken from there. Sets `result` to the file of the last one.
stage() {
  local name=$1 inputs=$2 init=$3 critic= stretch file given share seed number=0 begin stretches
  shift 3
  mapfile -t stretches < <(stretches_of "$name")
  share=$((part[$name] / ${#stretches[@]}))
  given=$(last_given "${stretches[@]}")
  for stretch in "${stretches[@]}"; do
    if [ -n "$given" ]; then
      if [ "$stretch" = "$given" ]; then
        phase "$stretch: taken from $stages_from"
        for file in "$stretch" "${stretch}_critic"; do
          [ ! -f "$stages_from/$file.safetensors" ] || put "$stages/$file.safetensors" <"$stages_from/$file.safetensors"
        done
        given=
      fi
    else
      stage_settings=()
      if [ "$number" -gt 0 ]; then
        seed=$(setting_in "$(settings_of "$stretch")" data seed)
        stage_settings=("data.seed=$((seed + number))" "train.seed=$((seed + number))")
      fi
      begin=(${init:+"train.init=$init"} ${critic:+"discriminator.init=$critic"})
      choose_steps "$stretch" "$share" "${begin[@]}" "$@"
      train_stage "$stretch" "$inputs"$'\n'"$(cat ${init:+"$init"} ${critic:+"$critic"} </dev/null | sha256sum)" "${begin[@]}" "$@"
      keep "$stretch"
    fi
    parts_left=$((parts_left - share))
    number=$((number + 1))
    result=$stages/$stretch.safetensors
    init=$result
    critic=$stages/${stretch}_critic.safetensors
    [ -f "$critic" ] || critic=
  done
}

# train_online: all stages behind the pairs.
train_online() {
  local threads fresh inputs learnt teacher semantic start end share name log stages=$out/stages logs=() models=()
  threads=1
  if [ "$device" = cuda ]; then threads=$((cores / ranks > 2 ? cores / ranks - 1 : 1)); fi
  [ "$threads" -le 64 ] || threads=64
  where+=("data.loader_threads=$threads" "data.prefetch=$((2 * threads + 2))")
  fresh=(data.degrade=online data.images="$photographs")
  inputs="photographs $(hash_of_pictures "$photographs")"
  mkdir -p "$stages" "$files"

  stage coverage_net "$pairs" '' train.shards="$out/shards"
  learnt=$inputs$'\n'$(hash_of "$result")
  semantic=(semantic.weights="$result")
  put "$files/coverage_net.safetensors" <"$result"
  stage teacher "$inputs" '' "${fresh[@]}"
  teacher=$result
  learnt+=$'\n'$(hash_of "$teacher")
  semantic+=(train.teacher_weights="$teacher")
  if [ -n "$perceptual" ]; then learnt+=$'\n'"perceptual $(sha256sum <"$perceptual")"; fi
  perceptual_of student_start
  stage student_start "$learnt" '' "${fresh[@]}" "${semantic[@]}" "${seen[@]}"
  start=$result
  perceptual_of student
  stage student "$learnt" "$start" "${fresh[@]}" "${semantic[@]}" "${seen[@]}"
  end=$result

  phase "what lies between the two students"
  put "$files/teacher.safetensors" <"$teacher"
  put "$files/student_start.safetensors" <"$start"
  put "$files/student_end.safetensors" <"$end"
  for share in "${blend_shares[@]}"; do
    make_file "$files/blend_$share.safetensors" "$(sha256sum <"$start") $(sha256sum <"$end")" \
      blend "$start" "$end" "$files/blend_$share.safetensors" --share "$share" --half --compact
    models+=(--model "blend $share=$files/blend_$share.safetensors")
  done
  put "$files/student.safetensors" <"$files/blend_$shipped_share.safetensors"
  for name in start end; do
    log=$out/$(basename "${!name}" .safetensors)/metrics.jsonl
    [ ! -f "$log" ] || logs+=(--log "$name=$log")
  done
  measure_models "bicubic, the shipped student and what has been trained" "$(sha256sum "$files"/*.safetensors)" \
    --model shipped=embedded --model "start=$files/student_start.safetensors" --model "end=$files/student_end.safetensors" \
    "${models[@]}" "${logs[@]}"
  phase "done; the files are in $files (student.safetensors: share $shipped_share), the figures in $out/validation/report.html"
}

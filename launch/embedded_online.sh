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

# choose_steps NAME key=value…: sets stage_settings to the steps that the stage has time for, by the speed of a short run
# with these settings. Once chosen they stay. Without --minutes they are those of the settings.
choose_steps() {
  local name=$1 file=$out/$1.steps begun=$SECONDS milliseconds steps
  shift
  stage_settings=()
  [ -n "$minutes" ] || return 0
  if [ ! -e "$file" ]; then
    phase "$name: trying its speed"
    rm -rf "$out/probe"
    run train --config "$config/$name.yaml" "${settings[@]}" "${where[@]}" train.out="$out/probe" train.tensorboard=false "$@" \
      train.steps="$probe_steps" train.checkpoint_every="$probe_steps" discriminator.start=1
    # The median of the second half: the first steps choose kernels.
    milliseconds=$(sed -n 's/.*"step_ms": *\([0-9.e+-]*\).*/\1/p' "$out/probe/metrics.jsonl" | tail -n $((probe_steps / 2)) |
      sort -g | sed -n "$((probe_steps / 4))p")
    [ -n "$milliseconds" ] || fail "$out/probe/metrics.jsonl: tells no step_ms; run the command again"
    # What the short run took beside its steps, the long one takes too.
    steps=$(awk -v left="$((deadline - SECONDS))" -v part="${part[$name]}" -v parts="$parts_left" -v ms="$milliseconds" \
      -v whole="$((SECONDS - begun))" -v tried="$probe_steps" 'BEGIN {
        begin = whole - tried * ms / 1000
        steps = int((left * part / parts - (begin > 0 ? begin : 0)) * 1000 / ms / 10) * 10
        print steps < 20 ? 20 : steps }')
    rm -rf "$out/probe"
    printf '%s\n' "$steps" | put "$file"
    phase "$name: $steps steps of $milliseconds ms"
  fi
  parts_left=$((parts_left - part[$name]))
  stage_settings=("train.steps=$(cat "$file")")
}

# stage NAME INPUTS key=value…: chooses the steps and trains.
stage() {
  choose_steps "$1" "${@:3}"
  train_stage "$@"
}

# train_online: all stages behind the pairs.
train_online() {
  local threads fresh inputs semantic learnt from_start from_end share name measured models=()
  threads=1
  if [ "$device" = cuda ]; then threads=$((cores / ranks > 2 ? cores / ranks - 1 : 1)); fi
  [ "$threads" -le 64 ] || threads=64
  where+=("data.loader_threads=$threads" "data.prefetch=$((2 * threads + 2))")
  fresh=(data.degrade=online data.images="$photographs")
  inputs="photographs $(hash_of_pictures "$photographs")"

  stage coverage_net "$pairs" train.shards="$out/shards"
  stage teacher "$inputs" "${fresh[@]}"
  semantic=(train.teacher_weights="$out/teacher" semantic.weights="$out/coverage_net")
  learnt=$inputs$'\n'$(hash_of "$out/teacher")$'\n'$(hash_of "$out/coverage_net")
  if [ -n "$perceptual" ]; then learnt+=$'\n'"perceptual $(sha256sum <"$perceptual")"; fi
  perceptual_of student_start
  stage student_start "$learnt" "${fresh[@]}" "${semantic[@]}" "${seen[@]}"
  perceptual_of student
  from_start=$(hash_of "$out/student_start")
  stage student "$learnt"$'\n'"$from_start" "${fresh[@]}" "${semantic[@]}" "${seen[@]}" train.init="$out/student_start"

  phase "files of half precision, and what lies between the two students"
  mkdir -p "$files"
  for name in teacher coverage_net; do
    make_file "$name" "$(hash_of "$out/$name")" convert "$out/$name" "$files/$name.safetensors" --half --compact
  done
  from_end=$(hash_of "$out/student")
  make_file student_start "$from_start" convert "$out/student_start" "$files/student_start.safetensors" --half --compact
  make_file student_end "$from_end" convert "$out/student" "$files/student_end.safetensors" --half --compact
  for share in "${blend_shares[@]}"; do
    make_file "blend_$share" "$from_start $from_end" \
      blend "$out/student_start" "$out/student" "$files/blend_$share.safetensors" --share "$share" --half --compact
    models+=(--model "blend $share=$files/blend_$share.safetensors")
  done
  cp "$files/blend_$shipped_share.safetensors" "$files/student.safetensors.new"
  mv "$files/student.safetensors.new" "$files/student.safetensors"

  measured=$(sha256sum "$files"/*.safetensors; settings_of student; printf '%s\n' "$val_lq" "$val_gt"
    hash_of_pictures "$val_lq"; hash_of_pictures "$val_gt")
  if [ "$(cat "$out/validation/measured.txt" 2>/dev/null)" = "$measured" ]; then
    phase "figures: complete"
    cat "$out/validation/results.md"
  else
    phase "measuring bicubic, the shipped student and what has been trained"
    samsr eval --config "$config/student.yaml" "${settings[@]}" "${where[@]}" --lq "$val_lq" --ref "$val_gt" \
      --model shipped=embedded --model "start=$files/student_start.safetensors" --model "end=$files/student_end.safetensors" \
      "${models[@]}" --out "$out/validation" \
      --log "start=$out/student_start/metrics.jsonl" --log "end=$out/student/metrics.jsonl"
    printf '%s\n' "$measured" >"$out/validation/measured.txt"
  fi
  phase "done; the files are in $files (student.safetensors: share $shipped_share), the figures in $out/validation/report.html"
}

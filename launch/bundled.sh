# shellcheck shell=bash
# Runs programs of a bundle (launch/bundle) on a machine that has only LibTorch. Sourced after common.sh by the scripts
# of launch/ where there is $ROOT/BUNDLE.

# bundle_says NAME: the line NAME of BUNDLE.
bundle_says() { sed -n "s/^$1 //p;/^$/q" "$ROOT/BUNDLE"; }

# check_machine: ends with one line where the bundle's programs cannot run.
check_machine() {
  local wanted have
  wanted=$(bundle_says glibc)
  have=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed -n 's/^glibc //p') || true
  if [ -n "$have" ] && [ "$(printf '%s\n' "$wanted" "$have" | sort -V | head -n 1)" != "$wanted" ]; then
    fail "this system's glibc is $have, and the bundle needs $wanted or newer: use the container of docs/clusters.md"
  fi
  if [ "$(bundle_says processor)" = x86-64-v3 ] && [ -r /proc/cpuinfo ] && ! grep -qw avx2 /proc/cpuinfo; then
    fail "this processor has no AVX2, which the bundle is built for"
  fi
}

# libtorch_in FOLDER: nothing when FOLDER holds what the bundle needs, else what is wrong with it.
libtorch_in() {
  local folder=$1 version file missing=()
  [ -r "$folder/torch/version.py" ] || { echo "no torch/version.py in it"; return; }
  version=$(sed -n "s/^__version__ = '\([^']*\)'.*/\1/p" "$folder/torch/version.py")
  if [ "${version%%+*}" != "$(bundle_says torch)" ]; then echo "torch ${version:-of unknown version}"; return; fi
  local files=(torch/lib/libtorch_cpu.so torch/lib/libc10.so)
  # LibTorch for CUDA links these on a machine without a GPU too.
  if [[ $version == *+cu* || -e $folder/torch/lib/libtorch_cuda.so ]]; then
    files+=(nvidia/cu13/lib/libcudart.so.13 nvidia/cu13/lib/libcupti.so.13)
  fi
  if [ "$(bundle_says flavour)" = cuda13 ]; then
    files+=(torch/lib/libtorch_cuda.so nvidia/cudnn/lib/libcudnn.so.9 nvidia/nccl/lib/libnccl.so.2
            nvidia/cusparselt/lib/libcusparseLt.so.0 nvidia/nvshmem/lib/libnvshmem_host.so.3
            nvidia/cu13/lib/libcublas.so.13)
  fi
  for file in "${files[@]}"; do
    if [ ! -e "$folder/$file" ]; then missing+=("$file"); fi
  done
  if [ ${#missing[@]} -gt 0 ]; then echo "torch $version without ${missing[*]}"; fi
}

# find_libtorch: sets SAMSR_LIBTORCH to the folder that holds torch/: itself where it is set, else launch/setup's, else
# that of python3, which is asked for the place and does not load it.
find_libtorch() {
  local wanted problem looked=() folder
  wanted=$(bundle_says torch)
  local advice="run 'pip install torch==$wanted', or set SAMSR_LIBTORCH to the folder that holds its torch/ and nvidia/"
  if [ -n "${SAMSR_LIBTORCH:-}" ]; then
    problem=$(libtorch_in "$SAMSR_LIBTORCH")
    [ -z "$problem" ] || fail "SAMSR_LIBTORCH=$SAMSR_LIBTORCH: $problem; LibTorch $wanted is needed: $advice"
    return
  fi
  folder=$(python3 -c 'import importlib.util as util, os
spec = util.find_spec("torch")
print(os.path.dirname(os.path.dirname(spec.origin)) if spec and spec.origin else "")' 2>/dev/null) || folder=
  for folder in "$LIBTORCH" "$folder"; do
    [ -n "$folder" ] || { looked+=("python3 (it has no torch)"); continue; }
    [ -d "$folder" ] || { looked+=("$folder (not there)"); continue; }
    problem=$(libtorch_in "$folder")
    if [ -z "$problem" ]; then
      SAMSR_LIBTORCH=$folder
      return
    fi
    looked+=("$folder ($problem)")
  done
  local list
  list=$(printf ', %s' "${looked[@]}")
  fail "LibTorch $wanted is not found; looked at SAMSR_LIBTORCH (not set)$list: $advice"
}

# use_bundled_openmpi: sets PATH, so that `mpirun` is the bundle's, and the variables that it finds its parts by.
use_bundled_openmpi() {
  export PATH=$ROOT/bin:$PATH
  export OPAL_PREFIX=$ROOT OMPI_MCA_mca_base_component_path=$ROOT/lib/openmpi
  export PMIX_INSTALL_PREFIX=$ROOT PMIX_MCA_mca_base_component_path=$ROOT/lib/pmix
  export OMPI_MCA_orte_launch_agent=$ROOT/launch/orted
  # mpirun ends when it finds no way to other hosts, even where it needs none.
  if ! command -v ssh >/dev/null && ! command -v rsh >/dev/null && ! command -v srun >/dev/null; then
    export OMPI_MCA_plm=${OMPI_MCA_plm:-isolated}
  fi
}

# run_bundled PROGRAM [ARGUMENT…]: in place of this shell. The library path is the program's alone: python3 and
# nvidia-smi would take libraries of the bundle for their own.
run_bundled() {
  local program=$1
  shift
  check_machine
  find_libtorch
  use_bundled_openmpi
  if [ -d "$ROOT/tests/golden" ]; then export SAMSR_GOLDEN=${SAMSR_GOLDEN:-$ROOT/tests/golden}; fi
  exec env LD_LIBRARY_PATH="$SAMSR_LIBTORCH/torch/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" "$program" "$@"
}

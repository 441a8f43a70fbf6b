#include <cstdlib>
#include <optional>

#include "comm/communicator.h"
#include "core/error.h"

namespace samsr {
namespace {

std::optional<int> integer_variable(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') {
    return std::nullopt;
  }
  char* end = nullptr;
  const long value = std::strtol(text, &end, 10);
  if (*end != '\0') {
    throw UserError("environment variable {}='{}' is not a number; unset it or start through mpirun", name, text);
  }
  return static_cast<int>(value);
}

void refuse_contradiction(const char* name, int found, const char* other_name, std::optional<int> other) {
  if (other && *other != found) {
    throw UserError("{}={} contradicts {}={}: two launchers at once; unset the variables of one of them", name, found,
                    other_name, *other);
  }
}

}  // namespace

Launch detect_launch() {
  const auto torch_size = integer_variable("WORLD_SIZE");
  const auto torch_rank = integer_variable("RANK");
  if (const auto size = integer_variable("OMPI_COMM_WORLD_SIZE")) {
    const int rank = integer_variable("OMPI_COMM_WORLD_RANK").value_or(0);
    refuse_contradiction("OMPI_COMM_WORLD_SIZE", *size, "WORLD_SIZE", torch_size);
    refuse_contradiction("OMPI_COMM_WORLD_RANK", rank, "RANK", torch_rank);
    return {"mpirun", rank, *size};
  }
  const auto slurm_size = integer_variable("SLURM_STEP_NUM_TASKS");
  const auto slurm_rank = integer_variable("SLURM_PROCID");
  const bool step_of_slurm = slurm_size && slurm_rank;
  if (step_of_slurm && integer_variable("PMIX_RANK")) {
    refuse_contradiction("SLURM_STEP_NUM_TASKS", *slurm_size, "WORLD_SIZE", torch_size);
    return {"srun", *slurm_rank, *slurm_size};
  }
  if (step_of_slurm && *slurm_size > 1) {  // with PMI-1 or PMI-2 OpenMPI would end each task with a page of its own
    throw UserError(
        "srun started {} tasks without PMIx, so they cannot find each other; add --mpi=pmix (see `srun --mpi=list`)",
        *slurm_size);
  }
  const auto pmi_size = integer_variable("PMI_SIZE");
  if (pmi_size && !step_of_slurm) {
    return {"pmi", integer_variable("PMI_RANK").value_or(0), *pmi_size};
  }
  if (torch_size.value_or(1) > 1 || std::getenv("TORCHELASTIC_RUN_ID") != nullptr) {
    throw UserError("started by torchrun (WORLD_SIZE={}), which starts no MPI ranks; use `mpirun -n {}`",
                    torch_size.value_or(1), torch_size.value_or(1));
  }
  return {"none", 0, 1};
}

std::unique_ptr<Communicator> make_communicator() {
  const Launch launch = detect_launch();
  if (launch.launcher == "none") {
    return make_single_communicator();
  }
  auto communicator = make_mpi_communicator();
  if (communicator->size() != launch.size) {
    throw UserError(
        "{} announces {} ranks but MPI sees {}: the launcher belongs to another MPI installation than the one "
        "samsr was built with",
        launch.launcher, launch.size, communicator->size());
  }
  return communicator;
}

}  // namespace samsr

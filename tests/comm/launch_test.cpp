#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "comm/communicator.h"
#include "support/user_error.h"

namespace samsr {
namespace {

class LaunchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : kVariables) {
      unsetenv(name);
    }
  }
  void TearDown() override { SetUp(); }

  static std::string failure() { return testing::error_of(detect_launch); }

  static constexpr const char* kVariables[] = {"OMPI_COMM_WORLD_SIZE",
                                               "OMPI_COMM_WORLD_RANK",
                                               "SLURM_STEP_NUM_TASKS",
                                               "SLURM_PROCID",
                                               "PMIX_RANK",
                                               "PMI_RANK",
                                               "PMI_SIZE",
                                               "WORLD_SIZE",
                                               "RANK",
                                               "TORCHELASTIC_RUN_ID"};
};

TEST_F(LaunchTest, NoLauncherIsOneProcess) {
  EXPECT_EQ(detect_launch().launcher, "none");
  EXPECT_EQ(make_communicator()->size(), 1);
}

TEST_F(LaunchTest, RecognisesMpirunAndSrun) {
  setenv("OMPI_COMM_WORLD_SIZE", "4", 1);
  setenv("OMPI_COMM_WORLD_RANK", "3", 1);
  EXPECT_EQ(detect_launch().launcher, "mpirun");
  EXPECT_EQ(detect_launch().rank, 3);
  SetUp();
  setenv("SLURM_STEP_NUM_TASKS", "8", 1);
  setenv("SLURM_PROCID", "5", 1);
  setenv("PMIX_RANK", "5", 1);
  EXPECT_EQ(detect_launch().launcher, "srun");
  EXPECT_EQ(detect_launch().size, 8);
}

TEST_F(LaunchTest, SrunWithPmixIsItsRanksAndABatchScriptIsNone) {
  setenv("SLURM_PROCID", "0", 1);  // what a batch script sees, which runs outside of any step
  EXPECT_EQ(detect_launch().launcher, "none");
  setenv("SLURM_STEP_NUM_TASKS", "1", 1);
  setenv("PMIX_RANK", "0", 1);
  EXPECT_EQ(detect_launch().launcher, "srun");
  EXPECT_EQ(detect_launch().size, 1);
  setenv("SLURM_STEP_NUM_TASKS", "16", 1);
  setenv("SLURM_PROCID", "9", 1);
  setenv("PMIX_RANK", "9", 1);
  EXPECT_EQ(detect_launch().rank, 9);
  setenv("WORLD_SIZE", "8", 1);
  EXPECT_THAT(failure(), ::testing::HasSubstr("SLURM_STEP_NUM_TASKS=16 contradicts WORLD_SIZE=8"));
}

TEST_F(LaunchTest, MpirunInsideASlurmJobIsMpirun) {
  setenv("SLURM_STEP_NUM_TASKS", "2", 1);  // of srun, through which mpirun starts its helpers on two nodes
  setenv("SLURM_PROCID", "1", 1);
  setenv("PMIX_RANK", "12", 1);
  setenv("OMPI_COMM_WORLD_SIZE", "16", 1);
  setenv("OMPI_COMM_WORLD_RANK", "12", 1);
  EXPECT_EQ(detect_launch().launcher, "mpirun");
  EXPECT_EQ(detect_launch().rank, 12);
  EXPECT_EQ(detect_launch().size, 16);
}

TEST_F(LaunchTest, AContradictionIsAnError) {
  setenv("OMPI_COMM_WORLD_SIZE", "2", 1);
  setenv("OMPI_COMM_WORLD_RANK", "0", 1);
  setenv("WORLD_SIZE", "4", 1);
  EXPECT_THAT(failure(), ::testing::HasSubstr("contradicts WORLD_SIZE=4"));
}

TEST_F(LaunchTest, LaunchersThatStartNoMpiRanksAreErrors) {
  setenv("WORLD_SIZE", "2", 1);
  setenv("RANK", "0", 1);
  EXPECT_THAT(failure(), ::testing::HasSubstr("mpirun -n 2"));
  SetUp();
  setenv("SLURM_STEP_NUM_TASKS", "2", 1);
  setenv("SLURM_PROCID", "0", 1);
  EXPECT_THAT(failure(), ::testing::HasSubstr("--mpi=pmix"));
  setenv("PMI_RANK", "0", 1);  // srun --mpi=pmi2, which OpenMPI does not speak
  setenv("PMI_SIZE", "2", 1);
  EXPECT_THAT(failure(), ::testing::HasSubstr("--mpi=pmix"));
}

TEST_F(LaunchTest, OneTaskOfSrunIsOneProcessWithoutPmix) {
  setenv("SLURM_STEP_NUM_TASKS", "1", 1);
  setenv("SLURM_PROCID", "0", 1);
  EXPECT_EQ(detect_launch().launcher, "none");
  setenv("PMI_RANK", "0", 1);
  setenv("PMI_SIZE", "1", 1);
  EXPECT_EQ(detect_launch().launcher, "none");
}

}  // namespace
}  // namespace samsr

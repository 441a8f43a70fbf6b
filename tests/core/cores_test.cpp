#include "core/cores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <fstream>

#include "support/temporary_folder.h"

namespace samsr {
namespace {
using ::testing::ElementsAre;

TEST(UsableCores, AreThoseThatTheThreadIsBoundTo) {
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  const std::vector<int> cores = usable_cores();
  EXPECT_EQ(cores.size(), static_cast<std::size_t>(CPU_COUNT(&before)));
  EXPECT_TRUE(std::ranges::is_sorted(cores));
  cpu_set_t last;
  CPU_ZERO(&last);
  CPU_SET(static_cast<std::size_t>(cores.back()), &last);
  ASSERT_EQ(::sched_setaffinity(0, sizeof last, &last), 0);
  EXPECT_THAT(usable_cores(), ElementsAre(cores.back()));
  ::sched_setaffinity(0, sizeof before, &before);
}

class GrantedCores : public ::testing::Test {
 protected:
  /// A file of the groups' folder with this line.
  void write(const std::string& name, const std::string& line) const {
    const std::filesystem::path file = dir_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << line << "\n";
  }
  std::optional<double> granted() const { return granted_cores(dir_ / "self", dir_ / "groups"); }

  testing::TemporaryFolder dir_;
};

TEST_F(GrantedCores, TheLeastOfTheGroupAndThoseAboveItCounts) {
  write("self", "0::/slurm/job_7/step_0");
  EXPECT_EQ(granted(), std::nullopt);
  write("groups/slurm/job_7/step_0/cpu.max", "max 100000");
  EXPECT_EQ(granted(), std::nullopt);
  write("groups/slurm/job_7/cpu.max", "250000 100000");
  EXPECT_EQ(granted(), 2.5);
  write("groups/slurm/job_7/step_0/cpu.max", "50000 100000");
  EXPECT_EQ(granted(), 0.5);
  write("groups/cpu.max", "20000 100000");
  EXPECT_EQ(granted(), 0.2);
}

TEST_F(GrantedCores, AContainerSeesItsOwnGroupAsTheRoot) {
  write("self", "0::/");
  write("groups/cpu.max", "400000 100000");
  EXPECT_EQ(granted(), 4.0);
}

TEST_F(GrantedCores, WithoutTheSystemsFilesThereIsNoLimit) {
  EXPECT_EQ(granted(), std::nullopt);
  write("self", "12:cpu,cpuacct:/docker/7");
  write("groups/cpu.max", "nonsense");
  EXPECT_EQ(granted(), std::nullopt);
}

}  // namespace
}  // namespace samsr

// Run by mpirun with any number of ranks: the data set they build together is compared, byte by byte, with one
// that a single process builds.

#include <gtest/gtest.h>
#include <unistd.h>

#include <sstream>

#include "data/build.h"
#include "data/build_fixtures.h"
#include "data/verify.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;

Communicator& world() {
  static const std::unique_ptr<Communicator> communicator = make_mpi_communicator();
  return *communicator;
}

TEST(BuildMpi, BytesDoNotDependOnTheNumberOfRanks) {
  Communicator& comm = world();
  // All ranks need the same folder, whose name one process makes.
  std::string name = (fs::temp_directory_path() / ("samsr_build_mpi_" + std::to_string(::getpid()))).string();
  name = comm.gather(name).front();
  const fs::path folder = name;
  std::ostringstream lines;
  Log log(lines, comm.rank(), comm.size(), false);
  if (comm.rank() == 0) {
    fs::remove_all(folder);
    testing::write_photographs(folder / "photos", 4);
    const auto alone = make_single_communicator();
    build_dataset(testing::small_build(folder / "photos", folder / "alone"), "config\n", *alone, log);
  }
  comm.barrier();
  const BuildSettings together = testing::small_build(folder / "photos", folder / "together");
  build_dataset(together, "config\n", comm, log);
  verify_dataset(folder / "together", comm, log);
  if (comm.rank() == 0) {
    const auto expected = testing::contents(folder / "alone");
    EXPECT_EQ(testing::contents(folder / "together"), expected);
    fs::remove(folder / "together/shard-000002.h5");
  }
  comm.barrier();
  build_dataset(together, "config\n", comm, log);
  if (comm.rank() == 0) {
    EXPECT_EQ(testing::contents(folder / "together"), testing::contents(folder / "alone"));
    fs::remove_all(folder);
  }
  comm.barrier();
}

}  // namespace
}  // namespace samsr

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  samsr::world();
  return RUN_ALL_TESTS();
}

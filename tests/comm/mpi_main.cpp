#include "comm/mpi_main.h"

#include <gtest/gtest.h>

namespace samsr::testing {

Communicator& world() {
  static const std::unique_ptr<Communicator> communicator = make_mpi_communicator();
  return *communicator;
}

}  // namespace samsr::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  samsr::testing::world();
  return RUN_ALL_TESTS();
}

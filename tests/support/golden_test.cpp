// Which golden files are tested: what was shipped must be there, another folder may hold any part of it.

#include "support/golden.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <stdexcept>

#include "support/files.h"
#include "support/temporary_folder.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class GoldenFiles : public ::testing::Test {
 protected:
  ~GoldenFiles() override { use(before_); }
  /// Takes `folder` for the golden one; "" is the shipped one.
  static void use(const std::string& folder) { ::setenv("SAMSR_GOLDEN", folder.c_str(), 1); }

  const TemporaryFolder folder_;

 private:
  const char* const set_ = std::getenv("SAMSR_GOLDEN");
  const std::string before_ = set_ == nullptr ? "" : set_;
};

TEST_F(GoldenFiles, EveryOneThatIsShippedHasToBeThere) {
  use("");
  const fs::path shipped = golden_folder();
  use("/nowhere");
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(shipped)) {
    if (entry.path().extension() == ".h5") {
      ++files;
      const std::string stem = entry.path().stem().string();
      EXPECT_THAT(golden_files(stem), Contains(fs::path("/nowhere") / entry.path().filename()));
    }
  }
  EXPECT_GT(files, 0U);
}

TEST_F(GoldenFiles, AMissingOneFailsWithItsName) {
  use("/nowhere");
  ASSERT_THAT(golden_files("niqe"), ElementsAre("/nowhere/niqe.h5"));
  try {
    const Golden missing("/nowhere/niqe.h5");
    FAIL() << "no error";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("/nowhere/niqe.h5: the golden file is missing"));
  }
}

TEST_F(GoldenFiles, AnotherFolderMayHoldAnyPart) {
  use(folder_.path().string());
  write_text(folder_ / "niqe_more.h5", "");
  write_text(folder_ / "niqelike.h5", "");
  EXPECT_THAT(golden_files("niqe"), ElementsAre(folder_ / "niqe_more.h5"));
  EXPECT_THAT(golden_files("musiq"), IsEmpty());
}

}  // namespace
}  // namespace samsr::testing

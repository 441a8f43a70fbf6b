#include "support/temporary_folder.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace samsr::testing {
namespace fs = std::filesystem;
namespace {

std::string name_of_what_runs() {
  const auto& all = *::testing::UnitTest::GetInstance();
  std::string name;
  if (const auto* suite = all.current_test_suite()) {
    name += std::string("_") + suite->name();
  }
  if (const auto* test = all.current_test_info()) {
    name += std::string("_") + test->name();
  }
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string place = (fs::temp_directory_path() / ("samsr" + name_of_what_runs() + "_XXXXXX")).string();
  if (::mkdtemp(place.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), place);
  }
  path_ = place;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path TemporaryFolder::folder(const std::string& name) const {
  fs::create_directories(path_ / name);
  return path_ / name;
}

}  // namespace samsr::testing

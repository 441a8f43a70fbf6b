#pragma once
// Golden files: HDF5 with inputs and outputs of the reference implementations (see tests/golden/README.md).

#include <gtest/gtest.h>
#include <torch/torch.h>
#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace samsr::testing {

/// Folder of the golden files: environment variable SAMSR_GOLDEN, else the copy in tests/golden.
std::filesystem::path golden_folder();

/// Golden files in that folder whose stem equals `prefix` or begins with `prefix` + "_", sorted, so that other files of
/// the same form are tested as well. tests/golden has to hold what it was shipped with: a file that is missing there is
/// among them all the same, and fails as soon as it is opened. The folder of SAMSR_GOLDEN may hold any part.
std::vector<std::filesystem::path> golden_files(const std::string& prefix);

/// Test name for a parameterised golden test: the file's stem.
std::string golden_test_name(const std::filesystem::path& path);

/// Runs the TEST_Ps of `Suite`, whose parameter is a path, on each of the golden files `files`.
#define SAMSR_GOLDEN_SUITE(Suite, files)                             \
  GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Suite);              \
  INSTANTIATE_TEST_SUITE_P(Files, Suite, ::testing::ValuesIn(files), \
                           [](const auto& each) { return ::samsr::testing::golden_test_name(each.param); })

class Golden {
 public:
  /// `device`: where read() puts what it reads.
  explicit Golden(const std::filesystem::path& path, c10::Device device = c10::Device(c10::kCPU));

  YAML::Node config() const { return YAML::Load(config_); }
  std::uint64_t salt() const { return salt_; }
  double tolerance() const { return tolerance_; }
  const std::vector<std::string>& param_names() const { return param_names_; }
  bool has(const std::string& name) const;
  /// Names below "in" or "out", without the group.
  std::vector<std::string> names(const std::string& group) const;

  /// Dataset such as "in/x" or "out/y" with its own type and shape.
  torch::Tensor read(const std::string& name) const;

  /// Fails the running test unless |actual - expected| / (|expected| + 1) <= tolerance everywhere; on any devices. The
  /// dataset's attribute `tolerance`, where it has one, takes the place of the file's.
  void expect_close(const torch::Tensor& actual, const std::string& name) const;
  void expect_close(const torch::Tensor& actual, const torch::Tensor& expected, const std::string& what) const;

 private:
  void expect_within(double tolerance, const torch::Tensor& actual, const torch::Tensor& expected,
                     const std::string& what) const;
  std::filesystem::path path_;
  c10::Device device_;
  std::string config_;
  std::uint64_t salt_ = 0;
  double tolerance_ = 0;
  std::vector<std::string> param_names_;
};

/// The rule-seeded value of a weight named `name`: float32, of `shape`.
torch::Tensor rule_seeded(const std::string& name, at::IntArrayRef shape, std::uint64_t salt);

/// Fills every parameter and buffer of `module` by the rule, names prefixed with `prefix`; leaves
/// num_batches_tracked, relative_position_index and attn_mask as they are.
void fill_by_rule(torch::nn::Module& module, std::uint64_t salt, const std::string& prefix = "");

}  // namespace samsr::testing

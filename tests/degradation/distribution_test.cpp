// What the files of configs/degradation make the plans draw, against the published probabilities.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>

#include "degradation/plan.h"
#include "degradation/presets.h"
#include "support/temporary_folder.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;

constexpr int kDrawnPlans = 2000;
const fs::path kFolder = fs::path(SAMSR_SOURCE) / "configs/degradation";

DegradationSettings settings_of_file(const fs::path& file) {
  DegradationSettings settings;
  Settings registry;
  settings.bind(registry);
  registry.load_file(file);
  settings.check();
  return settings;
}

/// Values of one order, as the published files and loaders have them.
struct PublishedOrder {
  std::vector<int> sizes;
  std::vector<double> kinds;  ///< iso, aniso, generalized_iso, generalized_aniso, plateau_iso, plateau_aniso
  double sinc;
  std::vector<double> sigma;
  std::vector<double> resize;  ///< up, down, keep
  std::vector<double> factor;
  std::vector<double> gaussian;
  std::vector<double> poisson;
  std::vector<double> jpeg;
};

struct Published {
  std::string name;
  PublishedOrder first;
  PublishedOrder second;
  double second_order;
  double second_blur;
  double final_sinc;
  bool sharp;
  std::uint64_t seed;  ///< of the draws: one of 370 counts lies beyond 3 σ, so not every seed has none of them
};

const std::vector<double> kKinds{0.45, 0.25, 0.12, 0.03, 0.12, 0.03};
const std::vector<double> kMildKinds{0.6, 0.4, 0, 0, 0, 0};
const std::vector<int> kUpTo21{7, 9, 11, 13, 15, 17, 19, 21};

const std::vector<Published> kDistributions{
    {"resshift_v1",
     {{3, 5, 7, 9, 11, 13, 15, 17, 19},
      kKinds,
      0.1,
      {0.2, 3},
      {0.2, 0.7, 0.1},
      {0.15, 1.5},
      {1, 30},
      {0.05, 3},
      {30, 95}},
     {{3, 5, 7, 9, 11, 13}, kKinds, 0.1, {0.2, 1.5}, {0.3, 0.4, 0.3}, {0.3, 1.2}, {1, 25}, {0.05, 2.5}, {30, 95}},
     0.5,
     0.8,
     0.8,
     false,
     1},
    {"realesrgan",
     {kUpTo21, kKinds, 0.1, {0.2, 3}, {0.2, 0.7, 0.1}, {0.15, 1.5}, {1, 30}, {0.05, 3}, {30, 95}},
     {kUpTo21, kKinds, 0.1, {0.2, 1.5}, {0.3, 0.4, 0.3}, {0.3, 1.2}, {1, 25}, {0.05, 2.5}, {30, 95}},
     1,
     0.8,
     0.8,
     true,
     1},
    {"resshift_testing",
     {{3, 5, 7, 9, 11}, kMildKinds, 0.1, {0.2, 0.8}, {0.2, 0.7, 0.1}, {0.5, 1.5}, {1, 15}, {0.05, 0.3}, {70, 95}},
     {{3, 5}, kMildKinds, 0, {0.2, 0.5}, {0.3, 0.4, 0.3}, {0.8, 1.2}, {1, 10}, {0.05, 0.2}, {80, 100}},
     0,
     0.2,
     0.2,
     false,
     1}};

/// Counts of what was drawn, and the values of what was drawn from a range.
class Draws {
 public:
  void count(const std::string& name, const std::string& value) { ++counts_[name][value]; }
  void value(const std::string& name, double value) { values_[name].push_back(value); }

  int total(const std::string& name) const {
    int sum = 0;
    for (const auto& [value, count] : of(name)) {
      sum += count;
    }
    return sum;
  }

  /// The value was drawn with this probability, to 3 σ of the binomial distribution; 0 and 1 are exact.
  void expect_share(const std::string& name, const std::string& value, double probability) const {
    const int all = total(name);
    const auto found = of(name).find(value);
    const double expected = probability * all;
    const double deviation = std::sqrt(expected * (1 - probability));
    EXPECT_NEAR(found == of(name).end() ? 0 : found->second, expected, 3 * deviation + 1e-9)
        << name << " " << value << " of " << all;
  }

  /// Uniform between the two: all within, and the mean to 3 σ.
  void expect_uniform(const std::string& name, double low, double high) const {
    const auto found = values_.find(name);
    if (found == values_.end()) {
      ADD_FAILURE() << name << " was never drawn";
      return;
    }
    double sum = 0;
    for (const double each : found->second) {
      EXPECT_TRUE(low <= each && each <= high) << name << " " << each;
      sum += each;
    }
    const auto count = static_cast<double>(found->second.size());
    EXPECT_NEAR(sum / count, (low + high) / 2, 3 * (high - low) / std::sqrt(12 * count)) << name;
  }

 private:
  const std::map<std::string, int>& of(const std::string& name) const {
    static const std::map<std::string, int> kNone;
    const auto found = counts_.find(name);
    return found == counts_.end() ? kNone : found->second;
  }

  std::map<std::string, std::map<std::string, int>> counts_;
  std::map<std::string, std::vector<double>> values_;
};

void note_blur(Draws& draws, const std::string& order, const KernelSpec& blur) {
  draws.count(order + "size", std::to_string(blur.size));
  draws.count(order + "kind", blur.kind);
  if (blur.kind == "sinc") {
    draws.value(order + (blur.size < 13 ? "cutoff small" : "cutoff large"), blur.cutoff);
    return;
  }
  draws.value(order + "sigma", blur.sigma_x);
  if (is_anisotropic(blur.kind)) {
    draws.value(order + "sigma", blur.sigma_y);
  }
  if (has_shape(blur.kind)) {  // half from the range's lower end to 1, where plateaus' begins, half from 1 on
    const bool plateau = blur.kind.starts_with("plateau");
    draws.count(order + (plateau ? "plateau" : "shape"), blur.beta > 1 ? "above" : "below");
  }
}

void note_order(Draws& draws, const std::string& order, const OrderPlan& plan) {
  if (plan.blur) {
    note_blur(draws, order, *plan.blur);
  }
  const double factor = plan.resize.factor;
  const std::string way = factor > 1 ? "up" : factor < 1 ? "down" : "keep";
  draws.count(order + "resize", way);
  draws.value(order + way, factor);
  draws.count(order + "mode", resize_mode_name(plan.resize.mode));
  draws.count(order + "noise", plan.noise.gaussian ? "gaussian" : "poisson");
  draws.value(order + (plan.noise.gaussian ? "gaussian" : "poisson"), plan.noise.level);
  draws.count(order + "grey", plan.noise.grey ? "yes" : "no");
}

Draws draws_of(const DegradationSettings& settings, std::uint64_t seed) {
  Draws draws;
  for (std::uint64_t k = 0; k < kDrawnPlans; ++k) {
    Rng rng(seed, "distribution", {k});
    const DegradationPlan plan = draw_plan(settings, {5, 5}, rng);
    note_order(draws, "first ", plan.first);
    draws.value("first jpeg", plan.first_jpeg);
    draws.count("second order", plan.second ? "yes" : "no");
    if (plan.second) {
      draws.count("second blur", plan.second->blur ? "yes" : "no");
      note_order(draws, "second ", *plan.second);
    }
    draws.count("last", plan.jpeg_last ? "jpeg" : "sinc");
    draws.count("final mode", resize_mode_name(plan.final_resize));
    draws.count("final sinc", plan.final_sinc ? "yes" : "no");
    if (plan.final_sinc) {
      draws.count("final size", std::to_string(plan.final_sinc->size));
      draws.value("final cutoff", plan.final_sinc->cutoff);
    }
    draws.value("final jpeg", plan.final_jpeg);
  }
  return draws;
}

void expect_sizes(const Draws& draws, const std::string& name, const std::vector<int>& sizes) {
  for (int size = 1; size <= 25; ++size) {
    const bool one = std::count(sizes.begin(), sizes.end(), size) > 0;
    draws.expect_share(name, std::to_string(size), one ? 1.0 / static_cast<double>(sizes.size()) : 0);
  }
}

void expect_modes(const Draws& draws, const std::string& name) {
  for (const char* mode : {"area", "bilinear", "bicubic"}) {
    draws.expect_share(name, mode, 1.0 / 3);
  }
}

void expect_order(const Draws& draws, const std::string& order, const PublishedOrder& published) {
  static const std::vector<std::string> kNames{"iso",         "aniso",        "generalized_iso", "generalized_aniso",
                                               "plateau_iso", "plateau_aniso"};
  expect_sizes(draws, order + "size", published.sizes);
  draws.expect_share(order + "kind", "sinc", published.sinc);
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    draws.expect_share(order + "kind", kNames[i], (1 - published.sinc) * published.kinds[i]);
  }
  draws.expect_uniform(order + "sigma", published.sigma[0], published.sigma[1]);
  draws.expect_share(order + "shape", "above", 0.5);
  draws.expect_share(order + "plateau", "above", 0.5);
  draws.expect_share(order + "resize", "up", published.resize[0]);
  draws.expect_share(order + "resize", "down", published.resize[1]);
  draws.expect_share(order + "resize", "keep", published.resize[2]);
  draws.expect_uniform(order + "up", 1, published.factor[1]);
  draws.expect_uniform(order + "down", published.factor[0], 1);
  expect_modes(draws, order + "mode");
  draws.expect_share(order + "noise", "gaussian", 0.5);
  draws.expect_uniform(order + "gaussian", published.gaussian[0], published.gaussian[1]);
  draws.expect_uniform(order + "poisson", published.poisson[0], published.poisson[1]);
  draws.expect_share(order + "grey", "yes", 0.4);
}

TEST(DegradationDistribution, IsThePublishedOne) {
  for (const Published& published : kDistributions) {
    SCOPED_TRACE(published.name);
    const DegradationSettings settings = settings_of_file(kFolder / (published.name + ".yaml"));
    EXPECT_EQ(settings.sharpens_truth(), published.sharp);
    const Draws draws = draws_of(settings, published.seed);
    ASSERT_EQ(draws.total("first size"), kDrawnPlans);
    expect_order(draws, "first ", published.first);
    draws.expect_uniform("first jpeg", published.first.jpeg[0], published.first.jpeg[1]);
    draws.expect_uniform("first cutoff small", M_PI / 3, M_PI);
    draws.expect_share("second order", "yes", published.second_order);
    if (published.second_order > 0) {
      draws.expect_share("second blur", "yes", published.second_blur);
      expect_order(draws, "second ", published.second);
    }
    draws.expect_share("last", "jpeg", 0.5);
    expect_modes(draws, "final mode");
    draws.expect_share("final sinc", "yes", published.final_sinc);
    expect_sizes(draws, "final size", published.second.sizes);
    draws.expect_uniform("final cutoff", M_PI / 3, M_PI);
    draws.expect_uniform("final jpeg", published.second.jpeg[0], published.second.jpeg[1]);
  }
}

TEST(DegradationDistribution, EachFileIsAPresetAndABase) {
  std::vector<std::string> presets = degradation_presets();
  std::vector<std::string> files{"none"};
  const testing::TemporaryFolder folder;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    const std::string name = entry.path().stem();
    files.push_back(name);
    const auto text_of = [](const fs::path& path) {
      std::ifstream file(path);
      return std::string(std::istreambuf_iterator<char>(file), {});
    };
    EXPECT_EQ(degradation_preset(name), text_of(entry.path()));
    std::ofstream(folder / "own.yaml") << "base: " << entry.path().string() << "\ndegradation: {use_sharp: true}\n";
    const DegradationSettings own = settings_of_file(folder / "own.yaml");
    EXPECT_TRUE(own.sharpens_truth());
    EXPECT_EQ(own.kind, name == "bicubic" ? "bicubic" : "second_order");
    EXPECT_EQ(own.first.blur_kernel_size, settings_of_file(entry.path()).first.blur_kernel_size);
  }
  EXPECT_THAT(files, ::testing::UnorderedElementsAreArray(presets));
}

}  // namespace
}  // namespace samsr

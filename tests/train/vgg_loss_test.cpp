// VGG-19's features, against convolutions written as their definition says, and the loss of them.

#include "train/losses/vgg_loss.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "eval/metric_weights_by_rule.h"
#include "models/directional_differences.h"
#include "models/weights/safetensors.h"
#include "support/device.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {

using ::testing::AllOf;
using testing::device;
using testing::error_of;
using ::testing::HasSubstr;
using testing::placed;

const NamedWeights& vgg_by_rule() {
  static const NamedWeights weights = testing::weights_by_rule(vgg19_weights(), 1);
  return weights;
}

/// Pictures (2,3,18,17) in [0,1], float64 on the CPU.
at::Tensor unit_pictures(std::uint64_t seed) {
  torch::manual_seed(seed);
  return torch::rand({2, 3, 18, 17}, torch::kDouble);
}

/// Maps of one picture as plain numbers: [channel][row][column].
using Maps = std::vector<std::vector<std::vector<double>>>;

Maps convolved(const Maps& x, const at::Tensor& weight, const at::Tensor& bias) {
  const auto w = weight.accessor<float, 4>();
  const int rows = static_cast<int>(x[0].size());
  const int columns = static_cast<int>(x[0][0].size());
  Maps y;
  for (std::int64_t out = 0; out < weight.size(0); ++out) {
    y.emplace_back(rows, std::vector<double>(columns, bias[out].item<double>()));
    for (int row = 0; row < rows; ++row) {
      for (int column = 0; column < columns; ++column) {
        for (std::size_t in = 0; in < x.size(); ++in) {
          for (int i = std::max(0, 1 - row); i < std::min(3, rows + 1 - row); ++i) {
            for (int j = std::max(0, 1 - column); j < std::min(3, columns + 1 - column); ++j) {
              y.back()[row][column] +=
                  static_cast<double>(w[out][static_cast<std::int64_t>(in)][i][j]) * x[in][row + i - 1][column + j - 1];
            }
          }
        }
      }
    }
  }
  return y;
}

Maps pooled(const Maps& x) {
  Maps y;
  for (const auto& map : x) {
    y.emplace_back(map.size() / 2, std::vector<double>(map[0].size() / 2));
    for (std::size_t i = 0; i < map.size() / 2; ++i) {
      for (std::size_t j = 0; j < map[0].size() / 2; ++j) {
        y.back()[i][j] =
            std::max({map[2 * i][2 * j], map[2 * i][2 * j + 1], map[2 * i + 1][2 * j], map[2 * i + 1][2 * j + 1]});
      }
    }
  }
  return y;
}

void rectify(Maps& x) {
  for (auto& map : x) {
    for (auto& row : map) {
      std::ranges::transform(row, row.begin(), [](double value) { return std::max(value, 0.0); });
    }
  }
}

Maps normalised(const at::Tensor& picture) {
  constexpr double kMean[] = {0.485, 0.456, 0.406};
  constexpr double kDeviation[] = {0.229, 0.224, 0.225};
  Maps x;
  for (std::int64_t c = 0; c < 3; ++c) {
    x.emplace_back(picture.size(1), std::vector<double>(picture.size(2)));
    for (std::int64_t i = 0; i < picture.size(1); ++i) {
      for (std::int64_t j = 0; j < picture.size(2); ++j) {
        x.back()[i][j] = (picture[c][i][j].item<double>() - kMean[c]) / kDeviation[c];
      }
    }
  }
  return x;
}

/// The five maps of one picture (3,H,W) by the definition: blocks of 2, 2, 4, 4, 4 convolutions with pooling between.
std::vector<Maps> features_by_definition(const at::Tensor& picture) {
  std::vector<Maps> found;
  Maps x = normalised(picture);
  int number = 0;
  for (const int convolutions : {2, 2, 4, 4, 4}) {
    for (int i = 0; i < convolutions; ++i, number += 2) {  // a ReLU stands behind each
      const std::string name = "features." + std::to_string(number);
      x = convolved(x, vgg_by_rule().at(name + ".weight"), vgg_by_rule().at(name + ".bias"));
      if (i + 1 == convolutions) {
        found.push_back(x);
      }
      rectify(x);
    }
    x = x[0].size() > 1 ? pooled(x) : x;
    ++number;
  }
  return found;
}

TEST(VggFeatures, AreConvolutionsBeforeTheirReluByDefinition) {
  const at::Tensor pictures = unit_pictures(1);
  const std::vector<at::Tensor> found = VggFeatures(vgg_by_rule(), device())(placed(pictures.to(at::kFloat)));
  ASSERT_EQ(found.size(), VggFeatures::kLayers.size());
  const std::vector<Maps> expected = features_by_definition(pictures[1]);
  for (std::size_t layer = 0; layer < expected.size(); ++layer) {
    const at::Tensor maps = found[layer][1].cpu().to(at::kDouble).contiguous();
    const auto& [rows, columns] = std::pair(expected[layer][0].size(), expected[layer][0][0].size());
    ASSERT_EQ(maps.sizes(), at::IntArrayRef({static_cast<std::int64_t>(expected[layer].size()),
                                             static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)}));
    const double size = maps.square().mean().sqrt().item<double>();
    ASSERT_GT(size, 0);
    EXPECT_LT(maps.min().item<double>(), 0) << "before the ReLU";
    double worst = 0;
    for (std::size_t c = 0; c < expected[layer].size(); ++c) {
      for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < columns; ++j) {
          const double value = maps.data_ptr<double>()[(c * rows + i) * columns + j];
          worst = std::max(worst, std::abs(value - expected[layer][c][i][j]));
        }
      }
    }
    EXPECT_LT(worst, 1e-5 * size) << VggFeatures::kLayers[layer];
  }
}

TEST(VggLossOfPictures, IsTheWeightedSumOfMeanAbsoluteDifferences) {
  const std::vector<double> weights{0.1, 0.2, 1, 0.5, 2};
  const VggLoss loss(VggFeatures(vgg_by_rule(), c10::kCPU, at::kDouble), weights);
  const at::Tensor one = unit_pictures(1);
  const at::Tensor other = unit_pictures(2);
  const at::Tensor found = loss.of(one, other);
  ASSERT_EQ(found.sizes(), at::IntArrayRef({2}));
  const std::vector<Maps> a = features_by_definition(one[0]);
  const std::vector<Maps> b = features_by_definition(other[0]);
  double expected = 0;
  for (std::size_t layer = 0; layer < a.size(); ++layer) {
    double sum = 0;
    double count = 0;
    for (std::size_t c = 0; c < a[layer].size(); ++c) {
      for (std::size_t i = 0; i < a[layer][c].size(); ++i) {
        for (std::size_t j = 0; j < a[layer][c][i].size(); ++j, ++count) {
          sum += std::abs(a[layer][c][i][j] - b[layer][c][i][j]);
        }
      }
    }
    expected += weights[layer] * sum / count;
  }
  EXPECT_NEAR(found[0].item<double>(), expected, 1e-6 * expected);
  EXPECT_EQ(loss.of(one, one).abs().max().item<double>(), 0);
  const VggLoss first(VggFeatures(vgg_by_rule(), c10::kCPU, at::kDouble), {1, 0, 0, 0, 0});
  EXPECT_LT(first.of(one, other).max().item<double>(), 100 * expected);
}

TEST(VggLossOfPictures, GradientAgreesWithDifferencesInDouble) {
  const VggLoss loss(VggFeatures(vgg_by_rule(), c10::kCPU, at::kDouble), {0.1, 0.1, 1, 1, 1});
  const at::Tensor truth = unit_pictures(1);
  at::Tensor picture = unit_pictures(2).requires_grad_();
  testing::expect_gradients([&] { return 1e3 * loss.of(picture, truth).sum(); }, {{"picture", picture}}, 1e-7, 1e-5);
}

/// Official files by rule, in a folder of their own; those of whoever runs the test are out of sight.
class MakeVggLoss : public ::testing::Test {
 protected:
  MakeVggLoss() {
    setenv("TORCH_HOME", (scratch_ / "torch").c_str(), 1);
    setenv("XDG_CACHE_HOME", (scratch_ / "cache").c_str(), 1);
  }
  ~MakeVggLoss() override {
    unsetenv("TORCH_HOME");
    unsetenv("XDG_CACHE_HOME");
  }

  std::shared_ptr<const VggLoss> make(double weight, const std::vector<double>& layers = {0.1, 0.1, 1, 1, 1}) {
    return make_vgg_loss(weight, layers, {.folder = (scratch_ / "weights").string()}, device(), log_);
  }

  const testing::TemporaryFolder scratch_;
  std::ostringstream said_;
  Log log_{said_, 0, 1, false};
};

TEST_F(MakeVggLoss, ReadsTheOfficialFileAndSaysWhatIsWrong) {
  EXPECT_EQ(make(0), nullptr);
  EXPECT_EQ(said_.str(), "");
  EXPECT_THAT(error_of([&] { make(1); }),
              AllOf(HasSubstr("regression.lambda_perceptual is 1: vgg19-dcbb9e9d.pth is missing"),
                    HasSubstr("published at"), HasSubstr("regression.lambda_perceptual=0")));
  EXPECT_THAT(error_of([&] { make(1, {1, 1}); }), HasSubstr("regression.layer_weights has 2 numbers"));
  TensorFile file{{vgg_by_rule().begin(), vgg_by_rule().end()}, {}};
  file.tensors.emplace_back("classifier.0.weight", torch::zeros({4, 4}));
  write_safetensors(scratch_.folder("weights") / "vgg19-dcbb9e9d.pth", file);
  const auto made = make(0.5);
  EXPECT_NEAR(static_cast<double>(made->weight_bytes()), 20.02e6 * 4, 1e5);
  EXPECT_THAT(said_.str(), AllOf(HasSubstr("0.5 × the difference of features"), HasSubstr("vgg19-dcbb9e9d.pth")));
  const at::Tensor one = placed(unit_pictures(1).to(at::kFloat));
  const at::Tensor other = placed(unit_pictures(2).to(at::kFloat));
  const VggLoss same(VggFeatures(vgg_by_rule(), device()), {0.1, 0.1, 1, 1, 1});
  EXPECT_TRUE(made->of(one, other).equal(same.of(one, other)));
  file.tensors.erase(file.tensors.begin());
  write_safetensors(scratch_ / "weights/vgg19-dcbb9e9d.pth", file);
  EXPECT_THAT(error_of([&] { make(1); }), AllOf(HasSubstr("vgg19-dcbb9e9d.pth"), HasSubstr("VGG-19")));
}

}  // namespace
}  // namespace samsr

// The losses that VPD-SR's abstract names, and their networks, against the golden file, and their gradients against
// differences.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <functional>

#include "diffusion/golden_case.h"
#include "eval/metric_weights_by_rule.h"
#include "models/weights/safetensors.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"
#include "train/losses/ess_loss.h"
#include "train/losses/high_frequency_loss.h"
#include "train/losses/perceptual_loss.h"

namespace samsr {
namespace {

using ::testing::AllOf;
using testing::device;
using testing::error_of;
using ::testing::HasSubstr;
using testing::placed;

class VpdsrGolden : public testing::GoldenCase {
 protected:
  VpdsrGolden() {
    const YAML::Node clip = golden_.config()["clip"];
    const auto number = [&](const char* key) { return clip[key].as<std::int64_t>(); };
    shape_ = {number("input_resolution"), number("patch_size"), number("width"),
              number("layers"),           number("heads"),      number("output_dim")};
    const YAML::Node hfp = golden_.config()["vpdsr"]["hfp"];
    hfp_ = testing::settings_of<HighFrequencySettings>(hfp, "hfp");
    x0_ = golden_.read("out/x0");
  }

  ClipVit tower() const {
    return {shape_, testing::weights_by_rule(clip_vit_weights(shape_), golden_.salt(), "clip."), device()};
  }
  /// x̂, the first time with the leaf whose gradient is looked at.
  at::Tensor decoded(const std::string& way, const at::Tensor& latent) const {
    return way == "none" ? first_stage_->decode_unquantised(latent) : first_stage_->decode(latent);
  }
  /// The mean over the batch of a loss of decoded x0, by both ways; its gradients on image and latent, by the code.
  void expect_loss(const std::string& name, const std::function<at::Tensor(const at::Tensor&)>& loss) const {
    for (const std::string way : {"straight_through", "none"}) {
      golden_.expect_close(loss(decoded(way, x0_)), "out/" + name + "_" + way);
    }
    const at::Tensor latent = x0_.clone().requires_grad_();
    at::Tensor image = decoded("straight_through", latent);
    image.retain_grad();
    loss(image).mean().backward();
    expect_gradient(image.grad(), "image_" + name, 12);
    expect_gradient(latent.grad(), "x0_" + name, latent.size(2));
  }

  ClipVitShape shape_{};
  HighFrequencySettings hfp_;
  at::Tensor x0_;

 private:
  /// Size and direction of a gradient; the direction's corner of `side` pixels.
  void expect_gradient(const at::Tensor& gradient, const std::string& name, std::int64_t side) const {
    const at::Tensor size = gradient.to(at::kDouble).square().mean().sqrt();
    golden_.expect_close(size.log(), "out/log_rms_grad_" + name);
    const at::Tensor corner = gradient.slice(2, 0, side).slice(3, 0, side);
    golden_.expect_close(corner / size, "out/unit_grad_" + name);
  }
};

TEST_P(VpdsrGolden, ClipSeesWhatOpenAisDoes) {
  const ClipVit clip = tower();
  const at::Tensor input = clip.input(hr_);
  golden_.expect_close(input, "out/clip_input");
  const at::Tensor tokens = clip.tokens(input);
  const at::Tensor normalised = golden_.read("out/clip_tokens");  // the class token first
  golden_.expect_close(clip.patches(tokens), normalised.slice(1, 1), "out/clip_tokens");
  golden_.expect_close(clip.embedding(tokens), "out/clip_embedding");
}

TEST_P(VpdsrGolden, Details) {
  const at::Tensor first = hr_.narrow(0, 0, 1);
  golden_.expect_close(high_pass_fft(first, hfp_.radius), "out/highpass_fft");
  golden_.expect_close(high_pass_gauss(first, hfp_.sigma), "out/highpass_gauss");
  golden_.expect_close(edge_strength(first, hfp_.eps), "out/detail_map");
  const std::vector<at::Tensor> bands = haar_details(first, hfp_.levels);
  for (std::size_t level = 0; level < bands.size(); ++level) {
    golden_.expect_close(bands[level], "out/haar_" + std::to_string(level));
  }
}

TEST_P(VpdsrGolden, Decoding) {
  for (const std::string way : {"straight_through", "none"}) {
    golden_.expect_close(decoded(way, x0_.narrow(0, 0, 1)), "out/image_" + way);
  }
}

TEST_P(VpdsrGolden, HighFrequencyPerception) {
  for (const std::string filter : {"fft", "haar", "gauss", "sobel_lap"}) {
    SCOPED_TRACE(filter);
    HighFrequencySettings settings = hfp_;
    settings.filter = filter;
    expect_loss("hfp_" + filter, [&](const at::Tensor& image) { return high_frequency_loss(image, hr_, settings); });
  }
}

TEST_P(VpdsrGolden, SemanticSupervision) {
  for (const bool dense : {false, true}) {
    SCOPED_TRACE(dense);
    const EssLoss loss(tower(), dense);
    expect_loss(dense ? "ess_dense" : "ess_global", [&](const at::Tensor& image) { return loss.of(image, hr_); });
  }
}

SAMSR_GOLDEN_SUITE(VpdsrGolden, testing::golden_files("vpdsr"));

/// Smooth pictures with some noise, (2,3,height,width) in about [-1,1], double.
at::Tensor noisy_pictures(std::uint64_t seed, std::int64_t height, std::int64_t width) {
  torch::manual_seed(seed);
  const at::Tensor coarse = torch::rand({2, 3, 5, 5}, torch::kDouble) * 1.6 - 0.8;
  const at::Tensor smooth = at::upsample_bilinear2d(coarse, {height, width}, /*align_corners=*/true);
  return placed(smooth + 0.1 * torch::randn_like(smooth));
}

/// The gradient's slope along itself and along noise, against central differences.
void expect_gradient_of(const std::function<at::Tensor(const at::Tensor&)>& loss, const at::Tensor& at_picture,
                        double step, double tolerance) {
  const at::Tensor picture = at_picture.clone().requires_grad_();
  loss(picture).sum().backward();
  const at::Tensor gradient = picture.grad();
  torch::manual_seed(9);
  const torch::NoGradGuard no_grad;
  for (const at::Tensor& direction : {gradient / gradient.abs().max(), torch::randn_like(gradient)}) {
    const at::Tensor ends = loss(at_picture + step * direction) - loss(at_picture - step * direction);
    const double expected = (gradient * direction).sum().to(at::kDouble).item<double>();
    EXPECT_NEAR(ends.to(at::kDouble).sum().item<double>() / (2 * step), expected,
                tolerance * (std::abs(expected) + gradient.norm().to(at::kDouble).item<double>()));
  }
}

TEST(HighFrequencyLoss, GradientAgreesWithDifferencesInDouble) {
  const at::Tensor truth = noisy_pictures(1, 24, 40);
  for (const std::string filter : {"fft", "haar", "gauss", "sobel_lap"}) {
    SCOPED_TRACE(filter);
    const HighFrequencySettings settings{.filter = filter, .eps = 1e-3};
    const auto loss = [&](const at::Tensor& picture) { return high_frequency_loss(picture, truth, settings); };
    EXPECT_EQ(loss(truth).abs().max().item<double>(), 0);
    EXPECT_EQ(loss(noisy_pictures(2, 24, 40)).sizes(), at::IntArrayRef({2}));
    expect_gradient_of(loss, noisy_pictures(2, 24, 40), 1e-8, 1e-4);
  }
}

TEST(HighFrequencyLoss, LevelsAndSlopesOfLongWavesCostNothing) {
  const at::Tensor truth = noisy_pictures(1, 32, 32);
  const at::Tensor column = torch::arange(32, torch::kDouble) * (2 * M_PI / 32);
  const at::Tensor wave = placed(column.cos().expand({2, 3, 32, 32}).contiguous());
  EXPECT_LT(high_frequency_loss(truth + wave + 0.3, truth, {.filter = "fft"}).max().item<double>(), 1e-12);
  EXPECT_GT(high_frequency_loss(truth + wave, truth, {.filter = "fft", .radius = 0.05}).max().item<double>(), 0.3);
  for (const std::string filter : {"haar", "gauss", "sobel_lap"}) {
    EXPECT_LT(high_frequency_loss(truth + 0.3, truth, {.filter = filter}).max().item<double>(), 1e-9) << filter;
  }
}

TEST(HighFrequencyLoss, BfloatPicturesAreTransformedInFullPrecision) {
  const at::Tensor truth = noisy_pictures(1, 32, 32).to(at::kFloat);
  const at::Tensor picture = noisy_pictures(2, 32, 32).to(at::kBFloat16);
  const at::Tensor loss = high_frequency_loss(picture, truth, {});
  EXPECT_EQ(loss.scalar_type(), at::kFloat);
  EXPECT_TRUE(loss.allclose(high_frequency_loss(picture.to(at::kFloat), truth, {})));
}

TEST(HighFrequencyLoss, PicturesThatTheFilterCannotTakeAreRefused) {
  EXPECT_THAT(error_of([] { HighFrequencySettings{.filter = "haar", .levels = 3}.check_sides(32, 36); }),
              AllOf(HasSubstr("hfp.levels is 3"), HasSubstr("36x32"), HasSubstr("multiple of 8")));
  EXPECT_THAT(error_of([] { HighFrequencySettings{.filter = "gauss", .sigma = 6}.check_sides(18, 64); }),
              AllOf(HasSubstr("hfp.sigma is 6"), HasSubstr("64x18")));
  HighFrequencySettings{.filter = "gauss", .sigma = 6}.check_sides(19, 64);
  HighFrequencySettings{.filter = "fft"}.check_sides(7, 9);
}

const ClipVitShape kSmallTower{32, 8, 64, 2, 4, 24};

TEST(EssLossOfPictures, GradientAgreesWithDifferencesAndEqualPicturesHaveNone) {
  const at::Tensor truth = noisy_pictures(1, 40, 48).to(at::kFloat);
  for (const bool dense : {false, true}) {
    SCOPED_TRACE(dense);
    const EssLoss loss(ClipVit(kSmallTower, testing::weights_by_rule(clip_vit_weights(kSmallTower), 1), device()),
                       dense);
    const auto of = [&](const at::Tensor& picture) { return loss.of(picture, truth); };
    EXPECT_LT(of(truth).abs().max().item<float>(), 1e-6);
    EXPECT_GT(of(noisy_pictures(2, 40, 48).to(at::kFloat)).min().item<float>(), 1e-4);
    expect_gradient_of(of, noisy_pictures(2, 40, 48).to(at::kFloat), 5e-4, 0.02);
  }
}

/// A file of OpenAI's layout: the image side, what the text side and the archive add, all in half precision.
class ClipFile : public ::testing::Test {
 protected:
  void write(const std::string& file, std::int64_t patch) const {
    std::map<std::string, at::Tensor> tensors;
    for (const auto& [name, shape, type] : clip_vit_weights(clip_vit_b(patch))) {
      tensors[name] = torch::full(shape, 0.01, torch::kHalf);
    }
    tensors["logit_scale"] = torch::zeros({});
    tensors["ln_final.weight"] = torch::ones({512}, torch::kHalf);
    tensors["input_resolution"] = torch::tensor(224);
    write_safetensors(scratch_.folder("weights") / file, {{tensors.begin(), tensors.end()}, {}});
  }
  std::shared_ptr<const EssLoss> make(std::int64_t patch) {
    return make_ess_loss(0.5, {.mode = "dense", .patch = patch}, {.folder = (scratch_ / "weights").string()}, device(),
                         log_);
  }

  const testing::TemporaryFolder scratch_;
  std::ostringstream said_;
  Log log_{said_, 0, 1, false};
};

TEST_F(ClipFile, IsReadAsPublishedAndNamedWhereItIsMissingOrAnother) {
  scratch_.folder("weights");
  EXPECT_EQ(make_ess_loss(0, {}, {}, device(), log_), nullptr);
  EXPECT_THAT(error_of([&] { make(32); }), AllOf(HasSubstr("distill.lambda_ess is 0.5: ViT-B-32.pt is missing"),
                                                 HasSubstr("published at"), HasSubstr("distill.lambda_ess=0")));
  write("ViT-B-32.pt", 32);
  const auto loss = make(32);
  EXPECT_NEAR(static_cast<double>(loss->weight_bytes()), 87.8e6 * 4, 2e6);
  EXPECT_THAT(said_.str(), AllOf(HasSubstr("0.5 × the dense"), HasSubstr("ViT-B-32.pt")));
  write("ViT-B-16.pt", 32);
  EXPECT_THAT(error_of([&] { make(16); }), AllOf(HasSubstr("ViT-B-16.pt"), HasSubstr("CLIP ViT-B/16")));
}

NamedWeights tiny_weights() { return testing::weights_by_rule(tiny_encoder_weights(), 3); }

TEST(TinyEncoderOfPictures, IsTheLayoutOfItsFile) {
  const NamedWeights weights = tiny_weights();
  const at::Tensor images = (noisy_pictures(1, 64, 96).to(at::kFloat) + 1) / 2;
  const auto conv = [&](const at::Tensor& x, const std::string& name, std::int64_t stride) {
    const auto bias = weights.find(name + ".bias");
    return at::conv2d(x, placed(weights.at(name + ".weight")),
                      bias == weights.end() ? at::Tensor() : placed(bias->second), stride, 1);
  };
  const auto block = [&](const at::Tensor& x, std::int64_t number) {
    const std::string name = std::to_string(number) + ".conv.";
    return at::relu(conv(at::relu(conv(at::relu(conv(x, name + "0", 1)), name + "2", 1)), name + "4", 1) + x);
  };
  at::Tensor x = block(at::relu(conv(at::relu(conv(images, "0", 2)), "2", 2)), 4);
  const TinyEncoder encoder(weights, device());
  EXPECT_TRUE(encoder.features(images, {4})[0].allclose(x, 1e-4, 1e-5));
  std::vector<at::Tensor> last;
  for (const std::int64_t first : {5, 9, 13}) {
    x = conv(x, std::to_string(first), 2);
    for (std::int64_t number = first + 1; number < first + 4; ++number) {
      x = block(x, number);
    }
    last.push_back(x);
  }
  const std::vector<at::Tensor> found = encoder.features(images, {8, 12, 16});
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_TRUE(found[i].allclose(last[i], 1e-4, 1e-5)) << i;
  }
  EXPECT_EQ(found[2].sizes(), at::IntArrayRef({2, 64, 2, 3}));
  EXPECT_EQ(tiny_encoder_blocks(), (std::vector<std::int64_t>{4, 6, 7, 8, 10, 11, 12, 14, 15, 16}));
}

TEST(PerceptualLossOfPictures, IsTheDistanceOfDirectionsAndItsGradientAgreesWithDifferences) {
  const at::Tensor truth = noisy_pictures(1, 64, 64).to(at::kFloat);
  const at::Tensor picture = noisy_pictures(2, 64, 64).to(at::kFloat);
  const TinyEncoder encoder(tiny_weights(), device());
  const PerceptualLoss loss(encoder, {4, 8}, {0.25, 2});
  const auto direction = [&](const at::Tensor& images, std::size_t i) {
    const at::Tensor features = encoder.features((images + 1) / 2, {4, 8})[i];
    return features / at::linalg_vector_norm(features, 2, at::IntArrayRef{1}, true).clamp_min(1e-10);
  };
  const auto distance = [&](std::size_t i) {
    return (direction(picture, i) - direction(truth, i)).square().sum(1).mean({1, 2});
  };
  EXPECT_TRUE(loss.of(picture, truth).allclose(0.25 * distance(0) + 2 * distance(1), 1e-4, 1e-5));
  EXPECT_EQ(loss.of(truth, truth).abs().max().item<float>(), 0);
  expect_gradient_of([&](const at::Tensor& x) { return loss.of(x, truth); }, picture, 2e-3, 0.03);
}

TEST_F(ClipFile, PerceptualSettingsThatDoNotFitAreRefused) {
  const auto make = [&](const PerceptualSettings& settings, double weight = 0.3) {
    return make_perceptual_loss(weight, "rsd.lambda_perceptual", settings, {.folder = (scratch_ / "weights").string()},
                                device(), log_);
  };
  const auto error = [&](const std::vector<std::int64_t>& blocks, const std::vector<double>& block_weights = {}) {
    const PerceptualSettings settings{.weights = "x", .blocks = blocks, .block_weights = block_weights};
    return error_of([&] { make(settings); });
  };
  EXPECT_EQ(make({}, 0), nullptr);
  EXPECT_THAT(error_of([&] { make({}); }),
              AllOf(HasSubstr("rsd.lambda_perceptual is 0.3: taesana_encoder.pth is missing"),
                    HasSubstr("perceptual.weights=FILE")));
  EXPECT_THAT(error({4, 5}), AllOf(HasSubstr("perceptual.blocks"), HasSubstr("10, 11")));
  EXPECT_THAT(error({8, 4}), HasSubstr("ascending"));
  EXPECT_THAT(error({}), HasSubstr("one or more"));
  EXPECT_THAT(error({4, 8}, {1}), HasSubstr("each of the 2"));
  const std::filesystem::path file = scratch_ / "encoder.safetensors";
  NamedWeights weights = tiny_weights();
  weights["17.weight"] = torch::zeros({32, 64, 3, 3});
  weights["17.bias"] = torch::zeros({32});
  write_safetensors(file, {{weights.begin(), weights.end()}, {}});
  PerceptualSettings settings;
  settings.weights = file.string();
  const auto loss = make(settings);
  EXPECT_THAT(said_.str(), AllOf(HasSubstr("0.3 × the distance"), HasSubstr("4, 6, 7, 8")));
  const at::Tensor one = noisy_pictures(1, 32, 32).to(at::kFloat);
  const at::Tensor other = noisy_pictures(2, 32, 32).to(at::kFloat);
  const PerceptualLoss alike(TinyEncoder(weights, device()), {4, 6, 7, 8}, {0.25, 0.25, 0.25, 0.25});
  EXPECT_TRUE(loss->of(one, other).equal(alike.of(one, other)));
  write_safetensors(scratch_.folder("weights") / "taesana_encoder.pth", {{weights.begin(), weights.end()}, {}});
  EXPECT_TRUE(make({})->of(one, other).equal(alike.of(one, other))) << "the official file is found";
}

}  // namespace
}  // namespace samsr

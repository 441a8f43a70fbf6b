#include <gtest/gtest.h>

#include "models/first_stage/vq_autoencoder.h"
#include "models/golden_settings.h"
#include "models/unet/step_embedding.h"
#include "models/unet/unet_swin.h"
#include "support/device.h"
#include "support/golden.h"

namespace samsr {
namespace {
using testing::device;
using testing::Golden;
using testing::golden_files;
using testing::placed;
namespace fs = std::filesystem;

std::vector<std::string> names_of(const torch::nn::Module& module) { return module.named_parameters().keys(); }

class UNetGolden : public ::testing::TestWithParam<fs::path> {
 protected:
  void SetUp() override {
    model_ = UNetSwin(testing::unet_settings(golden_.config()));
    testing::fill_by_rule(*model_, golden_.salt());
    placed(model_);
    x_ = golden_.read("in/x");
    steps_ = golden_.read("in/t");
    lq_ = golden_.read("in/lq");
  }
  const Golden golden_{GetParam(), device()};
  UNetSwin model_{nullptr};
  at::Tensor x_, steps_, lq_;
};

TEST_P(UNetGolden, HasTheOfficialParameterNames) { EXPECT_EQ(names_of(*model_), golden_.param_names()); }

TEST_P(UNetGolden, PredictsWithoutGradients) {
  const torch::NoGradGuard no_grad;
  golden_.expect_close(model_(x_, steps_, lq_), "out/y");
}

TEST_P(UNetGolden, PredictsAndDifferentiates) {
  if (!golden_.has("out/grad_x")) {
    GTEST_SKIP() << "no gradients in " << GetParam();
  }
  x_.requires_grad_(true);
  const at::Tensor y = model_(x_, steps_, lq_);
  golden_.expect_close(y, "out/y");
  (y * golden_.read("in/cotangent")).mean().backward();
  golden_.expect_close(x_.grad(), "out/grad_x");
  std::vector<double> norms;
  for (const at::Tensor& parameter : model_->parameters()) {
    norms.push_back(parameter.grad().norm().item<double>());
  }
  golden_.expect_close(torch::tensor(norms, torch::kFloat64), "out/param_grad_norm");
}

TEST_P(UNetGolden, PredictsInChannelsLast) {
  const torch::NoGradGuard no_grad;
  for (at::Tensor& parameter : model_->parameters()) {
    if (parameter.dim() == 4) {
      parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
    }
  }
  golden_.expect_close(model_(x_.contiguous(at::MemoryFormat::ChannelsLast), steps_, lq_), "out/y");
}

SAMSR_GOLDEN_SUITE(UNetGolden, golden_files("unet"));

class VqGolden : public ::testing::TestWithParam<fs::path> {};

TEST_P(VqGolden, EncodesQuantisesAndDecodes) {
  const torch::NoGradGuard no_grad;
  const Golden golden(GetParam(), device());
  VQModelTorch model(testing::autoencoder_settings(golden.config()));
  EXPECT_EQ(names_of(*model), golden.param_names());
  testing::fill_by_rule(*model, golden.salt());
  placed(model);
  golden.expect_close(model->encode(golden.read("in/image")), "out/z");

  const at::Tensor z = golden.read("out/z");
  const auto quantized = model->quantize(z);
  const at::Tensor codes = model->named_parameters()["quantize.embedding.weight"];
  const auto code_at = [&](const at::Tensor& indices) {
    return codes.index_select(0, indices.view(-1).to(at::kLong))
        .view({z.size(0), z.size(2), z.size(3), -1})
        .permute({0, 3, 1, 2});
  };
  EXPECT_TRUE(quantized.latent.allclose(code_at(quantized.indices)));
  // The nearest code; of two that float32 cannot tell apart, either: threads and processors round differently.
  const auto distance = [&](const at::Tensor& indices) {
    return (z.to(at::kDouble) - code_at(indices).to(at::kDouble)).square().sum(1);
  };
  const at::Tensor farther = distance(quantized.indices) - distance(golden.read("out/indices"));
  EXPECT_LE((farther / z.to(at::kDouble).square().sum(1)).abs().max().item<double>(), 1e-6);

  const at::Tensor nearest = golden.read("out/quantized");
  EXPECT_TRUE(nearest.allclose(code_at(golden.read("out/indices"))));
  golden.expect_close(model->decode(nearest, /*force_not_quantize=*/true), "out/decoded");
  golden.expect_close(model->decode(z, /*force_not_quantize=*/true), "out/decoded_no_quant");
  EXPECT_TRUE(model->decode(z).equal(model->decode(quantized.latent, /*force_not_quantize=*/true)));
}

SAMSR_GOLDEN_SUITE(VqGolden, golden_files("vq"));

class StepEmbeddingGolden : public ::testing::TestWithParam<fs::path> {};

TEST_P(StepEmbeddingGolden, AgreesForEveryWidth) {
  const Golden golden(GetParam(), device());
  const std::string prefix = "timestep_embedding_";
  for (const std::string& name : golden.names("out")) {
    if (name.starts_with(prefix)) {
      golden.expect_close(step_embedding(golden.read("in/t"), std::stoll(name.substr(prefix.size()))), "out/" + name);
    }
  }
}

SAMSR_GOLDEN_SUITE(StepEmbeddingGolden, golden_files("schedule"));

}  // namespace
}  // namespace samsr

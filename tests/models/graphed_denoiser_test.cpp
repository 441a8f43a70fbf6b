#include "models/cuda/graphed_denoiser.h"

#include <gtest/gtest.h>

#include "core/kernels.h"
#include "models/layers/autocast.h"
#include "models/layers/channels_last.h"
#include "models/super_resolution/super_resolution_model.h"
#include "support/device.h"
#include "support/golden.h"
#include "support/small_model.h"

namespace samsr {
namespace {
using testing::device;
using testing::placed;

/// Two networks of the same weights: one called as it is, one replayed on a GPU.
class GraphedDenoiserTest : public ::testing::Test {
 protected:
  struct Arguments {
    at::Tensor x, steps, lq;
  };

  GraphedDenoiserTest() {
    for (UNetSwin* network : {&usual_, &replayed_}) {
      testing::fill_by_rule(**network, 1);
      use_channels_last(**network);
      placed(*network);
    }
    graphed_ = graphed(count_calls(denoiser_of(replayed_)), replayed_->parameters());
  }

  /// Whether the network behind graphed() is asked at every call.
  Denoiser count_calls(Denoiser denoiser) {
    return [this, denoiser](const at::Tensor& x, const at::Tensor& steps, const at::Tensor& lq) {
      ++calls_;
      return denoiser(x, steps, lq);
    };
  }

  static Arguments arguments(std::int64_t batch, std::int64_t size = 16) {
    return {placed(torch::randn({batch, 3, size, size})), placed(torch::randint(0, 15, {batch}, torch::kInt64)),
            placed(torch::randn({batch, 3, size, size}))};
  }

  void expect_same_answer(const Arguments& with) {
    const torch::NoGradGuard no_grad;
    EXPECT_TRUE(graphed_(with.x, with.steps, with.lq).equal(usual_->forward(with.x, with.steps, with.lq)));
  }

  static at::Tensor backward(const at::Tensor& y) {
    const at::Tensor gradient = at::empty_like(y);
    gradient.copy_(at::linspace(-1, 1, y.numel(), y.options().dtype(at::kFloat)).view(y.sizes()));
    y.backward(gradient);
    return y.detach();
  }

  void expect_same_gradients() {
    const auto expected = usual_->named_parameters();
    for (const auto& parameter : replayed_->named_parameters()) {
      EXPECT_TRUE(parameter.value().grad().equal(expected[parameter.key()].grad())) << parameter.key();
    }
  }

  /// One more step of gradients, added to those before.
  void expect_same_step(const Arguments& with) {
    const at::Tensor expected = backward(usual_->forward(with.x, with.steps, with.lq));
    EXPECT_TRUE(backward(graphed_(with.x, with.steps, with.lq)).equal(expected));
    expect_same_gradients();
  }

  /// As an optimizer changes weights.
  void change_weights() {
    const torch::NoGradGuard no_grad;
    for (UNetSwin* network : {&usual_, &replayed_}) {
      for (at::Tensor& parameter : (*network)->parameters()) {
        parameter.mul_(1.01);
      }
    }
  }

  UNetSwin usual_{testing::small_unet_settings()};
  UNetSwin replayed_{testing::small_unet_settings()};
  Denoiser graphed_;
  int calls_ = 0;
};

TEST_F(GraphedDenoiserTest, AnswersWithTheSameBits) {
  for (int i = 0; i < 6; ++i) {
    expect_same_answer(arguments(2));
    change_weights();
  }
}

TEST_F(GraphedDenoiserTest, GivesTheSameGradients) {
  for (int i = 0; i < 6; ++i) {
    expect_same_step(arguments(2));
    change_weights();
  }
}

TEST_F(GraphedDenoiserTest, ReplaysUnderAutocast) {
  for (int i = 0; i < 6; ++i) {
    {
      const Autocast autocast(device(), true);
      expect_same_answer(arguments(2));
    }
    const Arguments with = arguments(3);
    at::Tensor expected;
    at::Tensor found;
    {
      const Autocast autocast(device(), true);
      expected = usual_->forward(with.x, with.steps, with.lq);
      found = graphed_(with.x, with.steps, with.lq);
    }
    EXPECT_TRUE(found.equal(expected));
    backward(expected);
    backward(found);
    expect_same_gradients();
    change_weights();
  }
}

TEST_F(GraphedDenoiserTest, AsksTheNetworkNoMoreOnAGpu) {
  for (int i = 0; i < 10; ++i) {
    expect_same_answer(arguments(2));
  }
  EXPECT_EQ(calls_, gpu_kernels(placed(torch::empty({1}))) ? 4 : 10);
}

TEST_F(GraphedDenoiserTest, SizesTakeTurns) {
  for (int i = 0; i < 6; ++i) {
    for (const std::int64_t batch : {1, 2, 3}) {
      expect_same_answer(arguments(batch));
      expect_same_step(arguments(batch));
      expect_same_step(arguments(1, 32));
    }
  }
}

TEST_F(GraphedDenoiserTest, SeveralPassesMayWaitForTheirBackwardPass) {
  for (int i = 0; i < 6; ++i) {
    std::vector<at::Tensor> expected;
    std::vector<at::Tensor> found;
    for (int pass = 0; pass < 3; ++pass) {
      const Arguments with = arguments(2);
      expected.push_back(usual_->forward(with.x, with.steps, with.lq));
      found.push_back(graphed_(with.x, with.steps, with.lq));
    }
    for (int pass = 2; pass >= 0; --pass) {
      EXPECT_TRUE(found[static_cast<std::size_t>(pass)].equal(expected[static_cast<std::size_t>(pass)]));
      backward(expected[static_cast<std::size_t>(pass)]);
      backward(found[static_cast<std::size_t>(pass)]);
    }
    expect_same_gradients();
  }
}

TEST_F(GraphedDenoiserTest, APassWhoseBackwardPassNeverComesIsForgotten) {
  for (int i = 0; i < 6; ++i) {
    const Arguments with = arguments(2);
    graphed_(with.x, with.steps, with.lq);
    expect_same_step(arguments(2));
  }
}

TEST_F(GraphedDenoiserTest, GradientsThatWereLetGoComeBackAsTheirOwn) {
  for (int i = 0; i < 6; ++i) {
    for (UNetSwin* network : {&usual_, &replayed_}) {
      (*network)->zero_grad(/*set_to_none=*/true);
    }
    expect_same_step(arguments(2));
    expect_same_step(arguments(2));
  }
}

TEST_F(GraphedDenoiserTest, InputsWithGradientsGetThem) {
  for (int i = 0; i < 6; ++i) {
    Arguments with = arguments(2);
    with.x.requires_grad_();
    backward(graphed_(with.x, with.steps, with.lq));
    EXPECT_GT(with.x.grad().abs().max().item<float>(), 0);
  }
}

}  // namespace
}  // namespace samsr

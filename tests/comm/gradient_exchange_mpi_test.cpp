#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "comm/gradient_exchange.h"
#include "comm/mpi_main.h"
#include "support/user_error.h"

namespace samsr::testing {
namespace {

constexpr int kImagesPerRank = 4;

torch::nn::Sequential network(std::uint64_t seed) {
  torch::manual_seed(seed);
  // More than one bucket of gradients: the middle layer alone holds 16 MB.
  return torch::nn::Sequential(torch::nn::Linear(16, 2048), torch::nn::ReLU(), torch::nn::Linear(2048, 2048),
                               torch::nn::ReLU(), torch::nn::Linear(2048, 1));
}

torch::Tensor images(int first, int count) {
  torch::manual_seed(77);
  return torch::randn({64, 16}).slice(0, first, first + count);
}

void expect_equal_gradients(torch::nn::Sequential& ours, torch::nn::Sequential& reference) {
  for (std::size_t i = 0; i < ours->parameters().size(); ++i) {
    const torch::Tensor a = ours->parameters()[i].grad();
    const torch::Tensor b = reference->parameters()[i].grad();
    EXPECT_TRUE(torch::allclose(a, b, 1e-4, 1e-6)) << (a - b).abs().max();
  }
}

/// Trains three steps with the exchange that `options` ask for: gradients as of one rank with the whole batch.
void expect_gradients_of_the_whole_batch(const ExchangeOptions& options) {
  Communicator& comm = world();
  auto ours = network(static_cast<std::uint64_t>(comm.rank()));  // different until rank 0's are broadcast
  auto reference = network(0);
  GradientExchange exchange(comm, ours->parameters(), options);
  for (int step = 0; step < 3; ++step) {
    ours->zero_grad(/*set_to_none=*/false);
    reference->zero_grad();
    exchange.prepare_for_backward();
    ours->forward(images(comm.rank() * kImagesPerRank, kImagesPerRank)).square().mean().backward();
    reference->forward(images(0, comm.size() * kImagesPerRank)).square().mean().backward();
    expect_equal_gradients(ours, reference);
  }
  at::Tensor ranks = at::ones({3}, at::kDouble);
  exchange.sum(ranks);
  EXPECT_TRUE(at::equal(ranks, at::full({3}, comm.size(), at::kDouble)));
}

TEST(GradientExchange, AveragesLikeOneRankWithTheWholeBatch) { expect_gradients_of_the_whole_batch({}); }

TEST(GradientExchange, AveragesThroughACopyOnTheHostAsOnAGpu) {
  expect_gradients_of_the_whole_batch({.over = "host", .staged = true});
}

TEST(GradientExchange, OneRankAloneGoesThroughTheExchangeWhereItIsAskedFor) {
  Communicator& comm = world();
  auto ours = network(0);
  EXPECT_EQ(GradientExchange(comm, ours->parameters()).keeps_gradients(), comm.size() > 1);
  EXPECT_TRUE(GradientExchange(comm, ours->parameters(), {.alone = Alone::kExchange}).keeps_gradients());
  expect_gradients_of_the_whole_batch({.alone = Alone::kExchange, .staged = true});
}

TEST(GradientExchange, NcclOnTheCpuIsRefusedWithAReason) {
  auto ours = network(0);
  EXPECT_THAT(error_of([&] { GradientExchange(world(), ours->parameters(), {.over = "nccl"}); }),
              ::testing::HasSubstr("NCCL moves data between GPUs only"));
}

TEST(GradientExchange, ARankThatFailsInTheBackwardPassDoesNotWaitForTheOthers) {
  Communicator& comm = world();
  auto ours = network(0);
  const auto fail = [&] {
    GradientExchange exchange(comm, ours->parameters());
    exchange.prepare_for_backward();
    if (comm.rank() == 0) {  // the last layers' gradients are on their way when the first layer's fail
      torch::Tensor hidden =
          ours[1]->as<torch::nn::ReLU>()->forward(ours[0]->as<torch::nn::Linear>()->forward(images(0, 4)));
      hidden.register_hook([](const torch::Tensor&) { throw std::runtime_error("out of memory"); });
      hidden = ours[3]->as<torch::nn::ReLU>()->forward(ours[2]->as<torch::nn::Linear>()->forward(hidden));
      ours[4]->as<torch::nn::Linear>()->forward(hidden).mean().backward();
    }
    throw std::runtime_error("the others never send theirs");
  };
  EXPECT_THROW(fail(), std::runtime_error);
}

TEST(GradientExchange, AccumulatesLocallyUntilThePreparedPass) {
  Communicator& comm = world();
  auto ours = network(0);
  auto reference = network(0);
  GradientExchange exchange(comm, ours->parameters());
  for (int step = 0; step < 2; ++step) {
    ours->zero_grad(/*set_to_none=*/false);
    reference->zero_grad();
    for (int part = 0; part < 2; ++part) {
      if (part == 1) {
        exchange.prepare_for_backward();
      }
      const int first = (comm.rank() * 2 + part) * kImagesPerRank;
      (ours->forward(images(first, kImagesPerRank)).square().mean() / 2).backward();
    }
    reference->forward(images(0, comm.size() * 2 * kImagesPerRank)).square().mean().backward();
    expect_equal_gradients(ours, reference);
  }
}

}  // namespace
}  // namespace samsr::testing

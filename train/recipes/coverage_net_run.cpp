#include "train/recipes/coverage_net_run.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/rng.h"

namespace samsr {
namespace {

class CoverageNetSubject final : public Subject {
 public:
  CoverageNetSubject(const CoverageNet& net, const CoverageNet& average) : net_(net), average_(average) {}

  torch::nn::Module& network() override { return *net_; }
  torch::nn::Module& average() override { return *average_; }
  TensorFile file(TensorFile weights) const override { return coverage_net_file(*net_, std::move(weights)); }

 private:
  CoverageNet net_;
  CoverageNet average_;
};

/// How many of the samples never train.
std::uint64_t held_out_count(const ShardSet& shards, double share) {
  const auto count = static_cast<std::uint64_t>(std::llround(share * static_cast<double>(shards.size())));
  if (shards.size() < 2) {
    throw UserError("{}: one sample, of which none can be held out; build more (data.samples)",
                    shards.folder().string());
  }
  return std::clamp<std::uint64_t>(count, 1, shards.size() - 1);
}

}  // namespace

CoverageNetRun make_coverage_net_run(const CoverageNetRunSettings& settings, const TrainSettings& train,
                                     const ModelSettings& model, const ShardSet& shards, c10::Device device,
                                     Communicator& communicator, Log& log) {
  const CoverageNetInput input = coverage_net_input(settings.network.input, model.first_stage, model.scale);
  if (input.latent && shards.find("z_hr") == nullptr) {
    throw UserError(
        "{}: the shards hold no latents, which coverage_net.input=latent needs; build them with data.latents=true",
        shards.folder().string());
  }
  const std::uint64_t seed = derive_seed(train.seed, "weights");
  CoverageNet net = make_coverage_net(settings.network, input, seed);
  CoverageNet average = make_coverage_net(settings.network, input, seed);
  net->to(device);
  average->to(device);
  const std::uint64_t held_out = held_out_count(shards, settings.held_out);
  const SampleRange trained{0, shards.size() - held_out};
  log.info("held out     the last {} samples of {}", held_out, shards.size());
  return {std::make_unique<CoverageNetSubject>(net, average), make_coverage_net_recipe(net),
          make_coverage_net_validation(average, shards, {trained.count, held_out}, train.microbatch, device,
                                       communicator, log),
          trained};
}

}  // namespace samsr

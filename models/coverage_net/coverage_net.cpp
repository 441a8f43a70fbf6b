#include "models/coverage_net/coverage_net.h"

#include <algorithm>

#include "core/error.h"
#include "core/rng.h"
#include "models/layers/basic_layers.h"
#include "models/layers/channels_last.h"
#include "models/layers/weight_count.h"
#include "models/weights/held_weights.h"
#include "models/weights/load_weights.h"
#include "models/weights/weight_file.h"

namespace samsr {
namespace {

constexpr const char* kCoverageNetFormat = "samsr-coverage-net/1";
constexpr std::int64_t kLevels = 4;

/// x + conv(silu(conv(silu(x)))), the second convolution zero at first.
class CoverageBlock : public torch::nn::Module {
 public:
  explicit CoverageBlock(std::int64_t channels)
      : first_(conv(channels, channels, 3)), second_(conv(channels, channels, 3)) {
    register_module("first", first_);
    register_module("second", second_);
    zero_parameters(*second_);
  }
  at::Tensor forward(const at::Tensor& x) { return x + second_(at::silu(first_(at::silu(x)))); }

 private:
  torch::nn::Conv2d first_;
  torch::nn::Conv2d second_;
};

torch::nn::Sequential block_sequence(std::int64_t count, std::int64_t channels) {
  torch::nn::Sequential blocks;
  for (std::int64_t i = 0; i < count; ++i) {
    blocks->push_back(std::make_shared<CoverageBlock>(channels));
  }
  return blocks;
}

/// Full resolution is where the time goes, so it has the fewest channels.
std::int64_t width_of(const CoverageNetSettings& settings, std::int64_t level) {
  return settings.channels * std::min<std::int64_t>(std::int64_t{1} << level, 4);
}

/// Number of the network's parameters.
double weight_count(const CoverageNetSettings& settings, const CoverageNetInput& input) {
  const auto blocks = [&](std::int64_t level) {
    return static_cast<double>(2 * settings.blocks) *
           conv_count(width_of(settings, level), width_of(settings, level), 3);
  };
  const std::int64_t deepest = width_of(settings, kLevels - 1);
  double count = conv_count(input.channels * input.fold * input.fold, width_of(settings, 0), 1) + blocks(kLevels - 1) +
                 conv_count(deepest, deepest, 1) + conv_count(width_of(settings, 0), 1, 1);
  for (std::int64_t level = 0; level + 1 < kLevels; ++level) {
    const std::int64_t width = width_of(settings, level);
    const std::int64_t below = width_of(settings, level + 1);
    count += 2 * blocks(level) + conv_count(width, below, 3) + conv_count(below, width, 1);
  }
  return count;
}

const std::string& entry_of(const TensorFile& file, const std::filesystem::path& path, const std::string& key) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) {
    throw UserError("{}: holds no coverage network's {}; name what `samsr train train.recipe=coverage_net` wrote",
                    path.string(), key);
  }
  return found->second;
}

}  // namespace

CoverageNetImpl::CoverageNetImpl(const CoverageNetSettings& settings, const CoverageNetInput& input)
    : settings_(settings), input_(input) {
  entrance_ = register_module("entrance", conv(input.channels * input.fold * input.fold, width_of(settings, 0), 1));
  for (std::int64_t level = 0; level + 1 < kLevels; ++level) {
    down_->push_back(block_sequence(settings.blocks, width_of(settings, level)));
    down_->push_back(conv(width_of(settings, level), width_of(settings, level + 1), 3, 2));
  }
  const std::int64_t deepest = width_of(settings, kLevels - 1);
  deepest_ = block_sequence(settings.blocks, deepest);
  context_ = register_module("context", conv(deepest, deepest, 1));
  for (std::int64_t level = kLevels - 2; level >= 0; --level) {
    up_->push_back(conv(width_of(settings, level + 1), width_of(settings, level), 1));
    up_->push_back(block_sequence(settings.blocks, width_of(settings, level)));
  }
  register_module("down", down_);
  register_module("deepest", deepest_);
  register_module("up", up_);
  exit_ = register_module("exit", conv(width_of(settings, 0), 1, 1));
}

at::Tensor CoverageNetImpl::logits(const at::Tensor& picture) {
  TORCH_CHECK(picture.dim() == 4 && picture.size(1) == input_.channels && picture.size(2) % input_.fold == 0 &&
                  picture.size(3) % input_.fold == 0,
              "CoverageNet: expected (B,", input_.channels, ",H,W) with H and W multiples of ", input_.fold, ", got ",
              picture.sizes());
  at::Tensor h = entrance_(at::pixel_unshuffle(picture, input_.fold));
  std::vector<at::Tensor> skipped;
  for (std::size_t i = 0; i < down_->size(); i += 2) {
    skipped.push_back(down_[i]->as<torch::nn::Sequential>()->forward(h));
    h = down_[i + 1]->as<torch::nn::Conv2d>()->forward(skipped.back());
  }
  h = deepest_->forward(h);
  h = h + context_(h.mean({2, 3}, /*keepdim=*/true));
  for (std::size_t i = 0; i < up_->size(); i += 2) {
    const at::Tensor narrowed = up_[i]->as<torch::nn::Conv2d>()->forward(h);
    const at::Tensor& skip = skipped[skipped.size() - 1 - i / 2];
    // A side of odd length was rounded up when it was halved.
    const at::Tensor enlarged = doubled(narrowed).slice(2, 0, skip.size(2)).slice(3, 0, skip.size(3));
    h = up_[i + 1]->as<torch::nn::Sequential>()->forward(skip + enlarged);
  }
  return exit_(at::silu(h)).to(entrance_->weight.scalar_type());
}

CoverageNet make_coverage_net(const CoverageNetSettings& settings, const CoverageNetInput& input, std::uint64_t seed) {
  torch::manual_seed(derive_seed(seed, "coverage_net.weights"));
  CoverageNet net(settings, input);
  use_channels_last(*net);
  return net;
}

TensorFile coverage_net_file(const CoverageNetImpl& net, TensorFile weights) {
  CoverageNetSettings copy = net.settings();
  Settings registry;
  copy.bind(registry);
  weights.metadata = {{"format", kCoverageNetFormat}, {"config", registry.to_yaml()}, {"input", net.input().text}};
  return weights;
}

CoverageNet load_coverage_net(const std::filesystem::path& path, const FirstStageSettings& first_stage,
                              std::int64_t scale) {
  const TensorFile file = read_weights(path);
  if (entry_of(file, path, "format") != kCoverageNetFormat) {
    throw UserError("{}: has the format '{}', expected {}; name what `samsr train train.recipe=coverage_net` wrote",
                    path.string(), entry_of(file, path, "format"), kCoverageNetFormat);
  }
  CoverageNetSettings settings;
  Settings registry;
  settings.bind(registry);
  registry.load_text(entry_of(file, path, "config"), path.string());
  const CoverageNetInput input = coverage_net_input(settings.input, first_stage, scale);
  if (entry_of(file, path, "input") != input.text) {
    throw UserError("{}: was trained on another kind of picture: {}; this run's is: {}", path.string(),
                    entry_of(file, path, "input"), input.text);
  }
  check_held_weights(file, weight_count(settings, input), path.string());
  CoverageNet net = make_coverage_net(settings, input, 0);
  load_weights(*net, file, path.string());
  net->eval();
  for (at::Tensor& parameter : net->parameters()) {
    parameter.requires_grad_(false);
  }
  return net;
}

}  // namespace samsr

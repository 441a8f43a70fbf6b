// What a step of each recipe takes, and what it is made of, at the paper's size: networks with random weights by
// configs/NAME_x4.yaml, data of noise, the trainer's own step and timer. One row of a Markdown table a recipe.
//
//   recipe_step_bench --threads 2                          one image; the distilling recipes, rollouts cached
//   recipe_step_bench --recipes samsr,rsd --teacher online --precision fp32
//   recipe_step_bench --recipes samsr,shortcut,lagrangian,eulerian --batch 4     flow maps, one sample of four off the
//   diagonal
//
// A step of rsd and vsd is all its moves: rsd.fake_steps batches of the fake network, then the student's.

#include <ATen/cpu/Utils.h>
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <iostream>
#include <map>

#include "bench/step_models.h"
#include "comm/communicator.h"
#include "comm/device.h"
#include "core/error.h"
#include "core/log.h"
#include "launch/config.h"
#include "train/recipes/flowmap.h"
#include "train/recipes/rsd.h"
#include "train/step/train_step.h"

namespace {

using namespace samsr;

constexpr std::int64_t kSide = 64;  ///< of LR images and latents

/// Whether the processor multiplies in bf16.
bool has_bf16() {
  const auto capabilities = at::cpu::get_cpu_capabilities();
  return std::ranges::any_of(std::array{"avx512_bf16", "amx_bf16"}, [&](const char* each) {
    const auto found = capabilities.find(each);
    return found != capabilities.end() && found->second.isBool() && found->second.toBool();
  });
}

/// A row: settings over those of configs/CONFIG_x4.yaml.
struct Row {
  std::string name;
  std::string config = name;
  std::vector<std::string> settings{};
};

const std::vector<Row>& known_rows() {
  static const std::vector<Row> rows{
      {"sinsr"},
      {"samsr"},
      {"samsr_critic", "samsr", {"distill.lambda_adversarial=0.02", "discriminator.sees=image"}},
      {"tadsr"},
      {"vpdsr"},
      {"rsd"},
      {"vsd"},
      {"shortcut", "flowmap", {"flowmap.variant=shortcut"}},
      {"lagrangian", "flowmap", {"flowmap.variant=lagrangian"}},
      {"eulerian", "flowmap", {"flowmap.variant=eulerian"}}};
  return rows;
}

std::vector<std::string> known_names() {
  std::vector<std::string> names;
  for (const Row& row : known_rows()) {
    names.push_back(row.name);
  }
  return names;
}

struct Options {
  std::string configs = "configs";
  std::vector<std::string> recipes{"sinsr", "samsr", "samsr_critic", "tadsr", "vpdsr", "rsd", "vsd"};
  std::string teacher = "cached";
  std::string precision = has_bf16() ? "bf16" : "fp32";
  std::int64_t batch = 1;
  int steps = 3;
  int threads = 1;
};

/// Weights of a small normal distribution for what a network wants.
NamedWeights random_weights(const std::vector<WantedWeight>& wanted) {
  NamedWeights weights;
  for (const auto& [name, shape, type] : wanted) {
    weights[name] = torch::randn(shape) * 0.02;
  }
  return weights;
}

/// The settings of a recipe's published run.
Config config_of(const Options& options, const std::string& name) {
  Config config;
  Settings settings;
  config.bind(settings);
  const Row& row = *std::ranges::find(known_rows(), name, &Row::name);
  settings.load_file(options.configs + "/" + row.config + "_x4.yaml");
  for (const std::string& setting : row.settings) {
    settings.apply_override(setting);
  }
  config.share();
  config.train.precision = options.precision;
  config.train.global_batch = options.batch;
  config.train.teacher = options.teacher;
  return config;
}

std::shared_ptr<FirstStage> random_first_stage(const FirstStageSettings& settings) {
  return make_vq_first_stage(VQModelTorch(settings.autoencoder), settings);
}

SuperResolutionParts parts_of(const Options& options, const Config& config, StepTimer& timer) {
  SuperResolutionParts parts{.train = config.train, .distill = config.distill};
  const std::shared_ptr<FirstStage> first_stage = random_first_stage(config.model.first_stage);
  parts.network = std::make_shared<SuperResolutionModel>(config.model, 1, first_stage);
  parts.average = std::make_shared<LoadedModel>(LoadedModel{
      std::make_unique<SuperResolutionModel>(config.model, 1, first_stage), &method_named(config.train.recipe)});
  const bool rsd = config.train.recipe == "rsd";
  if (rsd || options.teacher == "online" || config.distill.needs_teacher_network()) {
    ModelSettings teacher = config.model;
    teacher.unet.noise_channels = 0;
    parts.teacher = std::make_shared<SuperResolutionModel>(teacher, 2, first_stage);
  }
  parts.noise = seeded_noise(config.train.seed);
  parts.hfp = config.hfp;
  if (config.distill.lambda_ess > 0) {
    const ClipVitShape shape = clip_vit_b(config.ess.patch);
    parts.ess = std::make_shared<const EssLoss>(ClipVit(shape, random_weights(clip_vit_weights(shape)), at::kCPU),
                                                config.ess.mode == "dense");
  }
  if (rsd && config.rsd.lambda_lpips > 0) {
    const LpipsTrunk trunk = lpips_trunk_of(config.rsd.lpips_net);
    parts.lpips = std::make_shared<const LpipsLoss>(
        LpipsNetwork(trunk, random_weights(lpips_trunk_weights(trunk)), random_weights(lpips_linear_weights(trunk)),
                     at::kCPU, /*passes_gradients=*/true),
        config.rsd.lambda_lpips, /*cut=*/false);
  }
  parts.timer = &timer;
  return parts;
}

std::unique_ptr<Recipe> recipe_of(const Config& config, SuperResolutionParts parts) {
  const std::map<std::string, std::unique_ptr<Recipe> (*)(SuperResolutionParts)> makers{{"sinsr", make_sinsr_recipe},
                                                                                        {"samsr", make_samsr_recipe},
                                                                                        {"tadsr", make_tadsr_recipe},
                                                                                        {"vpdsr", make_vpdsr_recipe}};
  if (config.train.recipe == "rsd") {
    return make_rsd_recipe(std::move(parts), config.rsd);
  }
  if (config.train.recipe == "flowmap") {
    return make_flowmap_recipe(std::move(parts), config.flowmap);
  }
  return makers.at(config.train.recipe)(std::move(parts));
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Times of a recipe's steps, the first left out.
std::vector<StepTimes> times_of(const Options& options, const std::string& name, Communicator& communicator) {
  const Config config = config_of(options, name);
  StepTimer timer(at::kCPU);
  const std::unique_ptr<Recipe> recipe = recipe_of(config, parts_of(options, config, timer));
  std::vector<TrainableState> states = make_states(*recipe, config.train.ema_rate);
  states.front().start_average();
  for (TrainableState& state : states) {
    state.connect(communicator);
  }
  torch::manual_seed(1);
  Batch batch = bench::noise_batch(config.model, kSide, options.batch, options.teacher == "cached");
  batch.hr = torch::rand({options.batch, 3, config.model.scale * kSide, config.model.scale * kSide}) * 2 - 1;
  recipe->prepare(batch);
  const BatchPlan plan(options.batch, options.batch, 0, 1);
  TrainStep step({*recipe, states, plan, config.train, &timer});
  for (std::int64_t number = 1; number <= 1 + options.steps; ++number) {
    step.run(number, [&] { return batch; });
    timer.end_step();
    if (number == 1) {
      timer.take();
    }
  }
  return timer.take();
}

void run(const Options& options) {
  const auto communicator = make_single_communicator();
  at::set_num_threads(options.threads);
  prepare_device(at::kCPU, {});
  std::cout << fmt::format("{}, rollouts {}, batch {}, {} thread(s)\n\n| recipe | s a step |", options.precision,
                           options.teacher, options.batch, options.threads);
  constexpr StepPhase kShown[] = {StepPhase::kRollout, StepPhase::kForward, StepPhase::kBackward,
                                  StepPhase::kOptimizer};
  std::string rule = "\n| --- | ---: |";
  for (const StepPhase phase : kShown) {
    std::cout << fmt::format(" {} |", kStepPhaseNames[static_cast<std::size_t>(phase)]);
    rule += " ---: |";
  }
  std::cout << rule << std::endl;
  for (const std::string& name : options.recipes) {
    const std::vector<StepTimes> times = times_of(options, name, *communicator);
    const auto seconds = [&](const auto& of) {
      std::vector<double> values;
      for (const StepTimes& each : times) {
        values.push_back(of(each) / 1e3);
      }
      return median(values);
    };
    std::cout << fmt::format("| `{}` | {:.2f} |", name, seconds([](const StepTimes& each) { return each.whole; }));
    for (const StepPhase phase : kShown) {
      std::cout << fmt::format(" {:.2f} |", seconds([&](const StepTimes& each) { return each[phase]; }));
    }
    std::cout << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("times whole training steps of recipes at the paper's size");
  app.add_option("--configs", options.configs, "folder of the shipped configurations")->check(CLI::ExistingDirectory);
  app.add_option("--recipes", options.recipes, "which; flow maps need a larger batch")
      ->delimiter(',')
      ->check(CLI::IsMember(known_names()));
  app.add_option("--teacher", options.teacher, "rollouts: cached with the data, or online")
      ->check(CLI::IsMember({"cached", "online"}));
  app.add_option("--precision", options.precision, "default: bf16 where the processor has it")
      ->check(CLI::IsMember({"fp32", "bf16"}));
  app.add_option("--batch", options.batch)->check(CLI::PositiveNumber);
  app.add_option("--steps", options.steps, "steps timed, after a first one")->check(CLI::PositiveNumber);
  app.add_option("--threads", options.threads)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  try {
    run(options);
  } catch (const UserError& error) {
    std::cerr << "recipe_step_bench: " << error.what() << '\n';
    return 2;
  }
  return 0;
}

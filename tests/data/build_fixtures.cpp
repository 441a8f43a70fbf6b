#include "data/build_fixtures.h"

#include <ATen/ATen.h>

#include <chrono>
#include <thread>

namespace samsr::testing {
namespace fs = std::filesystem;
namespace {

class TestRollout final : public Stage {
 public:
  explicit TestRollout(double seconds) : seconds_(seconds) {}

  std::string name() const override { return "rollout"; }
  std::vector<std::string> needs() const override { return {"coverage", "z_lr"}; }
  std::string content() const override { return "rollout.count: 2\nteacher_weights: 0badc0de\n"; }
  std::size_t batch() const override { return 3; }

  void run(std::uint64_t first, std::span<Sample> samples) override {
    for (Sample& sample : samples) {
      const at::Tensor x0 = sample.field("z_lr").to(at::kFloat).mul(2).add(sample.field("coverage").sum());
      sample.fields.emplace_back("rollout/x0", at::stack({x0, x0.add(1)}).to(at::kHalf));
      const at::Tensor seeds = at::empty({2}, at::kUInt64);
      seeds.data_ptr<std::uint64_t>()[0] = first;
      // Tells how many samples came together, which may not depend on anything but the stage.
      seeds.data_ptr<std::uint64_t>()[1] = samples.size();
      sample.fields.emplace_back("rollout/noise_seed", seeds);
      std::this_thread::sleep_for(std::chrono::duration<double>(seconds_ * static_cast<double>(first % 4)));
    }
  }

 private:
  const double seconds_;
};

}  // namespace

std::unique_ptr<Stage> make_test_rollout(double seconds) { return std::make_unique<TestRollout>(seconds); }

BuildStages stages_with(std::unique_ptr<Stage> rollout, const BuildSettings& settings,
                        const std::vector<std::string>& names, Communicator& comm, Log& log) {
  std::vector<std::string> others;
  bool with_rollout = false;
  for (const std::string& name : names) {
    with_rollout = with_rollout || name == "rollout" || name == "all";
    if (name == "all") {
      others.insert(others.end(), {"pairs", "masks", "latents"});
    } else if (name != "rollout") {
      others.push_back(name);
    }
  }
  BuildStages stages;
  if (!others.empty() || !with_rollout) {
    BuildOptions options;
    options.stages = others;
    stages = make_stages(settings, options, comm, log);
  }
  if (with_rollout) {
    stages.list.named = true;
    stages.list.stages.push_back(std::move(rollout));
  }
  return stages;
}

BuildSettings small_build(const fs::path& images, const fs::path& out) {
  BuildSettings settings;
  settings.data.images = images.string();
  settings.data.out = out.string();
  settings.data.samples = 11;
  settings.data.seed = 5;
  settings.data.gt_size = 64;
  settings.data.crop_pad_size = 80;
  settings.data.min_size = 64;
  settings.data.samples_per_shard = 3;
  settings.first_stage.type = "space_to_depth";
  return settings;
}

}  // namespace samsr::testing

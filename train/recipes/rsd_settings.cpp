#include "train/recipes/rsd_settings.h"

#include <algorithm>
#include <functional>

#include "core/error.h"

namespace samsr {

void RsdSettings::bind(Settings& settings) {
  constexpr int kMostSteps = 10'000;
  settings
      .add(
          "rsd.node_count", node_count,
          "train.recipe=rsd: steps of the schedule that the student learns to answer at, evenly spaced up to the last, "
          "which is the one it is used at")
      .between(1, kMostSteps);
  settings
      .add("rsd.nodes", nodes,
           "these steps by name, from 0, rising, the last one T-1; empty: ⌈T·n/N⌉-1 for n = 1 … N = rsd.node_count")
      .between(0, kMostSteps);
  settings
      .add("rsd.fake_steps", fake_steps,
           "updates of the fake network, each with a batch of its own, before one of the student")
      .between(1, 1000);
  settings
      .add("rsd.gradient", gradient,
           "full: the student's gradient also goes through teacher and fake network (RSD); stop: their answers are "
           "constants (VSD)")
      .one_of({"full", "stop"});
  settings
      .add("rsd.normalisation", normalisation,
           "sid: each sample's distillation loss over the teacher's mean absolute difference to the student; none")
      .one_of({"sid", "none"});
  settings
      .add("rsd.lambda_lpips", lambda_lpips,
           "weight of LPIPS between the decoded answer at the last step and the HR image; 0: not computed. Needs the "
           "metric's files in weights.folder (rsd.lpips_net)")
      .between(0.0, 1e6);
  settings
      .add("rsd.lpips_net", lpips_net,
           "network of LPIPS: alex (alexnet-owt-7be5be79.pth and alex.pth) or vgg (vgg16-397923af.pth and vgg.pth)")
      .one_of({"alex", "vgg"});
  settings
      .add("rsd.lambda_perceptual", lambda_perceptual,
           "weight of the distance between features of the decoded answer at the last step and of the HR image in a "
           "tiny network (perceptual.*), in the place of LPIPS; 0: not computed")
      .between(0.0, 1e6);
  settings
      .add("rsd.lambda_gan", lambda_gan,
           "weight of the adversarial terms of student and fake network; 0: neither they nor the head")
      .between(0.0, 1e6);
  settings.add("rsd.gan_step", gan_step, "step that the head's features are taken at, from 0").between(0, kMostSteps);
  settings
      .add("rsd.head_kernel", head_kernel,
           "kernel of the head's convolutions; the fake network's coarsest maps are at least twice as large")
      .between(2, 16)
      .satisfies("even", [](std::int64_t kernel) { return kernel % 2 == 0; });
  settings.add("rsd.head_groups", head_groups, "groups of the head's norms").between(1, 65'536);
  fake.bind(settings, "rsd.fake", " of the fake network and its head");
}

std::vector<std::int64_t> RsdSettings::nodes_of(const Schedule& schedule) const {
  const std::int64_t steps = schedule.steps();
  if (nodes.empty()) {
    if (node_count > steps) {
      throw UserError("rsd.node_count is {}, but the schedule has {} steps (diffusion.steps); ask for fewer nodes",
                      node_count, steps);
    }
    std::vector<std::int64_t> even;
    for (std::int64_t n = 1; n <= node_count; ++n) {
      even.push_back((steps * n + node_count - 1) / node_count - 1);
    }
    return even;
  }
  const bool rising = std::ranges::adjacent_find(nodes, std::ranges::greater_equal()) == nodes.end();
  if (!rising || nodes.back() != schedule.last()) {
    throw UserError("rsd.nodes must rise and end at {}, the last of the {} steps (diffusion.steps)", schedule.last(),
                    steps);
  }
  return nodes;
}

}  // namespace samsr

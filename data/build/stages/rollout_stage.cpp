#include "data/build/stages/rollout_stage.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/pixels.h"
#include "core/setting_lines.h"
#include "diffusion/distillation.h"
#include "diffusion/noise.h"
#include "diffusion/rollout.h"
#include "models/layers/autocast.h"
#include "models/weights/find_weights.h"
#include "models/weights/load_weights.h"
#include "models/weights/weights_checksum.h"

namespace samsr {
namespace {

/// Field `name` of all samples, one behind the other.
at::Tensor stacked(std::span<const Sample> samples, std::string_view name) {
  std::vector<at::Tensor> fields;
  for (const Sample& sample : samples) {
    fields.push_back(sample.field(name));
  }
  return at::stack(fields);
}

/// The method of train.recipe. UserError unless it learns from a teacher.
const Method& distilling_method(const std::string& recipe) {
  const Method* method = find_method(recipe);
  if (method == nullptr || !method->distils || method->flow_map) {
    std::vector<std::string_view> students;
    for (const Method& each : methods()) {
      if (each.distils && !each.flow_map) {
        students.push_back(each.name);
      }
    }
    throw UserError("train.recipe={} has no rollouts of a teacher; set the student's, train.recipe={}", recipe,
                    fmt::join(students, " or "));
  }
  return *method;
}

/// UserError when the stored latents are none that the teacher works on; sizes agree among the samples of a shard.
void check_stored_latents(const SuperResolutionModel& teacher, const Sample& sample, const std::string& source) {
  const at::Tensor lr = sample.field("lr");
  teacher.settings().check_stored(source, lr.size(0), lr.size(1), {{"z_lr", sample.field("z_lr").sizes().vec()}});
}

}  // namespace

RolloutStage::RolloutStage(const RolloutPlan& plan, c10::Device device, Log& log)
    : plan_(plan), method_(distilling_method(plan.recipe)), device_(device) {
  if (plan.teacher.empty()) {
    throw UserError("train.teacher_weights is not set: the teacher to roll out; give it as train.teacher_weights=PATH");
  }
  teacher_ = load_teacher_model(find_weights(plan.teacher, log), plan.model);
  const ModelSettings& settings = teacher_->settings();
  check_same_start(method_, settings.diffusion, plan.model.diffusion, plan.model.sam, plan.teacher);
  content_ = start_line(method_, plan.model.sam) + section_lines(plan.rollout) + section_lines(settings.unet) +
             section_lines(settings.diffusion) + sam_lines(method_, plan.model.sam) +
             fmt::format("teacher: {:08x}\ndevice: {}\n", weights_checksum(state_of(*teacher_->unet())),
                         c10::DeviceTypeName(device.type(), /*lower_case=*/true));
  teacher_->to(device);
}

std::vector<std::string> RolloutStage::needs() const {
  std::vector<std::string> fields{"lr", "z_lr"};
  if (masks_shape_noise(method_, plan_.model.sam)) {
    fields.emplace_back("coverage");
  }
  return fields;
}

void RolloutStage::run(std::uint64_t first, std::span<Sample> samples) {
  const at::NoGradGuard no_grad;
  check_stored_latents(*teacher_, samples.front(), plan_.teacher);
  const at::Tensor pixels = stacked(samples, "lr").to(device_).permute({0, 3, 1, 2}).contiguous();
  const at::Tensor lq = signed_from_bytes(pixels);
  const at::Tensor z_y = stacked(samples, "z_lr").to(device_).to(at::kFloat);
  std::optional<at::Tensor> coverage;
  if (masks_shape_noise(method_, plan_.model.sam)) {
    coverage = stacked(samples, "coverage").unsqueeze(1).to(device_);
  }
  std::vector<at::Tensor> results;
  const auto count = static_cast<std::int64_t>(samples.size());
  const at::Tensor cached_seeds = at::empty({count, plan_.rollout.count}, at::kUInt64);
  for (std::int64_t k = 0; k < plan_.rollout.count; ++k) {
    std::vector<std::uint64_t> seeds;
    for (std::int64_t row = 0; row < count; ++row) {
      seeds.push_back(rollout_noise_seed(plan_.rollout.seed, k, first + static_cast<std::uint64_t>(row)));
      cached_seeds.data_ptr<std::uint64_t>()[row * plan_.rollout.count + k] = seeds.back();
    }
    const at::Tensor noise = noise_of(seeds, z_y.sizes().slice(1), device_);
    const DistillStart start = distill_start(teacher_->diffusion().schedule(), plan_.model.sam, z_y, noise, coverage);
    const Autocast autocast(device_, plan_.rollout.precision == "bf16");
    results.push_back(rollout(teacher_->diffusion(), denoiser_of(teacher_->unet()), start.teacher_process,
                              start.teacher_x_T, z_y, lq));
  }
  const at::Tensor x0 = at::stack(results, 1).to(at::kHalf).cpu().contiguous();
  if (!at::isfinite(x0).all().item<bool>()) {
    throw UserError("{}: the teacher's rollout of samples {} to {} is not finite; look at its training", plan_.teacher,
                    first, first + samples.size() - 1);
  }
  for (std::int64_t row = 0; row < count; ++row) {
    Sample& sample = samples[static_cast<std::size_t>(row)];
    sample.fields.emplace_back("rollout/x0", x0[row]);
    sample.fields.emplace_back("rollout/noise_seed", cached_seeds[row]);
  }
}

}  // namespace samsr

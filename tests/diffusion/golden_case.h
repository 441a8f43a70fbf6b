#pragma once
// What the golden files of whole training steps have in common: networks by the rule, inputs, latents.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <string>

#include "diffusion/diffusion.h"
#include "diffusion/distillation.h"
#include "diffusion/rollout.h"
#include "models/first_stage/first_stage.h"
#include "models/golden_settings.h"
#include "models/super_resolution/super_resolution_model.h"
#include "models/unet/unet_swin.h"
#include "support/device.h"
#include "support/golden.h"

namespace samsr::testing {

inline DiffusionSettings diffusion_settings(const YAML::Node& node) {
  return settings_of<DiffusionSettings>(node, "diffusion",
                                        {"sf", "weighted_mse", "timestep_respacing", "scale_factor", "latent_flag"});
}

/// The three squared errors of the distillation (B), in latents or in decoded images.
struct DistillErrors {
  at::Tensor distill;
  at::Tensor inverse;
  at::Tensor gt;
  at::Tensor total() const { return distill + inverse + gt; }
};

inline DistillErrors latent_errors(const DistillPredictions& predictions, const DistillBatch& batch) {
  return {mean_square_error(predictions.x0, batch.teacher_x0), mean_square_error(predictions.x_T, batch.x_T),
          mean_square_error(predictions.x0_from_gt, batch.z_0)};
}

inline DistillErrors image_errors(const DistillPredictions& predictions, const DistillBatch& batch,
                                  const at::Tensor& hr, const FirstStage& first_stage) {
  return {mean_square_error(first_stage.decode(predictions.x0), first_stage.decode(batch.teacher_x0)),
          mean_square_error(predictions.x_T, batch.x_T),
          mean_square_error(first_stage.decode(predictions.x0_from_gt), hr)};
}

class GoldenCase : public ::testing::TestWithParam<std::filesystem::path> {
 protected:
  GoldenCase()
      : golden_(GetParam(), device()),
        diffusion_(diffusion_settings(golden_.config()["diffusion"]),
                   /*pixel_space=*/!golden_.config()["diffusion"]["latent_flag"].as<bool>()),
        student_(network("student.")),
        teacher_(network("teacher.")),
        scale_(golden_.config()["diffusion"]["sf"].as<std::int64_t>()) {
    FirstStageSettings settings;
    settings.autoencoder = autoencoder_settings(golden_.config()["autoencoder"]);
    settings.scale_factor = golden_.config()["diffusion"]["scale_factor"].as<double>();
    VQModelTorch autoencoder(settings.autoencoder);
    fill_by_rule(*autoencoder, golden_.salt(), "autoencoder.");
    first_stage_ = make_vq_first_stage(placed(autoencoder), settings);
    hr_ = golden_.read("in/gt");
    batch_.lq = golden_.read("in/lq");
    batch_.z_0 = first_stage_->encode(hr_);
    batch_.z_y = first_stage_->encode_lq(batch_.lq, scale_);
  }

  const Schedule& schedule() const { return diffusion_.schedule(); }
  /// Takes the student's start and the teacher's rollout into the batch; -> the x of each step, stacked.
  at::Tensor begin(const DistillStart& start) {
    std::vector<at::Tensor> steps;
    batch_.x_T = start.x_T;
    batch_.teacher_x0 = rollout(diffusion_, denoiser_of(teacher_), start.teacher_process, start.teacher_x_T, batch_.z_y,
                                batch_.lq, [&](std::int64_t, const at::Tensor& x) { steps.push_back(x); });
    return at::stack(steps);
  }

  /// begin(); where this is not the CPU that made the reference, its x of each step, each from the reference's x before
  /// it, and its last x for the teacher's: a chain of steps makes many times the difference of their roundings, and the
  /// quantiser other codes of it.
  at::Tensor begin(const DistillStart& start, const at::Tensor& reference) {
    if (device().is_cpu()) {
      return begin(start);
    }
    const torch::NoGradGuard no_grad;
    std::vector<at::Tensor> steps;
    at::Tensor x = start.teacher_x_T;
    for (const at::Tensor& next : reference.unbind()) {
      const std::int64_t i = schedule().last() - static_cast<std::int64_t>(steps.size());
      const at::Tensor x0 = diffusion_.predict_x0(denoiser_of(teacher_), x, i, batch_.z_y, batch_.lq);
      const RolloutCoefficients c = start.teacher_process.coefficients(i);
      steps.push_back(c.k * x0 + c.m * x + c.j * batch_.z_y);
      x = next;
    }
    batch_.x_T = start.x_T;
    batch_.teacher_x0 = x;
    return at::stack(steps);
  }

  DistillPredictions predictions() { return distill_predictions(diffusion_, denoiser_of(student_), batch_); }

  /// Norm of the student's whole gradient of the mean of `losses` (B).
  at::Tensor gradient_norm(const at::Tensor& losses) {
    student_->zero_grad();
    losses.mean().backward();
    double squares = 0;
    for (const at::Tensor& parameter : student_->parameters()) {
      squares += parameter.grad().to(torch::kFloat64).square().sum().item<double>();
    }
    return torch::tensor(std::sqrt(squares), torch::kFloat64);
  }

  const Golden golden_;
  const Diffusion diffusion_;
  UNetSwin student_;
  UNetSwin teacher_;
  const std::int64_t scale_;
  std::shared_ptr<FirstStage> first_stage_;
  at::Tensor hr_;
  DistillBatch batch_;

 private:
  UNetSwin network(const std::string& prefix) const {
    UNetSwin unet(unet_settings(golden_.config()["unet"]));
    fill_by_rule(*unet, golden_.salt(), prefix);
    return placed(unet);
  }
};

}  // namespace samsr::testing

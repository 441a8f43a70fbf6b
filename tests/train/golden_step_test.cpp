// The trainer's own step against the reference implementations: losses and gradient norm of whole optimizer steps,
// with the teacher at hand and with its rollout cached, in one pass and accumulated over several.

#include "comm/communicator.h"
#include "diffusion/golden_case.h"
#include "train/recipes/noise.h"
#include "train/recipes/super_resolution.h"
#include "train/step/train_step.h"

namespace samsr {
namespace {
using testing::golden_files;

class StepGolden : public testing::GoldenCase {
 protected:
  StepGolden() : model_settings_(settings_of_golden()) {
    step_batch_.lq = batch_.lq;
    step_batch_.z_0 = batch_.z_0;
    step_batch_.z_y = batch_.z_y;
    step_batch_.hr = hr_;
    for (std::int64_t b = 0; b < batch_.lq.size(0); ++b) {
      step_batch_.position.push_back(static_cast<std::uint64_t>(b));
      step_batch_.sample.push_back(static_cast<std::uint64_t>(b));
    }
  }

  /// The network of these weights in the golden file, with model_settings_ as they are now.
  std::shared_ptr<SuperResolutionModel> model(const std::string& weights) const {
    auto made = std::make_shared<SuperResolutionModel>(model_settings_, 0, first_stage_);
    testing::fill_by_rule(*made->unet(), golden_.salt(), weights);
    made->to(testing::device());
    return made;
  }

  /// Noise for the batch; a slice of it is recognised by its positions.
  void use_noise(const at::Tensor& noise) {
    noise_ = [noise](const Batch& batch, at::IntArrayRef) {
      std::vector<std::int64_t> rows(batch.sample.begin(), batch.sample.end());
      return noise.index_select(0, torch::tensor(rows).to(noise.device()));
    };
  }

  /// One step without a learning rate on this rank alone.
  MoveRecord run(const Batch& batch, std::int64_t microbatch, const std::shared_ptr<SuperResolutionModel>& teacher) {
    const auto communicator = make_single_communicator();
    train_.optimizer.lr = 0;
    const std::unique_ptr<Recipe> recipe =
        make_({.train = train_, .distill = distill_, .network = student_model_, .teacher = teacher, .noise = noise_});
    const BatchPlan plan(batch.lq.size(0), microbatch, 0, 1);
    std::vector<TrainableState> states = make_states(*recipe, 0.999);
    states.front().connect(*communicator);
    return TrainStep({*recipe, states, plan, train_}).run(1, [&] { return batch; }).front();
  }

  /// Each loss of each sample, from steps of one sample: name → (B).
  std::map<std::string, at::Tensor> losses(const std::shared_ptr<SuperResolutionModel>& teacher) {
    std::map<std::string, std::vector<at::Tensor>> found;
    for (std::int64_t b = 0; b < batch_.lq.size(0); ++b) {
      const MoveRecord record = run(slice(step_batch_, b, 1), 1, teacher);
      for (std::size_t i = 0; i < record.names.size(); ++i) {
        found[record.names[i]].push_back(record.total[static_cast<std::int64_t>(i)]);
      }
    }
    std::map<std::string, at::Tensor> stacked;
    for (const auto& [name, values] : found) {
      stacked[name] = at::stack(values);
    }
    return stacked;
  }

  /// Runs `check` with the teacher at hand and with its rollout from `start` cached in the batch.
  template <class Check>
  void with_and_without_teacher(const DistillStart& start, Check check) {
    {
      SCOPED_TRACE("teacher at hand");
      check(teacher_model_);
    }
    begin(start);
    step_batch_.x0 = batch_.teacher_x0;
    SCOPED_TRACE("rollout cached");
    check(nullptr);
  }

  void expect_gradient_norm(const std::shared_ptr<SuperResolutionModel>& teacher, const std::string& name) {
    for (const std::int64_t microbatch : {batch_.lq.size(0), std::int64_t{1}}) {
      golden_.expect_close(run(step_batch_, microbatch, teacher).gradient_norm, name);
    }
  }

  std::unique_ptr<Recipe> (*make_)(SuperResolutionParts) = make_resshift_recipe;
  TrainSettings train_;
  DistillSettings distill_;
  NoiseSource noise_;
  Batch step_batch_;
  ModelSettings model_settings_;
  std::shared_ptr<SuperResolutionModel> student_model_ = model("student.");
  std::shared_ptr<SuperResolutionModel> teacher_model_ = model("teacher.");

 private:
  ModelSettings settings_of_golden() const {
    const YAML::Node config = golden_.config();
    ModelSettings settings;
    settings.unet = testing::unet_settings(config["unet"]);
    settings.diffusion = testing::diffusion_settings(config["diffusion"]);
    settings.scale = scale_;
    settings.first_stage.type = "vq_f4";
    settings.first_stage.autoencoder = testing::autoencoder_settings(config["autoencoder"]);
    if (config["samsr"]) {
      settings.sam = testing::settings_of<SamSettings>(config["samsr"], "samsr", {"threshold", "lambda_sc"});
    }
    return settings;
  }
};

class SinSRStepGolden : public StepGolden {
 protected:
  SinSRStepGolden() { use_noise(golden_.read("in/noise")); }
  DistillStart start() const { return sinsr_start(schedule(), batch_.z_y, golden_.read("in/noise")); }
};

TEST_P(SinSRStepGolden, TrainsTheTeacher) {
  const at::Tensor steps = golden_.read("in/t").cpu();
  for (std::int64_t b = 0; b < steps.size(0); ++b) {  // a position that draws the golden's step
    std::uint64_t& position = step_batch_.position[static_cast<std::size_t>(b)];
    while (!at::equal(steps_at(train_.seed, "step", {position}, schedule().steps(), at::kCPU), steps.narrow(0, b, 1))) {
      ++position;
    }
  }
  const auto found = losses(nullptr);  // of student_model_, though the reference takes the teacher's weights
  student_model_ = model("teacher.");
  const auto of_teacher = losses(nullptr);
  golden_.expect_close(of_teacher.at("mse"), "out/resshift_mse");
  golden_.expect_close(of_teacher.at("loss"), "out/resshift_mse");
  EXPECT_FALSE(at::allclose(found.at("mse"), of_teacher.at("mse")));
}

TEST_P(SinSRStepGolden, DistillsInLatents) {
  make_ = make_sinsr_recipe;
  with_and_without_teacher(start(), [this](const std::shared_ptr<SuperResolutionModel>& teacher) {
    const auto found = losses(teacher);
    golden_.expect_close(found.at("distill"), "out/sinsr_mse");
    golden_.expect_close(found.at("inverse"), "out/sinsr_mse_xT");
    golden_.expect_close(found.at("gt"), "out/sinsr_mse_gt");
    golden_.expect_close(found.at("loss"), "out/sinsr_loss");
    expect_gradient_norm(teacher, "out/sinsr_grad_norm");
  });
}

TEST_P(SinSRStepGolden, DistillsInImages) {
  make_ = make_sinsr_recipe;
  distill_.space = "image";
  const std::int64_t count = batch_.lq.size(0);
  const auto check = [&](const std::shared_ptr<SuperResolutionModel>& teacher) {
    // In one pass, as the reference: the quantiser makes other codes of other roundings.
    const MoveRecord record = run(step_batch_, count, teacher);
    const std::vector<std::string> references{"loss", "mse", "mse_xT", "mse_gt_rgb"};
    ASSERT_EQ(record.names, (std::vector<std::string>{"loss", "distill", "inverse", "gt"}));
    for (std::size_t i = 0; i < references.size(); ++i) {
      const std::string name = "out/sinsr_image_" + references[i];
      golden_.expect_close(record.total[static_cast<std::int64_t>(i)], golden_.read(name).sum(), name);
    }
    golden_.expect_close(record.gradient_norm, "out/sinsr_image_grad_norm");
  };
  if (testing::device().is_cpu()) {
    with_and_without_teacher(start(), check);
    return;
  }
  begin(start(), golden_.read("out/ddim_x"));
  step_batch_.x0 = batch_.teacher_x0;
  check(nullptr);
}

SAMSR_GOLDEN_SUITE(SinSRStepGolden, golden_files("diffusion"));

class SamsrStepGolden : public StepGolden {
 protected:
  /// `noise`: what the recipe's coverage form turns into the ε' of the golden file.
  DistillStart begin_with(const std::string& variant, const at::Tensor& coverage, const at::Tensor& noise) {
    make_ = make_samsr_recipe;
    model_settings_.sam.variant = variant;
    student_model_ = model("student.");
    teacher_model_ = model("teacher.");
    step_batch_.coverage = coverage.to(at::kByte);
    use_noise(noise);
    return distill_start(schedule(), model_settings_.sam, batch_.z_y, noise, step_batch_.coverage);
  }
};

using SamsrPaperStepGolden = SamsrStepGolden;

TEST_P(SamsrPaperStepGolden, FollowsTheEquations) {
  const at::Tensor coverage = golden_.read("out/coverage");
  const at::Tensor noise = golden_.read("out/N_sum") / coverage.to(at::kFloat).clamp_min(1).sqrt();
  const DistillStart start = begin_with("paper", coverage, noise);
  golden_.expect_close(start.x_T, "out/x_T");
  with_and_without_teacher(start, [this](const std::shared_ptr<SuperResolutionModel>& teacher) {
    const auto found = losses(teacher);
    golden_.expect_close(found.at("distill"), "out/loss_distill");
    golden_.expect_close(found.at("inverse"), "out/loss_inverse");
    golden_.expect_close(found.at("gt"), "out/loss_gt");
    expect_gradient_norm(teacher, "out/grad_norm");
  });
}

SAMSR_GOLDEN_SUITE(SamsrPaperStepGolden, golden_files("samsr_paper"));

using SamsrReleasedStepGolden = SamsrStepGolden;

TEST_P(SamsrReleasedStepGolden, FollowsTheReleasedCode) {
  const at::Tensor coverage = golden_.read("in/masks_lowres").to(at::kLong).sum(1, /*keepdim=*/true);
  const at::Tensor noise = golden_.read("out/eps") * coverage.to(at::kFloat).clamp_min(1).sqrt();
  const DistillStart start = begin_with("released", coverage, noise);
  golden_.expect_close(start.x_T, "out/z_t");
  with_and_without_teacher(start, [this](const std::shared_ptr<SuperResolutionModel>& teacher) {
    const auto in_latents = losses(teacher);
    golden_.expect_close(in_latents.at("distill"), "out/loss_distill");
    golden_.expect_close(in_latents.at("inverse"), "out/loss_inverse");
    golden_.expect_close(in_latents.at("gt"), "out/loss_gt_latent");
    distill_.space = "image";
    golden_.expect_close(losses(teacher).at("gt"), "out/loss_gt_image");
    distill_.space = "latent";
  });
}

SAMSR_GOLDEN_SUITE(SamsrReleasedStepGolden, golden_files("samsr_released"));

}  // namespace
}  // namespace samsr

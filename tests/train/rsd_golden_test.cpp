// RSD's steps against the reference: two updates of the fake network and its head, one of the student, and the loss in
// its forms with their gradients.

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

#include "comm/communicator.h"
#include "diffusion/golden_case.h"
#include "diffusion/resshift.h"
#include "eval/metric_weights_by_rule.h"
#include "models/unet/classifier_head.h"
#include "train/losses/adversarial.h"
#include "train/losses/rsd_loss.h"
#include "train/recipes/noise.h"
#include "train/recipes/rsd.h"
#include "train/step/train_step.h"

namespace samsr {
namespace {
using testing::golden_files;

double rms(const at::Tensor& tensor) { return std::sqrt(tensor.to(at::kDouble).square().mean().item<double>()); }

class RsdGolden : public testing::GoldenCase {
 protected:
  static constexpr std::size_t kStudent = 0;  ///< its index in trainables()
  static constexpr std::size_t kFake = 1;

  RsdGolden() {
    const YAML::Node rsd = golden_.config()["rsd"];
    settings_.nodes = rsd["nodes"].as<std::vector<std::int64_t>>();
    settings_.fake_steps = rsd["fake_steps"].as<std::int64_t>();
    settings_.gradient = rsd["gradient"].as<std::string>();
    settings_.normalisation = rsd["normalisation"].as<std::string>();
    settings_.lambda_gan = rsd["gan"]["weight"].as<double>();
    settings_.gan_step = rsd["gan"]["timestep"].as<std::int64_t>();
    settings_.head_kernel = rsd["gan"]["head_kernel"].as<std::int64_t>();
    settings_.head_groups = rsd["gan"]["head_groups"].as<std::int64_t>();
    settings_.lambda_lpips = rsd["lpips"]["weight"].as<double>();
    settings_.lpips_net = rsd["lpips"]["net"].as<std::string>();
    const YAML::Node adamw = rsd["adamw"];
    OptimizerSettings& optimizer = settings_.fake;
    optimizer.lr = adamw["lr"].as<double>();
    optimizer.beta1 = adamw["betas"][0].as<double>();
    optimizer.beta2 = adamw["betas"][1].as<double>();
    optimizer.eps = adamw["eps"].as<double>();
    optimizer.weight_decay = adamw["weight_decay"].as<double>();
    train_.optimizer = optimizer;
    train_.milestones = {};
    train_.checkpoint_activations = false;

    ModelSettings teacher = teacher_settings();
    ModelSettings student = teacher;
    student.unet.noise_channels = rsd["noise_channels"].as<std::int64_t>();
    student_model_ = model(student, "student.");
    parts_.train = train_;
    parts_.network = student_model_;
    parts_.teacher = model(teacher, "teacher.");
    parts_.noise = [this](const Batch& batch, at::IntArrayRef) { return noise_of(batch); };
    parts_.lpips = lpips();
    recipe_ = make_rsd_recipe(parts_, settings_);
    fake_ = recipe_->trainables()[kFake].network;
    fill_fake();
  }

  /// Fake network and head: parameters are fake.… and head.… in the recipe, as in the golden file.
  void fill_fake() { testing::fill_by_rule(*fake_, golden_.salt()); }

  std::int64_t count() const { return batch_.lq.size(0); }

  /// The batch of the golden's step number `step`, at positions that draw its nodes and steps. Positions say which row
  /// of the noise is whose.
  Batch batch_of(std::int64_t step) {
    Batch batch;
    batch.lq = batch_.lq;
    batch.z_0 = batch_.z_0;
    batch.z_y = batch_.z_y;
    batch.hr = hr_;
    const at::Tensor nodes = golden_.read("in/node")[step].cpu();
    const at::Tensor steps = golden_.read("in/t")[step].cpu();
    const auto draws = [&](const char* purpose, std::uint64_t position, std::int64_t of, const at::Tensor& wanted) {
      return at::equal(steps_at(train_.seed, purpose, {position}, of, at::kCPU), wanted);
    };
    for (std::int64_t b = 0; b < count(); ++b) {
      std::uint64_t position = 0;
      while (rows_.contains(position) ||
             !draws("rsd.node", position, static_cast<std::int64_t>(settings_.nodes.size()), nodes.narrow(0, b, 1)) ||
             !draws("rsd.step", position, schedule().steps(), steps.narrow(0, b, 1))) {
        ++position;
      }
      rows_[position] = {step, b};
      batch.position.push_back(position);
      batch.sample.push_back(static_cast<std::uint64_t>(b));
    }
    return batch;
  }

  /// One step of the trainer.
  StepRecord run(std::int64_t microbatch) {
    const auto alone = make_single_communicator();
    states_ = make_states(*recipe_, 0.999);
    for (TrainableState& state : states_) {
      state.connect(*alone);
    }
    const BatchPlan plan(count(), microbatch, 0, 1);
    std::int64_t step = 0;
    return TrainStep({*recipe_, states_, plan, train_}).run(1, [&] { return batch_of(step++); });
  }

  /// The gradient of the network whose golden names begin with `prefix`, and its parameters as they are.
  std::map<std::string, at::Tensor> parameters(const std::string& prefix) const {
    std::map<std::string, at::Tensor> found;
    const bool of_student = prefix == "student.";
    const torch::nn::Module& network = of_student ? *student_model_->unet() : *fake_;
    for (const auto& item : network.named_parameters()) {
      const std::string name = of_student ? prefix + item.key() : item.key();
      if (name.starts_with(prefix)) {
        found[name] = item.value();
      }
    }
    return found;
  }

  void expect_gradients(const std::string& prefix) const {
    const auto network = parameters(prefix);
    double squares = 0;
    for (const auto& [name, parameter] : network) {
      squares += parameter.grad().to(at::kDouble).square().sum().item<double>();
    }
    const std::string net = prefix.substr(0, prefix.size() - 1);
    golden_.expect_close(torch::tensor(0.5 * std::log(squares), at::kDouble), "out/log_grad_norm_" + net);
    const at::Tensor shares = golden_.read("out/grad_share").cpu();
    std::vector<double> found;
    std::vector<double> expected;
    for (std::size_t i = 0; i < golden_.param_names().size(); ++i) {
      const auto parameter = network.find(golden_.param_names()[i]);
      if (parameter != network.end()) {
        found.push_back(parameter->second.grad().to(at::kDouble).norm().item<double>() / std::sqrt(squares));
        expected.push_back(shares[static_cast<std::int64_t>(i)].item<double>());
      }
    }
    ASSERT_EQ(found.size(), network.size());
    golden_.expect_close(torch::tensor(found, at::kDouble), torch::tensor(expected, at::kDouble), "grad_share " + net);
    for (const auto& [name, parameter] : network) {
      if (golden_.has("out/unit_grad." + name)) {
        golden_.expect_close(parameter.grad() / rms(parameter.grad()), "out/unit_grad." + name);
        golden_.expect_close(torch::tensor(std::log(rms(parameter.grad())), at::kDouble), "out/log_rms_grad." + name);
      }
    }
  }

  void expect_update(const std::string& prefix) const {
    int compared = 0;
    for (const auto& [name, parameter] : parameters(prefix)) {
      if (golden_.has("out/update." + name)) {
        const at::Tensor before = testing::placed(testing::rule_seeded(name, parameter.sizes(), golden_.salt()));
        golden_.expect_close((parameter.detach().to(at::kDouble) - before.to(at::kDouble)) / train_.optimizer.lr,
                             "out/update." + name);
        ++compared;
      }
    }
    EXPECT_GT(compared, 0) << prefix;
  }

  double sum_of(const MoveRecord& record, const std::string& term) const {
    const auto found = std::ranges::find(record.names, term);
    TORCH_CHECK(found != record.names.end(), term, " is not logged");
    return record.total[found - record.names.begin()].item<double>();
  }
  void expect_sum(const MoveRecord& record, const std::string& term, const std::string& name) const {
    golden_.expect_close(torch::tensor(sum_of(record, term), at::kDouble), golden_.read(name).sum(), name);
  }

  /// The gradient of the batch's mean on the student's answer, and its size.
  void expect_gradient(const at::Tensor& losses, const at::Tensor& answer, const std::string& term) const {
    const at::Tensor gradient = torch::autograd::grad({losses.mean()}, {answer}, {}, /*retain_graph=*/true)[0];
    golden_.expect_close(gradient / rms(gradient), "out/unit_grad_x0_" + term);
    golden_.expect_close(torch::tensor(std::log(rms(gradient)), at::kDouble), "out/log_rms_grad_x0_" + term);
  }

  UNetSwin fake_network() const {
    for (const auto& child : fake_->named_children()) {
      if (child.key() == "fake") {
        return UNetSwin(std::dynamic_pointer_cast<UNetSwinImpl>(child.value()));
      }
    }
    throw std::logic_error("no fake network");
  }

  RsdSettings settings_;
  TrainSettings train_;
  std::map<std::uint64_t, std::pair<std::int64_t, std::int64_t>> rows_;  ///< position → step, sample
  std::shared_ptr<SuperResolutionModel> student_model_;
  SuperResolutionParts parts_;
  std::unique_ptr<Recipe> recipe_;
  std::vector<TrainableState> states_;
  torch::nn::Module* fake_ = nullptr;

 private:
  ModelSettings teacher_settings() const {
    const YAML::Node config = golden_.config();
    ModelSettings settings;
    settings.unet = testing::unet_settings(config["unet"]);
    settings.diffusion = testing::diffusion_settings(config["diffusion"]);
    settings.scale = scale_;
    settings.first_stage.type = "vq_f4";
    settings.first_stage.autoencoder = testing::autoencoder_settings(config["autoencoder"]);
    return settings;
  }

  std::shared_ptr<SuperResolutionModel> model(const ModelSettings& settings, const std::string& weights) const {
    auto made = std::make_shared<SuperResolutionModel>(settings, 0, first_stage_);
    testing::fill_by_rule(*made->unet(), golden_.salt(), weights);
    made->to(testing::device());
    return made;
  }

  /// noise_n, epsilon, noise_t, noise_T, epsilon_T, as the recipe takes them apart.
  at::Tensor noise_of(const Batch& batch) const {
    std::vector<at::Tensor> rows;
    for (const std::uint64_t position : batch.position) {
      const auto [step, b] = rows_.at(position);
      rows.push_back(at::cat({golden_.read("in/noise_n")[step][b], golden_.read("in/epsilon")[step][b],
                              golden_.read("in/noise_t")[step][b], golden_.read("in/noise_T")[b],
                              golden_.read("in/epsilon_T")[b]}));
    }
    return at::stack(rows);
  }

  /// The rule goes by pyiqa's names behind "lpips.".
  std::shared_ptr<const LpipsLoss> lpips() const {
    const LpipsTrunk trunk = settings_.lpips_net == "vgg" ? LpipsTrunk::kVgg : LpipsTrunk::kAlex;
    const auto filled = [&](const std::vector<WantedWeight>& wanted, bool linear) {
      NamedWeights weights;
      for (const auto& [name, shape, type] : wanted) {
        const std::string ending = linear ? "lpips." + name : name.substr(std::string("features").size());
        for (const std::string& known : golden_.param_names()) {
          if (known.starts_with(linear ? "lpips.lin" : "lpips.net.") && known.ends_with(ending)) {
            weights[name] = testing::rule_seeded(known, shape, golden_.salt());
          }
        }
        if (linear) {
          weights.at(name).abs_();
        }
      }
      return weights;
    };
    return std::make_shared<const LpipsLoss>(
        LpipsNetwork(trunk, filled(lpips_trunk_weights(trunk), false), filled(lpips_linear_weights(trunk), true),
                     testing::device(), /*passes_gradients=*/true),
        settings_.lambda_lpips, /*cut=*/false);
  }
};

TEST_P(RsdGolden, MovesAsTheReference) {
  const StepRecord record = run(count());
  ASSERT_EQ(record.size(), static_cast<std::size_t>(settings_.fake_steps) + 1);
  for (std::size_t k = 0; k + 1 < record.size(); ++k) {
    EXPECT_EQ(record[k].trainable, kFake);
    expect_sum(record[k], "mse", "out/loss_fake_" + std::to_string(k));
    expect_sum(record[k], "gan", "out/loss_gan_d_" + std::to_string(k));
  }
  const MoveRecord& student = record.back();
  EXPECT_EQ(student.trainable, kStudent);
  golden_.expect_close(student.images, "out/loss_total");
  expect_sum(student, "distill", "out/loss_distill");
  expect_sum(student, "lpips", "out/loss_lpips");
  expect_sum(student, "gan", "out/loss_gan_g");
  expect_gradients("student.");
  for (const char* prefix : {"student.", "fake.", "head."}) {
    expect_update(prefix);
  }
  // The student answers anew.
  const torch::NoGradGuard no_grad;
  const std::int64_t step = settings_.fake_steps;
  const at::Tensor nodes = torch::tensor(settings_.nodes).to(testing::device());
  const at::Tensor steps = nodes.index_select(0, golden_.read("in/node")[step]);
  const Denoiser denoiser = with_noise(denoiser_of(student_model_->unet()), golden_.read("in/epsilon")[step]);
  golden_.expect_close(resshift_prediction(diffusion_, denoiser, batch_.z_0, batch_.z_y, batch_.lq, steps,
                                           golden_.read("in/noise_n")[step]),
                       "out/x0_after");
}

TEST_P(RsdGolden, TheFakeNetworksGradientIsTheReferences) {
  const RecipeLosses losses = recipe_->losses(batch_of(0), {.trainable = kFake});
  golden_.expect_close(losses.terms[0].values, "out/loss_fake_0");
  golden_.expect_close(losses.terms[1].values, "out/loss_gan_d_0");
  losses.total.mean().backward();
  expect_gradients("fake.");
  expect_gradients("head.");
}

TEST_P(RsdGolden, MicrobatchesMakeTheSameStep) {
  const StepRecord record = run(1);
  golden_.expect_close(record.back().images, "out/loss_total");
  expect_gradients("student.");
  expect_update("head.");
}

TEST_P(RsdGolden, TheLossHasTheThreeFormsAndTheirGradients) {
  run(count());  // which leaves the fake network as the student's step saw it
  UNetSwin fake = fake_network();
  for (const auto& [name, parameter] : parameters("fake.")) {
    at::Tensor(parameter).requires_grad_(false);
  }
  const std::int64_t step = settings_.fake_steps;
  const at::Tensor steps = golden_.read("in/t")[step];
  const at::Tensor noise = golden_.read("in/noise_t")[step];
  const at::Tensor answer = golden_.read("out/x0").requires_grad_();
  const auto answer_of = [&](const Denoiser& denoiser) {
    return [this, denoiser, steps](const at::Tensor& noisy) {
      return diffusion_.predict(denoiser, diffusion_.scale_input(noisy, steps), steps, batch_.z_y, batch_.lq);
    };
  };
  const NoisyAnswer of_teacher = answer_of(denoiser_of(parts_.teacher->unet()));
  const NoisyAnswer of_fake = answer_of(denoiser_of(fake));
  const auto noisy = [&] { return q_sample(schedule(), answer, batch_.z_y, steps, noise); };
  golden_.expect_close(of_teacher(noisy()), "out/f_teacher");
  golden_.expect_close(of_fake(noisy()), "out/f_fake");
  for (const bool full : {true, false}) {
    for (const bool sid : {true, false}) {
      const at::Tensor losses =
          rsd_loss(answer, noisy(), of_teacher, of_fake, {.through_networks = full, .normalised = sid});
      if (!sid) {
        for (const char* form : {"eq10", "eq33", "eq34"}) {
          golden_.expect_close(losses, std::string("out/loss_distill_") + form);
        }
        golden_.expect_close(losses / rsd_loss(answer, noisy(), of_teacher, of_fake, {.normalised = true}),
                             "out/sid_size");
      }
      expect_gradient(losses, answer, std::string("distill_") + (full ? "full" : "stop") + (sid ? "_sid" : "_none"));
    }
  }
}

TEST_P(RsdGolden, TheOtherTermsHaveTheReferencesGradients) {
  run(count());
  testing::fill_by_rule(*student_model_->unet(), golden_.salt(), "student.");  // as its step began
  const RecipeLosses losses = recipe_->losses(batch_of(settings_.fake_steps), {.trainable = kStudent});
  ASSERT_EQ(losses.predictions.size(), 2U);
  golden_.expect_close(losses.terms[1].values, "out/loss_lpips");
  expect_gradient(losses.terms[1].values, losses.predictions[1], "T_lpips");
  golden_.expect_close(losses.terms[2].values, "out/loss_gan_g");
  expect_gradient(losses.terms[2].values, losses.predictions[0], "gan");
}

SAMSR_GOLDEN_SUITE(RsdGolden, golden_files("rsd"));

}  // namespace
}  // namespace samsr

#include "train/settings.h"

#include <cstdint>
#include <limits>

#include "core/error.h"
#include "train/recipes/recipes.h"

namespace samsr {

void OptimizerSettings::bind(Settings& settings, const std::string& section, const std::string& of) {
  settings.add(section + ".lr", lr, "learning rate" + of + " after warm-up").above(0.0);
  settings.add(section + ".lr_min", lr_min, "learning rate" + of + " at the end of the cosine schedule")
      .between(0.0, 10.0);
  settings.add(section + ".weight_decay", weight_decay, "decoupled weight decay of AdamW").between(0.0, 100.0);
  settings.add(section + ".beta1", beta1, "AdamW's decay a step of the gradient's mean").between(0.0, 0.999999);
  settings.add(section + ".beta2", beta2, "AdamW's decay a step of the gradient's mean square").between(0.0, 0.999999);
  settings.add(section + ".eps", eps, "AdamW's ε, added to the root of the mean square").above(0.0).at_most(1.0);
  settings
      .add(section + ".clip", clip,
           "gradients" + of + " of a larger global norm than this are scaled down to it; 0 for never")
      .at_least(0.0);
}

void TrainSettings::bind_checkpoint_interval(Settings& settings) {
  Settings::Entry every;
  every.key = "train.checkpoint_every";
  every.help =
      "steps between checkpoints; 0 where train.checkpoint_minutes decides. Of the two the one given last does: the "
      "command line over a file, a file over its base";
  every.type = "an integer";
  every.expected = "at least 0";
  every.assign = [this](const YAML::Node& node) {
    std::int64_t read = 0;
    read_value(node, read);
    if (read < 0) {
      throw BadValue();
    }
    every_given_ = read > 0;
    checkpoint_every = read;
    checkpoint_minutes = every_given_ ? CheckpointMinutes() : checkpoint_minutes;
  };
  every.current = [this] { return YAML::Node(checkpoint_every); };
  settings.add_entry(std::move(every));

  Settings::Entry minutes;
  minutes.key = "train.checkpoint_minutes";
  minutes.help =
      "minutes between checkpoints, in place of train.checkpoint_every; auto: those that lose the least time, by what "
      "a "
      "checkpoint was measured to cost and train.hours_between_failures; 0: steps are counted instead";
  minutes.type = "a number or auto";
  minutes.expected = "0 to 1000000";
  minutes.assign = [this](const YAML::Node& node) {
    constexpr double kMost = 1e6;
    CheckpointMinutes read;
    read.best = node.IsScalar() && node.Scalar() == "auto";
    if (!read.best) {
      read_value(node, read.number);
    }
    if (read.number < 0 || read.number > kMost) {
      throw BadValue();
    }
    minutes_given_ = read.decide();
    checkpoint_minutes = read;
    checkpoint_every = minutes_given_ ? 0 : checkpoint_every;
  };
  minutes.current = [this] {
    return YAML::Node(checkpoint_minutes.best ? "auto" : fmt::format("{}", checkpoint_minutes.number));
  };
  settings.add_entry(std::move(minutes));
}

void TrainSettings::check(const Settings& settings) const {
  const std::string every = settings.origin("train.checkpoint_every");
  const std::string minutes = settings.origin("train.checkpoint_minutes");
  const auto place = [](const std::string& origin) {
    return origin.starts_with('\'') ? "the command line" : origin.substr(0, origin.rfind(':'));
  };
  if (every_given_ && minutes_given_ && place(every) == place(minutes)) {
    throw UserError(
        "train.checkpoint_every ({}) and train.checkpoint_minutes ({}) exclude each other; give one of them", every,
        minutes);
  }
  if (checkpoint_every == 0 && !checkpoint_minutes.decide()) {
    throw UserError(
        "train.checkpoint_every and train.checkpoint_minutes are both 0, so that a fault would cost all that was done; "
        "give one of them");
  }
}

void TrainSettings::bind(Settings& settings, RunSettings& run) {
  std::vector<std::string> names;
  std::string meanings;
  for (const RecipeEntry& entry : recipes()) {
    names.emplace_back(entry.name);
    meanings += fmt::format("{} {}: {}", meanings.empty() ? "" : ";", entry.name, entry.help);
  }
  settings.add("train.recipe", recipe, "what to train:" + meanings).one_of(names);
  settings.add("train.shards", shards, "folder of shards made by `samsr data build`").path();
  settings.add("train.out", out, "folder of the run: checkpoints, metrics.jsonl, config.yaml").path();
  settings.add("train.steps", steps, "optimizer steps of the whole run")
      .between(1, std::numeric_limits<std::int32_t>::max());
  settings.add("train.global_batch", global_batch, "images an optimizer step sees, over all ranks").between(1, 1 << 24);
  settings.add("train.microbatch", microbatch, "images a rank computes at once; less needs less memory")
      .between(1, 1 << 24);
  settings.add("train.seed", seed, "seed of shuffling, noise and fresh weights").at_least(0U);

  optimizer.bind(settings, "train", "");
  settings
      .add("train.lr_schedule", lr_schedule,
           "milestones: halved at each milestone after the first; cosine: down to lr_min at the last step")
      .one_of({"milestones", "cosine"});
  settings
      .add("train.milestones", milestones,
           "steps; the first ends the linear warm-up, as in the released configuration; empty for no warm-up")
      .at_least(1);
  settings.add("train.ema_rate", ema_rate, "decay a step of the averaged weights").between(0.0, 0.999999);

  settings
      .add("train.precision", precision,
           "fp32: IEEE, on GPUs too; tf32: on a GPU, convolutions and products of fp32 with 10 bits of mantissa; bf16: "
           "networks under autocast, weights and losses stay fp32")
      .one_of({"fp32", "tf32", "bf16"});
  settings.add(
      "train.deterministic", deterministic,
      "on a GPU, only kernels that give the same bits every time, so that a resumed run continues bit for bit; "
      "a CPU's do always");
  settings
      .add("train.kernels", kernels,
           "own: samsr's kernels where it has some, on CPUs and GPUs; plain: LibTorch's operators alone, the same to "
           "rounding and slower, to find out whether a kernel is at fault")
      .one_of({"own", "plain"});
  settings.add("train.graphs", graphs,
               "on a GPU, ask for the network's passes as CUDA graphs: the host keeps up with small batches, and the "
               "activations of a pass keep their memory; not with train.checkpoint_activations or unet.dropout");
  settings.add(
      "train.checkpoint_activations", checkpoint_activations,
      "keep only the inputs of each layer of the network for the backward pass and compute the rest again, and free "
      "gradients between steps: less memory, more time, the same gradients to rounding");
  run.bind(settings);
  settings
      .add("train.exchange", exchange,
           "what averages gradients over the ranks: nccl: between GPUs, one a rank; host: over MPI, from GPUs through "
           "the host's memory, so that ranks may share one, and where NCCL has no network; auto: nccl between GPUs, "
           "host on CPUs")
      .one_of({"auto", "nccl", "host"});
  settings
      .add("train.teacher", teacher,
           "online: the teacher's rollout is computed in every step; cached: taken from the shards (stage rollout), "
           "with no teacher in memory")
      .one_of({"online", "cached"});
  settings
      .add("train.teacher_weights", teacher_weights,
           "the teacher: a .safetensors or official .pth file, a checkpoint or the folder of a run; `data build "
           "--stage rollout` "
           "rolls it out too")
      .path();
  settings
      .add("train.init", init,
           "first weights: auto (a student starts from its teacher), random, or a path as for teacher_weights")
      .path();
  lora.bind(settings);

  bind_checkpoint_interval(settings);
  settings
      .add("train.hours_between_failures", hours_between_failures,
           "for train.checkpoint_minutes=auto: hours that a host runs between two failures, on average; of n hosts one "
           "fails n times as often. 6000: 419 failures in 54 days of 2,048 hosts, as of Llama 3's training")
      .above(0.0)
      .at_most(1e8);
  settings.add(
      "train.checkpoint_behind", checkpoint_behind,
      "write checkpoints while training goes on, from a copy that rank 0 holds meanwhile; false: training waits");
  settings.add("train.keep", keep, "checkpoints kept").between(1, 10'000);
  settings
      .add("train.resume", resume,
           "auto: from the newest whole checkpoint in out, unless it is of another training (seed, data, recipe, "
           "networks or losses); never; or a checkpoint's path, which goes on all the same")
      .path();
  settings
      .add("train.log_every", log_every, "steps between the lines on the terminal, and between TensorBoard's points")
      .at_least(1);
  settings
      .add(
          "train.log_term_gradients", log_term_gradients,
          "steps between those that log, for each weighted term of the loss, the norm of its gradient on the network's "
          "answers (grad_TERM); 0 for never")
      .at_least(0);
  settings.add("train.tensorboard", tensorboard, "write TensorBoard's event files to out/tensorboard");
  settings
      .add("train.log_images", log_images,
           "steps between TensorBoard's pictures of four samples: LR, prediction, HR; 0 for none")
      .at_least(0);
  settings.add(
      "train.prometheus", prometheus,
      "keep out/metrics.prom, at most ten seconds old, for the textfile collector of Prometheus' node_exporter");
  settings.add("train.max_bad_steps", max_bad_steps, "steps with a loss that is not finite, skipped, before giving up")
      .between(0, 1'000'000);
  settings
      .add("train.timeout", timeout,
           "seconds in which no rank gets on before the run ends and says which one hangs; 0 for never")
      .between(0, 1 << 24);
}

const std::string& required(const std::string& value, const char* key, const char* meaning) {
  if (value.empty()) {
    throw UserError("{} is not set: {}; give it as {}=PATH", key, meaning, key);
  }
  return value;
}

void ResShiftSettings::bind(Settings& settings) {
  settings
      .add(
          "resshift.lambda_lpips", lambda_lpips,
          "train.recipe=resshift: weight of LPIPS (VGG-16) between the decoded prediction and the HR image, beside the "
          "squared error of latents; 0, as in ResShift's conference version: not computed; its journal version has 1. "
          "Needs vgg16-397923af.pth and vgg.pth in weights.folder")
      .between(0.0, 1e6);
}

void DistillSettings::bind(Settings& settings) {
  settings
      .add("distill.space", space,
           "where predictions are compared with the teacher and the truth: latents, or decoded images")
      .one_of({"latent", "image"});
  settings.add("distill.lambda_distill", lambda_distill, "weight of the loss against the teacher's result")
      .between(0.0, 1e6);
  settings.add("distill.lambda_inverse", lambda_inverse, "weight of the loss of the inverse map").between(0.0, 1e6);
  settings.add("distill.lambda_gt", lambda_gt, "weight of the loss against the ground truth").between(0.0, 1e6);
  settings
      .add("distill.lambda_truth", lambda_truth,
           "weight of the squared error of the one-step prediction itself against the ground truth, without "
           "lambda_gt's way "
           "over the inverse map; 0, as the papers have it: not computed, nor is any other loss of weight 0")
      .between(0.0, 1e6);
  settings.add("distill.lambda_l1", lambda_l1, "weight of the absolute error of the one-step prediction as an image")
      .between(0.0, 1e6);
  settings.add("distill.lambda_structure", lambda_structure, "weight of 1 - SSIM of the one-step prediction's Y")
      .between(0.0, 1e6);
  settings
      .add("distill.lambda_gradient", lambda_gradient,
           "weight of the error of the one-step prediction's differences between neighbouring pixels, at three sizes "
           "of the image")
      .between(0.0, 1e6);
  settings
      .add("distill.lambda_texture", lambda_texture,
           "weight of the error of the one-step prediction's local strength of fine detail, wherever exactly that "
           "detail lies")
      .between(0.0, 1e6);
  settings
      .add("distill.lambda_hfp", lambda_hfp,
           "weight of the error of the one-step prediction's high frequencies (hfp.*), as VPD-SR names it")
      .between(0.0, 1e6);
  settings
      .add("distill.lambda_ess", lambda_ess,
           "weight of the difference between what CLIP sees in the one-step prediction and in the HR image (ess.*), as "
           "VPD-SR names it; needs ViT-B-32.pt or ViT-B-16.pt in weights.folder")
      .between(0.0, 1e6);
  settings
      .add("distill.lambda_lpips", lambda_lpips,
           "weight of LPIPS between the one-step prediction, not cut to the range of pictures, and the HR image; needs "
           "the metric's files in weights.folder (distill.lpips_net)")
      .between(0.0, 1e6);
  settings
      .add("distill.lpips_net", lpips_net,
           "network of lambda_lpips: alex (alexnet-owt-7be5be79.pth and alex.pth) or vgg (vgg16-397923af.pth and "
           "vgg.pth)")
      .one_of({"alex", "vgg"});
  settings
      .add("distill.lambda_perceptual", lambda_perceptual,
           "weight of the distance between features of the one-step prediction and of the HR image in a tiny network "
           "(perceptual.*)")
      .between(0.0, 1e6);
  settings
      .add("distill.decode", decode,
           "how predictions become images for the losses that compare images: straight_through: by way of the nearest "
           "codes, as upscaling does, whose gradient passes unchanged; none: around the codes")
      .one_of({"straight_through", "none"});
  settings
      .add("distill.lambda_hsd", lambda_hsd,
           "weight of TAD-SR's score distillation: what the teacher's score, at little noise, says of the one-step "
           "prediction and not of the teacher's result; its value means nothing, its gradient does")
      .between(0.0, 1e6);
  settings
      .add("distill.lambda_adversarial", lambda_adversarial,
           "weight of what a discriminator (discriminator.*), trained beside the student, says of the one-step "
           "prediction; "
           "0: there is none")
      .between(0.0, 1e6);
  hsd.bind(settings);
  discriminator.bind(settings);
}

void HsdSettings::bind(Settings& settings) {
  settings.add("hsd.steps", steps, "lambda_hsd: the diffusion's first steps, from which one is drawn for each image")
      .between(1, 10'000);
  settings
      .add("hsd.input_scaling", input_scaling,
           "lambda_hsd: how often the teacher's input is scaled; twice: as TAD-SR's released code does")
      .one_of({"once", "twice"});
  settings
      .add("hsd.noise", noise,
           "lambda_hsd: noise on what the teacher scores; uniform in [0,1): as TAD-SR's released code has it")
      .one_of({"normal", "uniform"});
}

void DiscriminatorSettings::bind(Settings& settings) {
  network.bind(settings);
  settings
      .add(
          "discriminator.loss", loss,
          "what the discriminator is trained by, and the student against it: hinge; softplus: the non-saturating GAN's")
      .one_of({"hinge", "softplus"});
  settings
      .add("discriminator.start", start,
           "first step whose student has lambda_adversarial; before it the discriminator trains alone")
      .at_least(1);
  settings
      .add("discriminator.noise", noise,
           "noise on the latents that the discriminator sees; uniform in [0,1): as TAD-SR's released code has it")
      .one_of({"normal", "uniform"});
  settings
      .add("discriminator.init", init,
           "first weights of the discriminator: random, or a file of a checkpoint (discriminator.safetensors) or of "
           "the published code")
      .path();
  settings
      .add("discriminator.judge_every", judge_every,
           "steps between the lines that say whether the discriminator is dead, winning or neither; 0 for never")
      .at_least(0);
  optimizer.bind(settings, "discriminator", " of the discriminator");
  settings.add("discriminator.constant_lr", optimizer.constant_lr,
               "keep discriminator.lr at every step, as TAD-SR's released code does; false: by train.lr_schedule and "
               "train.milestones");
}

void SemanticSettings::bind(Settings& settings) {
  settings
      .add("semantic.loss", loss,
           "L_SC, between the semantic weights of prediction and HR image: coverage_net: by the frozen network "
           "semantic.weights; amg: by automatic masks (masks.*), a count without gradient, logged only; auto: "
           "coverage_net "
           "for samsr where semantic.weights is set, else none")
      .one_of({"auto", "coverage_net", "amg", "none"});
  settings.add("semantic.lambda", lambda, "coverage_net: weight of L_SC").between(0.0, 1e6);
  settings
      .add("semantic.weights", weights,
           "coverage_net: the network that train.recipe=coverage_net trained: a .safetensors file, a checkpoint or the "
           "folder of a run")
      .path();
  settings
      .add("semantic.prediction", prediction,
           "what L_SC looks at: from_gt: the student's answer to its own inverse of the HR image, as SAMSR's "
           "released code has it; one_step: the answer to noise, which is what the student is for")
      .one_of({"from_gt", "one_step"});
  settings.add("semantic.every", every, "amg: steps between those that look for masks").at_least(1);
}

void ValidationSettings::bind(Settings& settings) {
  settings
      .add("val.every", every,
           "steps between validations: of the pictures val.lq, or, for coverage_net, of held-out samples (a thousand "
           "at most)")
      .at_least(1);
  settings.add("val.lq", lq, "folder of low-resolution pictures to validate on; empty: no validation on pictures")
      .path();
  settings
      .add("val.gt", gt, "folder of their high-resolution pictures, of the same names; empty: metrics that need none")
      .path();
  settings.add("val.metrics", metrics,
               "comma-separated metrics; empty: psnr_y, ssim_y and niqe, or niqe without val.gt");
  settings.add("val.best", best,
               "the metric whose best checkpoint is kept (train.out/best names it); empty: the first of val.metrics");
  settings.add("val.images", images, "pictures to validate on, the first by name; 0: all").at_least(0);
  settings
      .add("val.panel", panel,
           "pictures, always the first, written at each validation to train.out/validation: LR, prediction, HR")
      .at_least(0);
}

void ValidationSettings::check() const {
  if (lq.empty() && !gt.empty()) {
    throw UserError("val.gt is {}, but val.lq is not set, so that nothing would be validated; give both, or neither",
                    gt);
  }
}

void CoverageNetRunSettings::bind(Settings& settings) {
  network.bind(settings);
  settings
      .add("coverage_net.held_out", held_out, "share of the samples, the last ones of the data set, that never train")
      .above(0.0)
      .at_most(0.5);
}

}  // namespace samsr

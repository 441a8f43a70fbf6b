#include "train/settings.h"

namespace samsr {

void TrainSettings::bind(Settings& settings) {
  settings.add("train.recipe", recipe, "what to train: the ResShift teacher, or a one-step student")
      .one_of({"resshift", "sinsr", "samsr"});
  settings.add("train.shards", shards, "folder of shards made by `samsr data build`");
  settings.add("train.out", out, "folder of the run: checkpoints, metrics.jsonl, config.yaml");
  settings.add("train.steps", steps, "optimizer steps of the whole run").at_least(1);
  settings.add("train.global_batch", global_batch, "images an optimizer step sees, over all ranks").at_least(1);
  settings.add("train.microbatch", microbatch, "images a rank computes at once; less needs less memory").at_least(1);
  settings.add("train.seed", seed, "seed of shuffling, noise and fresh weights");

  settings.add("train.lr", lr, "learning rate after warm-up").above(0.0);
  settings
      .add("train.lr_schedule", lr_schedule,
           "milestones: halved at each milestone after the first; cosine: down to lr_min at the last step")
      .one_of({"milestones", "cosine"});
  settings
      .add("train.milestones", milestones,
           "steps; the first ends the linear warm-up, as in the released configuration; empty for no warm-up")
      .at_least(1);
  settings.add("train.lr_min", lr_min, "learning rate at the end of the cosine schedule").at_least(0.0);
  settings.add("train.weight_decay", weight_decay, "decoupled weight decay of AdamW").at_least(0.0);
  settings.add("train.ema_rate", ema_rate, "decay a step of the averaged weights").between(0.0, 0.999999);

  settings.add("train.precision", precision, "bf16: networks under autocast, weights and losses stay fp32")
      .one_of({"fp32", "bf16"});
  settings.add("train.device", device, "auto takes a GPU where there is one").one_of({"auto", "cpu", "cuda"});
  settings.add("train.threads", threads, "CPU threads a rank; 0 shares the host's cores among its ranks")
      .between(0, 1024);
  settings
      .add("train.teacher", teacher,
           "online: the teacher's rollout is computed in every step; cached: taken from the shards (stage rollout), "
           "with no teacher in memory")
      .one_of({"online", "cached"});
  settings.add("train.teacher_weights", teacher_weights,
               "the teacher: a .safetensors or official .pth file, a checkpoint or the folder of a run; `data build --stage rollout` "
               "rolls it out too");
  settings.add("train.init", init,
               "first weights: auto (a student starts from its teacher), random, or a path as for teacher_weights");

  settings.add("train.checkpoint_every", checkpoint_every, "steps between checkpoints").at_least(1);
  settings.add("train.keep", keep, "checkpoints kept").between(1, 10'000);
  settings.add("train.resume", resume, "auto: from the newest whole checkpoint in out; never; or a checkpoint's path");
  settings.add("train.log_every", log_every, "steps between the lines on the terminal").at_least(1);
  settings.add("train.max_bad_steps", max_bad_steps, "steps with a loss that is not finite, skipped, before giving up")
      .between(0, 1'000'000);
}

void DistillSettings::bind(Settings& settings) {
  settings
      .add("distill.space", space, "where predictions are compared with the teacher and the truth: latents, or decoded images")
      .one_of({"latent", "image"});
  settings.add("distill.lambda_distill", lambda_distill, "weight of the loss against the teacher's result").at_least(0.0);
  settings.add("distill.lambda_inverse", lambda_inverse, "weight of the loss of the inverse map").at_least(0.0);
  settings.add("distill.lambda_gt", lambda_gt, "weight of the loss against the ground truth").at_least(0.0);
}

void SemanticSettings::bind(Settings& settings) {
  settings.add("semantic.loss", loss, "what L_SC compares").one_of({"none"});
}

}  // namespace samsr

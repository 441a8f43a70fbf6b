#include "diffusion/settings.h"

namespace samsr {

void DiffusionSettings::bind(Settings& settings) {
  settings.add("diffusion.schedule_name", schedule_name, "form of the noise schedule").one_of({"exponential"});
  settings
      .add("diffusion.schedule_kwargs.power", power, "exponent p of the schedule; larger stays longer at little noise")
      .between(0.01, 100.0);
  settings.add("diffusion.etas_end", etas_end, "sqrt(η) of the last step: how much of the HR latent is gone")
      .between(0.05, 1.0);
  settings.add("diffusion.steps", steps, "diffusion steps T").between(2, 10000);
  settings.add("diffusion.min_noise_level", min_noise_level, "noise κ·sqrt(η) of the first step")
      .above(0.0)
      .at_most(1000.0);
  settings.add("diffusion.kappa", kappa, "strength κ of the noise").above(0.0).at_most(1000.0);
  settings
      .add("diffusion.predict_type", predict_type,
           "what the network's output is: the HR latent, or the LR latent minus the HR latent")
      .one_of({"xstart", "residual"});
  settings.add("diffusion.normalize_input", normalize_input, "scale the network's input to about unit range");
}

void FlowMapSettings::bind(Settings& settings) {
  settings
      .add("flowmap.time_scale", time_scale,
           "τ: times and intervals are embedded as this multiple of themselves; at most 16 where flowmap.variant is "
           "lagrangian or eulerian, whose derivatives grow with it")
      .above(0.0)
      .at_most(1e5);
  settings
      .add("flowmap.condition", condition,
           "what the network sees beside x: lr_resized: the LR image at the latent's size; z_src: the latent of the "
           "enlarged LR image")
      .one_of({"lr_resized", "z_src"});
  settings
      .add("flowmap.guidance", guidance,
           "where ω acts: train: on the velocities that are learned, so that sampling needs one pass a step; infer: "
           "while "
           "sampling, in two")
      .one_of({"train", "infer"});
  settings.add("flowmap.omega", omega, "ω of positive-negative guidance; 1 for none").between(0.0, 100.0);
}

void SamSettings::bind(Settings& settings) {
  settings.add("samsr.variant", variant, "SAMSR as the paper's equations have it, or as the released code does")
      .one_of({"paper", "released"});
  settings.add("samsr.m", m, "how far semantic weights move η up and κ down").between(0.0, 0.99);
  settings
      .add("samsr.mask_noise", mask_noise,
           "whether masks shape a student's noise and process, of the recipes that have either (tadsr, vpdsr); auto: "
           "as the "
           "method has it; kept in the model file, where upscaling reads it")
      .one_of({"auto", "true", "false"});
  settings.add("samsr.modulate", modulate, "what semantic weights move: both η and κ, one of them, or neither")
      .one_of({"both", "eta", "kappa", "neither"});
}

}  // namespace samsr

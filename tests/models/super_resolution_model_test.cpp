#include "models/super_resolution/super_resolution_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <ctime>

#include "models/first_stage/vq_weight_count.h"
#include "models/unet/unet_weight_count.h"
#include "models/weights/load_weights.h"
#include "support/golden.h"
#include "support/small_model.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::HasSubstr;

at::Tensor noise_of(const SuperResolutionModel& model, const at::Tensor& lq) {
  const auto shape = model.latent_shape(lq.size(2), lq.size(3));
  return torch::randn({lq.size(0), shape[0], shape[1], shape[2]});
}

using testing::error_of;

TEST(SuperResolutionModel, StartsAtTheBicubicImage) {
  const SuperResolutionModel model(testing::small_model_settings(4), 1);
  const at::Tensor lq = torch::rand({2, 3, 16, 32}) * 2 - 1;
  const at::Tensor bicubic = enlarge_bicubic(lq, 4).clamp(-1, 1);
  EXPECT_TRUE(model.one_step(lq, noise_of(model, lq)).allclose(bicubic, 1e-5, 1e-5));
  EXPECT_TRUE(model.sample_rollout(lq, noise_of(model, lq)).allclose(bicubic, 1e-4, 1e-4));
  const at::Tensor noises = torch::randn({4, 2, 48, 16, 32});
  EXPECT_TRUE(model.sample_ancestral(lq, noises).allclose(bicubic, 1e-5, 1e-5));
}

TEST(SuperResolutionModel, TakesCoverageIntoNoiseAndProcess) {
  SuperResolutionModel model(testing::small_model_settings(4), 1);
  testing::fill_by_rule(*model.unet(), 2);
  const at::Tensor lq = torch::rand({1, 3, 16, 16}) * 2 - 1;
  const at::Tensor noise = noise_of(model, lq);
  const at::Tensor coverage = torch::randint(0, 5, {1, 1, 16, 16}, torch::kUInt8);
  const at::Tensor plain = model.one_step(lq, noise);
  const at::Tensor covered = model.one_step(lq, noise, coverage);
  EXPECT_FALSE(plain.allclose(covered));
  EXPECT_TRUE(covered.equal(model.one_step(lq, noise, coverage)));
  EXPECT_LE(covered.abs().max().item<float>(), 1);
  EXPECT_FALSE(covered.requires_grad());
  EXPECT_TRUE(model.unet()->is_training());
}

TEST(SuperResolutionModel, IsAFunctionOfItsSeed) {
  const auto first_weight = [](std::uint64_t seed) {
    return SuperResolutionModel(testing::small_model_settings(4), seed).unet()->parameters()[0].clone();
  };
  EXPECT_TRUE(first_weight(3).equal(first_weight(3)));
  EXPECT_FALSE(first_weight(3).equal(first_weight(4)));
}

TEST(SuperResolutionModel, WorksOnPixelsAndOnLatentsSmallerThanTheLrImage) {
  for (const std::int64_t factor : {1, 8}) {
    ModelSettings settings = testing::small_model_settings(4);
    settings.first_stage.type = factor == 1 ? "none" : "space_to_depth";
    settings.first_stage.factor = factor;
    settings.unet.out_channels = 3 * factor * factor;
    settings.unet.in_channels = settings.unet.out_channels + (factor == 8 ? 12 : 3);
    settings.diffusion.predict_type = "xstart";
    SuperResolutionModel model(settings, 1);
    testing::fill_by_rule(*model.unet(), 2);
    EXPECT_EQ(model.lq_multiple(), factor == 1 ? 4 : 32);
    const at::Tensor lq = torch::rand({1, 3, 32, 64}) * 2 - 1;
    const at::Tensor coverage = torch::randint(0, 5, {1, 1, 32, 64}, torch::kUInt8);
    const at::Tensor hr = model.one_step(lq, noise_of(model, lq), coverage);
    EXPECT_EQ(hr.sizes(), at::IntArrayRef({1, 3, 128, 256}));
  }
}

TEST(ModelSettings, SaysWhichSizesFit) {
  EXPECT_EQ(testing::small_model_settings(4).lq_multiple(), 16);
  EXPECT_EQ(ModelSettings().lq_multiple(), 64);
  const auto message = [](auto change) {
    ModelSettings settings = testing::small_model_settings(4);
    change(settings);
    return error_of([&] { settings.check(); });
  };
  EXPECT_EQ(message([](ModelSettings&) {}), "no error");
  EXPECT_THAT(message([](ModelSettings& s) { s.unet.in_channels = 48; }), HasSubstr("expected 51"));
  EXPECT_THAT(message([](ModelSettings& s) { s.unet.out_channels = 3; }), HasSubstr("48 channels"));
  EXPECT_THAT(message([](ModelSettings& s) { s.scale = 3; }), HasSubstr("divide"));
  ModelSettings().check();
}

TEST(ModelSettings, SaysWhichStoredImagesAndLatentsFit) {
  const ModelSettings settings = testing::small_model_settings(4);
  using Latents = std::vector<std::pair<std::string, std::vector<std::int64_t>>>;
  const auto message = [&](std::int64_t height, std::int64_t width, const Latents& latents) {
    return error_of([&] { settings.check_stored("shards", height, width, latents); });
  };
  EXPECT_EQ(message(32, 16, {}), "no error");
  EXPECT_EQ(message(32, 16, {{"z_hr", {48, 32, 16}}, {"z_lr", {48, 32, 16}}}), "no error");
  EXPECT_EQ(message(20, 16, {}),
            "shards: works on LR images whose sides are multiples of 16, the stored ones have 16×20 pixels; build with "
            "a data.gt_size that is a multiple of 64");
  EXPECT_THAT(message(32, 20, {}), HasSubstr("20×32 pixels"));
  for (const std::vector<std::int64_t>& shape :
       std::vector<std::vector<std::int64_t>>{{48, 16, 32}, {3, 32, 16}, {48, 32}, {48, 32, 16, 1}}) {
    EXPECT_THAT(message(32, 16, {{"z_hr", {48, 32, 16}}, {"z_lr", shape}}),
                HasSubstr("its latents of the stored images are (48, 32, 16), z_lr is ("));
  }
}

TEST(MethodOfKind, AnUnknownKindIsShownInOneLine) {
  EXPECT_EQ(
      error_of([] { method_of_kind("a\nb\x1b[2J\xff", "m.safetensors"); }),
      "m.safetensors: a model of the unknown kind 'a?b?[2J\xef\xbf\xbd'; a newer version of samsr may have written "
      "it");
}

class ModelFile : public ::testing::Test {
 protected:
  const testing::TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_ / "model.safetensors";
};

TEST_F(ModelFile, DescribesItself) {
  SuperResolutionModel model(testing::small_model_settings(4), 1);
  testing::fill_by_rule(*model.unet(), 2);
  save_model(path_, model.settings(), "student", state_of(*model.unet()));
  const auto metadata = read_safetensors_metadata(path_);
  EXPECT_EQ(metadata.at("format"), "samsr-model/1");
  EXPECT_EQ(metadata.at("variant"), "paper");
  EXPECT_THAT(metadata.at("config"), HasSubstr("predict_type: residual"));

  const LoadedModel loaded = load_model(path_);
  EXPECT_EQ(loaded.method->kind, "student");
  const at::Tensor lq = torch::rand({1, 3, 16, 16}) * 2 - 1;
  const at::Tensor noise = noise_of(model, lq);
  EXPECT_TRUE(loaded.model->one_step(lq, noise).equal(model.one_step(lq, noise)));
}

TEST_F(ModelFile, OfficialWeightsTakeTheGivenSettings) {
  SuperResolutionModel model(testing::small_model_settings(4), 1);
  testing::fill_by_rule(*model.unet(), 2);
  torch::save(model.unet(), path_.string());
  const ModelSettings settings = testing::small_model_settings(4);
  const LoadedModel loaded = load_model(path_, {}, &settings);
  EXPECT_EQ(loaded.method->kind, "teacher");
  EXPECT_FALSE(loaded.own_settings);
  const at::Tensor lq = torch::rand({1, 3, 16, 16}) * 2 - 1;
  const at::Tensor noise = noise_of(model, lq);
  EXPECT_TRUE(loaded.model->one_step(lq, noise).equal(model.one_step(lq, noise)));
  EXPECT_THAT(error_of([&] { load_model(path_); }), HasSubstr("not the model's format"));
}

TEST_F(ModelFile, IsRefusedWhenItIsNoneOrDoesNotFit) {
  SuperResolutionModel model(testing::small_model_settings(4), 1);
  TensorFile weights = state_of(*model.unet());
  write_safetensors(path_, weights);
  EXPECT_THAT(error_of([&] { load_model(path_); }), HasSubstr("not the model's format"));
  ModelSettings other = testing::small_model_settings(4);
  other.unet.num_res_blocks = {2, 1};
  save_model(path_, other, "student", weights);
  EXPECT_THAT(error_of([&] { load_model(path_); }), HasSubstr("missing"));
}

TEST(WeightCount, IsThatOfTheNetwork) {
  const auto counted = [](const torch::nn::Module& module) {
    double count = 0;
    for (const at::Tensor& parameter : module.parameters()) {
      count += static_cast<double>(parameter.numel());
    }
    return count;
  };
  ModelSettings small = testing::small_model_settings(4);
  std::vector<UNetSettings> forms(5, small.unet);
  forms[1].resblock_updown = true;
  forms[2].conv_resample = false;
  forms[2].use_scale_shift_norm = false;
  forms[3].attention_resolutions = {1};
  forms[3].swin_depth = 3;
  forms[4].num_res_blocks.assign(forms[4].num_res_blocks.size(), 3);
  forms[4].channel_mult.back() = 3;
  for (const UNetSettings& form : forms) {
    EXPECT_EQ(unet_weight_count(form), counted(*UNetSwin(form)));
  }
  AutoencoderSettings autoencoder;
  autoencoder.n_embed = 64;
  autoencoder.ddconfig.ch = 32;
  for (const std::vector<std::int64_t>& attends : {std::vector<std::int64_t>{}, std::vector<std::int64_t>{128, 64}}) {
    autoencoder.ddconfig.attn_resolutions = attends;
    EXPECT_EQ(vq_weight_count(autoencoder), counted(*VQModelTorch(autoencoder)));
  }
}

TEST_F(ModelFile, OfALargeNetworkWithoutItsWeightsIsRefusedBeforeItIsMade) {
  const auto refusal = [&](auto change) {
    ModelSettings settings = testing::small_model_settings(4);
    change(settings);
    save_model(path_, settings, "student", {.tensors = {{"a", torch::zeros({3})}}, .metadata = {}});
    const std::clock_t begin = std::clock();
    const std::string told = error_of([&] { load_model(path_); });
    EXPECT_LT(std::clock() - begin, 2 * CLOCKS_PER_SEC);
    EXPECT_THAT(told, ::testing::StartsWith(path_.string()));
    EXPECT_EQ(told.find('\n'), std::string::npos);
    return told;
  };
  const auto levels = [](ModelSettings& s) { return s.unet.channel_mult.size(); };
  EXPECT_THAT(refusal([](ModelSettings& s) { s.unet.model_channels = 65536; }), HasSubstr("million weights"));
  EXPECT_THAT(refusal([](ModelSettings& s) { s.unet.swin_embed_dim = 65536; }), HasSubstr("million weights"));
  EXPECT_THAT(refusal([&](ModelSettings& s) {
                s.unet.model_channels = 512;
                s.unet.num_res_blocks.assign(levels(s), 64);
              }),
              HasSubstr("million weights"));
  EXPECT_THAT(refusal([](ModelSettings& s) {
                s.unet.swin_embed_dim = 1024;
                s.unet.swin_depth = 64;
              }),
              HasSubstr("million weights"));
  EXPECT_THAT(refusal([](ModelSettings& s) {
                s.unet.image_size = 8192;
                s.unet.swin_depth = 2;
              }),
              HasSubstr("GB beside the weights"));
  EXPECT_THAT(refusal([](ModelSettings& s) {
                s.unet.image_size = 64;
                s.unet.window_size = 64;
                s.unet.swin_depth = 64;
                s.unet.attention_resolutions = {64};
              }),
              HasSubstr("GB beside the weights"));
  // A small network, with much beside its weights.
  EXPECT_THAT(refusal([](ModelSettings& s) {
                s.unet.image_size = 4096;
                s.unet.swin_depth = 2;
                s.unet.attention_resolutions = {512};
              }),
              HasSubstr("million weights"));
  EXPECT_THAT(refusal([](ModelSettings& s) {
                s.unet.image_size = 64;
                s.unet.window_size = 64;
                s.unet.swin_depth = 5;
                s.unet.attention_resolutions = {64};
              }),
              HasSubstr("million weights"));
  for (const std::int64_t scale : {std::int64_t{0}, std::int64_t{-4}, std::int64_t{65}, std::int64_t{1'000'000'000}}) {
    EXPECT_THAT(refusal([&](ModelSettings& s) { s.scale = scale; }), HasSubstr("expected a whole number from 1 to 64"));
  }
  EXPECT_THAT(refusal([&](ModelSettings& s) { s.unet.channel_mult.assign(levels(s), 1e300); }),
              HasSubstr("8 levels, each above 0 and at most 64"));
  EXPECT_THAT(refusal([](ModelSettings& s) { s.unet.in_channels += 1; }), HasSubstr("unet.in_channels"));
}

TEST(FirstStage, OfALargeAutoencoderWithoutItsWeightsIsRefusedBeforeItIsMade) {
  const testing::TemporaryFolder folder;
  write_safetensors(folder / "vq.safetensors", {.tensors = {{"a", torch::zeros({3})}}, .metadata = {}});
  FirstStageSettings settings;
  settings.weights = folder / "vq.safetensors";
  const auto refusal = [&](auto change) {
    FirstStageSettings changed = settings;
    change(changed.autoencoder);
    return error_of([&] { make_first_stage(changed); });
  };
  EXPECT_THAT(refusal([](AutoencoderSettings&) {}), HasSubstr("missing"));
  EXPECT_THAT(refusal([](AutoencoderSettings& s) {
                s.n_embed = 1 << 24;
                s.embed_dim = 4096;
              }),
              HasSubstr("million weights"));
  EXPECT_THAT(refusal([](AutoencoderSettings& s) { s.ddconfig.ch = 65536; }), HasSubstr("million weights"));
  EXPECT_THAT(refusal([](AutoencoderSettings& s) {
                s.ddconfig.z_channels = 65536;
                s.ddconfig.ch = 4096;
              }),
              HasSubstr("million weights"));
}

}  // namespace
}  // namespace samsr

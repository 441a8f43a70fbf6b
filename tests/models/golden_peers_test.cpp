// The networks of compared methods against the published ones, and their sizes told from the weights alone.

#include "models/golden_peers.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "models/layers/activated_conv.h"
#include "models/peers/dasr.h"
#include "models/peers/ldm_sr.h"
#include "models/peers/peer_model.h"
#include "models/peers/rrdbnet.h"
#include "models/peers/srvgg.h"
#include "models/peers/swinir.h"
#include "support/device.h"

namespace samsr {
namespace {
using testing::device;
using testing::file_by_rule;
using testing::Golden;
using testing::golden_files;
using testing::in_config;
using testing::placed;
namespace fs = std::filesystem;

/// Pictures as the networks see them, of those of the file, which are in [-1,1].
at::Tensor unit(const at::Tensor& x) { return (x + 1) / 2; }

/// With gradients by LibTorch's operators, without, and with packed convolutions.
template <class Network>
void expect_answer(Network& network, const Golden& golden, const std::string& x, const std::string& y) {
  placed(network);
  network->eval();
  golden.expect_close(network->forward(unit(golden.read(x))), y);
  const torch::NoGradGuard no_grad;
  golden.expect_close(network->forward(unit(golden.read(x))), y);
  prepare_inference(*network, device(), at::kFloat);
  golden.expect_close(network->forward(unit(golden.read(x))), y);
}

class RrdbNetGolden : public ::testing::TestWithParam<fs::path> {
 protected:
  RRDBNetSettings settings_of(std::int64_t scale) const {
    const YAML::Node config = golden_.config();
    RRDBNetSettings settings;
    settings.num_in_ch = config["num_in_ch"].as<std::int64_t>();
    settings.num_out_ch = config["num_out_ch"].as<std::int64_t>();
    settings.num_feat = config["num_feat"].as<std::int64_t>();
    settings.num_block = config["num_block"].as<std::int64_t>();
    settings.num_grow_ch = config["num_grow_ch"].as<std::int64_t>();
    if (config["layout"].as<std::string>() == "basicsr") {
      return settings.with_basicsr_scale(scale);
    }
    settings.doublings = static_cast<std::int64_t>(std::llround(std::log2(static_cast<double>(scale))));
    return settings;
  }

  /// The file's tensors whose names begin with `prefix`, and with no other one.
  TensorFile file_of(const RRDBNetSettings& settings, const std::string& prefix) const {
    const RRDBNet network(settings);
    TensorFile names;
    for (const std::string& name : golden_.param_names()) {
      if (name.starts_with(prefix)) {
        names.tensors.emplace_back(name.substr(prefix.size()), at::Tensor());
      }
    }
    const std::string other = golden_.config()["scale2_prefix"].as<std::string>();
    if (prefix != other) {
      std::erase_if(names.tensors, [&](const auto& each) { return each.first.starts_with(other); });
    }
    const TensorFile renamed = with_basicsr_names(names);
    const auto parameters = network->named_parameters();
    EXPECT_EQ(parameters.size(), names.tensors.size());
    TensorFile file;
    for (std::size_t i = 0; i < names.tensors.size(); ++i) {
      const auto* found = parameters.find(renamed.tensors[i].first);
      EXPECT_NE(found, nullptr) << names.tensors[i].first;
      if (found != nullptr) {
        file.tensors.emplace_back(names.tensors[i].first, testing::rule_seeded(prefix + names.tensors[i].first,
                                                                               found->sizes(), golden_.salt()));
      }
    }
    return file;
  }

  void expect_network(std::int64_t scale, const std::string& prefix, const std::string& y) const {
    const RRDBNetSettings settings = settings_of(scale);
    const TensorFile file = file_of(settings, prefix);
    EXPECT_EQ(peer_kind(file), PeerKind::kRrdbNet);
    const RRDBNetSettings told = rrdbnet_settings_of(with_basicsr_names(file), "a test");
    EXPECT_EQ(told.scale(), scale);
    EXPECT_EQ(told.unshuffle, settings.unshuffle);
    EXPECT_EQ(told.weight_count(), settings.weight_count());
    RRDBNet network(told);
    load_weights(*network, with_basicsr_names(file), "a test");
    expect_answer(network, golden_, "in/x", y);
  }

  const Golden golden_{GetParam(), device()};
};

TEST_P(RrdbNetGolden, IsToldFromItsWeightsInAnyLayoutAndAnswers) {
  expect_network(golden_.config()["scale"].as<std::int64_t>(), "", "out/y");
  for (const std::int64_t scale : {1, 2}) {
    const std::string y = fmt::format("out/y_scale{}", scale);
    if (golden_.has(y)) {
      expect_network(scale, fmt::format("scale{}.", scale), y);
    }
  }
}

SAMSR_GOLDEN_SUITE(RrdbNetGolden, golden_files("peer_rrdbnet"));

class SrvggGolden : public ::testing::TestWithParam<fs::path> {};

TEST_P(SrvggGolden, IsToldFromItsWeightsAndAnswers) {
  const Golden golden(GetParam(), device());
  const YAML::Node config = golden.config();
  SrvggSettings settings;
  settings.num_in_ch = config["num_in_ch"].as<std::int64_t>();
  settings.num_out_ch = config["num_out_ch"].as<std::int64_t>();
  settings.num_feat = config["num_feat"].as<std::int64_t>();
  settings.num_conv = config["num_conv"].as<std::int64_t>();
  settings.upscale = config["upscale"].as<std::int64_t>();
  settings.act_type = in_config<std::string>(config, "act_type", "prelu");
  SRVGGNetCompact network(settings);
  EXPECT_EQ(network->named_parameters().keys(), golden.param_names());
  const TensorFile file = file_by_rule(golden, *network);
  EXPECT_EQ(peer_kind(file), PeerKind::kSrvgg);
  if (settings.act_type == "prelu") {
    const SrvggSettings told = srvgg_settings_of(file, "a test");
    EXPECT_EQ(told.upscale, settings.upscale);
    EXPECT_EQ(told.weight_count(), settings.weight_count());
    network = SRVGGNetCompact(told);
  }
  load_weights(*network, file, "a test");
  expect_answer(network, golden, "in/x", "out/y");
}

SAMSR_GOLDEN_SUITE(SrvggGolden, golden_files("peer_srvgg"));

class SwinIrGolden : public ::testing::TestWithParam<fs::path> {};

TEST_P(SwinIrGolden, IsToldFromItsWeightsAndAnswers) {
  const Golden golden(GetParam(), device());
  const YAML::Node config = golden.config();
  SwinIrSettings settings;
  settings.upscale = config["upscale"].as<std::int64_t>();
  settings.in_chans = config["in_chans"].as<std::int64_t>();
  settings.img_size = config["img_size"].as<std::int64_t>();
  settings.window_size = config["window_size"].as<std::int64_t>();
  settings.img_range = config["img_range"].as<double>();
  settings.depths = config["depths"].as<std::vector<std::int64_t>>();
  settings.embed_dim = config["embed_dim"].as<std::int64_t>();
  settings.num_heads = config["num_heads"].as<std::vector<std::int64_t>>();
  settings.mlp_ratio = config["mlp_ratio"].as<double>();
  settings.upsampler = config["upsampler"].as<std::string>();
  settings.resi_connection = config["resi_connection"].as<std::string>();
  SwinIR network(settings);
  const TensorFile file = file_by_rule(golden, *network);
  EXPECT_EQ(peer_kind(file), PeerKind::kSwinIr);
  const SwinIrSettings told = swinir_settings_of(file, "a test");
  EXPECT_EQ(told.depths, settings.depths);
  EXPECT_EQ(told.num_heads, settings.num_heads);
  EXPECT_EQ(told.upscale, settings.upscale);
  EXPECT_EQ(told.upsampler, settings.upsampler);
  EXPECT_EQ(told.window_size, settings.window_size);
  EXPECT_EQ(told.resi_connection, settings.resi_connection);
  EXPECT_DOUBLE_EQ(told.mlp_ratio, settings.mlp_ratio);
  load_weights(*network, file, "a test");
  for (const char* name : {"", "_wide"}) {
    if (golden.has(std::string("in/x") + name)) {
      expect_answer(network, golden, std::string("in/x") + name, std::string("out/y") + name);
    }
  }
}

SAMSR_GOLDEN_SUITE(SwinIrGolden, golden_files("peer_swinir"));

class DasrGolden : public ::testing::TestWithParam<fs::path> {};

TEST_P(DasrGolden, IsToldFromItsTwoFilesMixesAndAnswers) {
  const torch::NoGradGuard no_grad;
  const Golden golden(GetParam(), device());
  const YAML::Node of_g = golden.config()["network_g"];
  const YAML::Node of_p = golden.config()["network_p"];
  DasrGeneratorSettings settings;
  settings.num_in_ch = of_g["num_in_ch"].as<std::int64_t>();
  settings.num_out_ch = of_g["num_out_ch"].as<std::int64_t>();
  settings.num_feat = of_g["num_feat"].as<std::int64_t>();
  settings.num_block = of_g["num_block"].as<std::int64_t>();
  settings.num_models = of_g["num_models"].as<std::int64_t>();
  settings.upscale = of_g["upscale"].as<std::int64_t>();
  const DasrPredictorSettings mixing{of_p["in_nc"].as<std::int64_t>(), of_p["nf"].as<std::int64_t>(),
                                     of_p["num_params"].as<std::int64_t>(), of_p["num_networks"].as<std::int64_t>()};
  MSRResNetDynamic network(settings);
  DegradationPredictor predictor(mixing);
  const TensorFile net_g = file_by_rule(golden, *network, "net_g.");
  const TensorFile net_p = file_by_rule(golden, *predictor, "net_p.");
  EXPECT_EQ(peer_kind(net_g), PeerKind::kDasrGenerator);
  EXPECT_EQ(peer_kind(net_p), PeerKind::kDasrPredictor);
  EXPECT_EQ(dasr_generator_settings_of(net_g, "a test").weight_count(), settings.weight_count());
  EXPECT_EQ(dasr_predictor_settings_of(net_p, "a test").weight_count(), mixing.weight_count());
  load_weights(*network, net_g, "net_g");
  load_weights(*predictor, net_p, "net_p");
  placed(network);
  placed(predictor);
  const at::Tensor x = unit(golden.read("in/x"));
  const auto prediction = predictor->forward(x);
  golden.expect_close(prediction.degradation, "out/degradation");
  golden.expect_close(prediction.shares, "out/weights");
  golden.expect_close(network->forward(x, prediction.shares), "out/y");
  golden.expect_close(network->forward(x.narrow(0, 0, 1), prediction.shares.narrow(0, 0, 1)),
                      golden.read("out/y").narrow(0, 0, 1), "y of one picture");
}

SAMSR_GOLDEN_SUITE(DasrGolden, golden_files("peer_dasr"));

class LdmSrGolden : public ::testing::TestWithParam<fs::path> {
 protected:
  LdmSrGolden() {
    const YAML::Node unet = golden_.config()["unet"];
    const YAML::Node process = golden_.config()["process"];
    settings_.in_channels = unet["in_channels"].as<std::int64_t>();
    settings_.out_channels = unet["out_channels"].as<std::int64_t>();
    settings_.model_channels = unet["model_channels"].as<std::int64_t>();
    settings_.attention_resolutions = unet["attention_resolutions"].as<std::vector<std::int64_t>>();
    settings_.num_res_blocks = unet["num_res_blocks"].as<std::int64_t>();
    settings_.channel_mult = unet["channel_mult"].as<std::vector<std::int64_t>>();
    settings_.num_head_channels = unet["num_head_channels"].as<std::int64_t>();
    sampling_ = {process["linear_start"].as<double>(), process["linear_end"].as<double>(),
                 process["timesteps"].as<std::int64_t>(), process["ddim_steps"].as<std::int64_t>(),
                 process["eta"].as<double>()};
  }

  const Golden golden_{GetParam(), device()};
  LdmUNetSettings settings_;
  DdimSettings sampling_;
};

TEST_P(LdmSrGolden, HasTheScheduleOfItsSampler) {
  const Ddim ddim(sampling_);
  golden_.expect_close(torch::tensor(ddim.alphas(), torch::kFloat64), "out/ddim_alphas");
  golden_.expect_close(torch::tensor(ddim.alphas_prev(), torch::kFloat64), "out/ddim_alphas_prev");
  golden_.expect_close(torch::tensor(ddim.sigmas(), torch::kFloat64), "out/ddim_sigmas");
  EXPECT_TRUE(golden_.read("out/ddim_timesteps").to(at::kCPU).equal(torch::tensor(ddim.timesteps())));
}

TEST_P(LdmSrGolden, IsToldFromItsWeightsPredictsAndSteps) {
  const torch::NoGradGuard no_grad;
  LdmUNet unet(settings_);
  const TensorFile file = file_by_rule(golden_, *unet, golden_.config()["param_prefix"].as<std::string>());
  const LdmUNetSettings told = ldm_unet_settings_of(file, "a test");
  EXPECT_EQ(told.channel_mult, settings_.channel_mult);
  EXPECT_EQ(told.num_res_blocks, settings_.num_res_blocks);
  load_weights(*unet, file, "a test");
  placed(unet);
  const at::Tensor x = golden_.read("in/x");
  const at::Tensor lr = golden_.read("in/lr");
  for (const std::string& name : golden_.names("out")) {
    if (name.starts_with("eps_")) {
      golden_.expect_close(ldm_noise(unet, x, lr, golden_.read("in/t")), "out/" + name);
    }
  }
  // The first steps from the noisiest.
  const Ddim ddim(sampling_);
  at::Tensor current = x;
  const at::Tensor noise = golden_.read("in/noise");
  for (std::int64_t i = 0; i < noise.size(0); ++i) {
    const std::int64_t step = ddim.steps() - 1 - i;
    const at::Tensor timesteps =
        torch::full({x.size(0)}, ddim.timesteps()[static_cast<std::size_t>(step)], golden_.read("in/t").options());
    const Ddim::Step made = ddim.step(step, current, ldm_noise(unet, current, lr, timesteps), noise[i]);
    golden_.expect_close(made.x_0, fmt::format("out/x_0_{}", i));
    golden_.expect_close(made.x_prev, fmt::format("out/x_prev_{}", i));
    current = made.x_prev;
  }
}

SAMSR_GOLDEN_SUITE(LdmSrGolden, golden_files("peer_ldm_sr"));

}  // namespace
}  // namespace samsr

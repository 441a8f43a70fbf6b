// Compared methods on pictures of any size, in tiles as in one piece, and what the command line says of them.

#include "eval/upscale/peer_upscaler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <sstream>

#include "eval/peer_files_by_rule.h"
#include "eval/upscale/ready_model.h"
#include "models/peers/swinir.h"
#include "support/device.h"
#include "support/golden.h"
#include "support/pictures.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::AllOf;
using testing::dasr_files;
using testing::error_of;
using ::testing::HasSubstr;
using testing::largest_difference;
using testing::ldm_file;
using testing::rrdbnet_file;
using testing::smooth_picture;
using testing::srvgg_file;
using testing::swinir_file;

std::unique_ptr<PeerModel> model_of(const std::vector<PeerFile>& files) {
  auto model = load_peer(files, {.ddim_steps = 3});
  model->to(testing::device());
  return model;
}

std::unique_ptr<PeerModel> model_of(const TensorFile& file) { return model_of({{file, "a test"}}); }

TEST(PeerUpscaler, EveryNetworkTakesPicturesOfAnySize) {
  const std::vector<std::pair<std::vector<PeerFile>, std::int64_t>> all = {
      {{{rrdbnet_file(4), "x4"}}, 4},
      {{{rrdbnet_file(2), "x2"}}, 2},
      {{{rrdbnet_file(1), "x1"}}, 1},
      {{{srvgg_file(), "srvgg"}}, 4},
      {{{swinir_file("nearest+conv", "1conv"), "M"}}, 4},
      {{{swinir_file("nearest+conv", "3conv"), "L"}}, 4},
      {{{swinir_file("pixelshuffle", "1conv"), "classical"}}, 4},
      {{{swinir_file("pixelshuffledirect", "1conv"), "lightweight"}}, 4},
      {dasr_files(), 4},
      {{{ldm_file(), "ldm"}}, 4}};
  for (const auto& [files, scale] : all) {
    const auto model = model_of(files);
    UpscaleSettings settings;
    settings.tiles = {.tile = 32, .overlap = 8, .batch = 2};
    const PeerUpscaler upscaler(*model, settings, files.front().source);
    ASSERT_EQ(upscaler.scale(), scale);
    for (const cv::Size size : {cv::Size(1, 1), cv::Size(3, 40), cv::Size(16, 16), cv::Size(50, 37)}) {
      const cv::Mat result = upscaler.upscale(smooth_picture(size.height, size.width, 3));
      EXPECT_EQ(result.size(), size * static_cast<int>(scale)) << files.front().source;
    }
  }
}

// Networks that look no further than the margin: tiles are the whole, to rounding.
TEST(PeerUpscaler, TilesAreTheWhole) {
  const cv::Mat rgb = smooth_picture(90, 130, 5);
  for (const auto& files :
       {std::vector<PeerFile>{{srvgg_file(), "srvgg"}}, std::vector<PeerFile>{{rrdbnet_file(4), "x4"}},
        std::vector<PeerFile>{{rrdbnet_file(2), "x2"}}, dasr_files()}) {
    const auto model = model_of(files);
    UpscaleSettings settings;
    const cv::Mat whole = PeerUpscaler(*model, settings, "a test").upscale(rgb, CV_16U);
    settings.tiles.tile = 96;
    const PeerUpscaler upscaler(*model, settings, "a test");
    ASSERT_GT(upscaler.plan(rgb.size()).tiles().size(), 1U);
    EXPECT_LE(largest_difference(whole, upscaler.upscale(rgb, CV_16U)), 3) << files.front().source;
  }
}

// Also where the last tile lies nearly on the one before it.
TEST(PeerUpscaler, SwinIrsTilesLeaveNoSeam) {
  const cv::Mat rgb = smooth_picture(96, 120, 5);
  const auto model = model_of(swinir_file("nearest+conv", "1conv"));
  UpscaleSettings settings;
  const cv::Mat whole = PeerUpscaler(*model, settings, "a test").upscale(rgb);
  for (const std::int64_t side : {88, 96}) {
    settings.tiles.tile = side;
    EXPECT_LE(largest_difference(whole, PeerUpscaler(*model, settings, "a test").upscale(rgb)), 1) << side;
  }
}

TEST(PeerUpscaler, OfLdmTheSeedDecides) {
  const cv::Mat rgb = smooth_picture(16, 24, 6);
  const auto model = model_of(ldm_file());
  UpscaleSettings settings;
  const cv::Mat first = PeerUpscaler(*model, settings, "ldm").upscale(rgb);
  EXPECT_EQ(largest_difference(first, PeerUpscaler(*model, settings, "ldm").upscale(rgb)), 0);
  settings.seed = 2;
  EXPECT_GT(largest_difference(first, PeerUpscaler(*model, settings, "ldm").upscale(rgb)), 0);
}

TEST(PeerUpscaler, Bfloat16IsNearSinglePrecision) {
  const cv::Mat rgb = smooth_picture(24, 32, 6);
  for (const TensorFile& file : {srvgg_file(), rrdbnet_file(4), swinir_file("nearest+conv", "1conv")}) {
    const auto model = model_of(file);
    UpscaleSettings settings;
    const cv::Mat single = PeerUpscaler(*model, settings, "a test").upscale(rgb);
    settings.peer.precision = "bf16";
    EXPECT_LE(largest_difference(single, PeerUpscaler(*model, settings, "a test").upscale(rgb)), 12);
  }
}

TEST(PeerUpscaler, SettingsOfOtherModelsAreErrors) {
  const auto srvgg = model_of(srvgg_file());
  const auto ldm = model_of(ldm_file());
  const auto error = [](PeerModel& model, const std::function<void(UpscaleSettings&)>& change) {
    UpscaleSettings settings;
    change(settings);
    return error_of([&] { PeerUpscaler(model, settings, "X.pth"); });
  };
  EXPECT_THAT(error(*srvgg, [](UpscaleSettings& s) { s.noise = "sam"; }),
              AllOf(HasSubstr("upscale.noise"), HasSubstr("X.pth")));
  EXPECT_THAT(error(*srvgg, [](UpscaleSettings& s) { s.peer.ddim_steps = 30; }), HasSubstr("--steps"));
  EXPECT_THAT(error(*ldm, [](UpscaleSettings& s) { s.peer.precision = "bf16"; }), HasSubstr("LDM-SR"));
  EXPECT_EQ(error(*ldm, [](UpscaleSettings& s) { s.peer.ddim_steps = 30; }), "no error");
}

// Wrapped or not, a file is told by its tensors; what does not fit is named.
TEST(PeerModel, AWrongGuessIsNamed) {
  const auto error = [](TensorFile file, const std::function<void(TensorFile&)>& change) {
    change(file);
    return error_of([&] { load_peer({{file, "X.pth"}}, {}); });
  };
  const auto wrapped = [](TensorFile& file) {
    for (auto& [name, tensor] : file.tensors) {
      name = "module." + name;
    }
  };
  const auto more = [](TensorFile& file) { file.tensors.emplace_back("extra.weight", torch::ones({2})); };
  const auto less = [](TensorFile& file) { file.tensors.erase(file.tensors.begin() + 1); };
  for (const TensorFile& file : {rrdbnet_file(2), swinir_file("nearest+conv", "1conv"), ldm_file()}) {
    EXPECT_EQ(error(file, wrapped), "no error");
    EXPECT_THAT(error(file, more), AllOf(HasSubstr("X.pth"), HasSubstr("extra.weight")));
    EXPECT_THAT(error(file, less), HasSubstr("X.pth"));
  }
  EXPECT_EQ(error(srvgg_file(), wrapped), "no error");
  EXPECT_THAT(error(srvgg_file(), less), HasSubstr("missing: body.0.bias"));
  EXPECT_THAT(error({}, more), HasSubstr("none of RRDBNet"));
  for (const PeerFile& one : dasr_files()) {
    EXPECT_THAT(error_of([&] { load_peer({one}, {}); }), HasSubstr("upscale.predictor"));
  }
}

TEST(PeerModel, TheAverageOfLdmIsTaken) {
  TensorFile file = ldm_file();
  std::vector<std::pair<std::string, at::Tensor>> average;
  for (const auto& [name, tensor] : file.tensors) {
    if (name.starts_with("model.diffusion_model.")) {
      std::string flat = name.substr(std::string("model.").size());
      std::erase(flat, '.');
      average.emplace_back("model_ema." + flat, tensor * 0.5);
    }
  }
  const std::uint32_t trained = model_of(file)->checksum();
  file.tensors.insert(file.tensors.end(), average.begin(), average.end());
  file.tensors.emplace_back("model_ema.decay", torch::tensor(0.5));
  EXPECT_NE(model_of(file)->checksum(), trained);
}

class ReadyPeer : public ::testing::Test {
 protected:
  ReadyPeer() {
    argument_.files.folder = (scratch_ / "official").string();
    write_safetensors(scratch_ / "any.safetensors", srvgg_file());
    const std::vector<PeerFile> dasr = dasr_files();
    std::filesystem::create_directories(scratch_ / "dasr");
    write_safetensors(scratch_ / "dasr" / "a.safetensors", dasr[0].file);
    write_safetensors(scratch_ / "dasr" / "b.safetensors", dasr[1].file);
  }

  std::string described(const std::filesystem::path& path, const std::string& predictor = "") {
    argument_.path = path.string();
    argument_.upscale.peer.predictor = predictor;
    std::string words;
    const std::string error = error_of([&] { words = ready_model(argument_, at::kCPU, log_)->upscaler().describe(); });
    return words.empty() ? "error: " + error : words;
  }

  const testing::TemporaryFolder scratch_;
  ModelArgument argument_;
  std::ostringstream said_;
  Log log_{said_, 0, 1, false};
};

TEST_F(ReadyPeer, IsToldFromItsTensorsWhateverItsName) {
  EXPECT_EQ(described(scratch_ / "any.safetensors"), "SRVGGNetCompact (4 convolutions of 16)");
  EXPECT_THAT(said_.str(), HasSubstr("any.safetensors, told from its tensors: SRVGGNetCompact"));
  // Under the name of an official file of another kind as well.
  std::filesystem::copy(scratch_ / "any.safetensors", scratch_ / "SinSR_v1.safetensors");
  EXPECT_EQ(described(scratch_ / "SinSR_v1.safetensors"), "SRVGGNetCompact (4 convolutions of 16)");
  EXPECT_THAT(described(scratch_ / "any.safetensors", "b.safetensors"), HasSubstr("error: upscale.predictor"));
}

TEST_F(ReadyPeer, OfDasrTwoFilesAreTaken) {
  const std::string words = "DASR (2 blocks of 16, 5 experts)";
  EXPECT_EQ(described(scratch_ / "dasr"), words);
  EXPECT_EQ(described(scratch_ / "dasr" / "b.safetensors", (scratch_ / "dasr" / "a.safetensors").string()), words);
  EXPECT_THAT(described(scratch_ / "dasr" / "b.safetensors"), HasSubstr("error: "));
  std::filesystem::copy(scratch_ / "dasr" / "a.safetensors", scratch_ / "dasr" / "c.safetensors");
  EXPECT_THAT(described(scratch_ / "dasr"), HasSubstr("2 of its predictors"));
}

class SwinIrPaddingGolden : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(SwinIrPaddingGolden, IsThatOfTheProgram) {
  const testing::Golden golden(GetParam());
  const at::Tensor x = (golden.read("in/x_odd") + 1) / 2;  // of a picture in [-1,1]
  const at::Tensor pixels = x[0].permute({1, 2, 0}).contiguous();
  const cv::Mat picture(static_cast<int>(x.size(2)), static_cast<int>(x.size(3)), CV_32FC3, pixels.data_ptr<float>());
  const int window = golden.config()["window_size"].as<int>();
  const at::Tensor padded = testing::tensor_of(flip_padded(picture, window));
  golden.expect_close(padded, "out/x_padded");

  SwinIrSettings settings;
  settings.upscale = golden.config()["upscale"].as<std::int64_t>();
  settings.in_chans = golden.config()["in_chans"].as<std::int64_t>();
  settings.img_size = golden.config()["img_size"].as<std::int64_t>();
  settings.window_size = window;
  settings.img_range = golden.config()["img_range"].as<double>();
  settings.depths = golden.config()["depths"].as<std::vector<std::int64_t>>();
  settings.embed_dim = golden.config()["embed_dim"].as<std::int64_t>();
  settings.num_heads = golden.config()["num_heads"].as<std::vector<std::int64_t>>();
  settings.mlp_ratio = golden.config()["mlp_ratio"].as<double>();
  settings.upsampler = golden.config()["upsampler"].as<std::string>();
  settings.resi_connection = golden.config()["resi_connection"].as<std::string>();
  SwinIR network(settings);
  testing::fill_by_rule(*network, golden.salt());
  const torch::NoGradGuard no_grad;
  const at::Tensor y = network->forward(padded);
  golden.expect_close(y.narrow(2, 0, x.size(2) * settings.upscale).narrow(3, 0, x.size(3) * settings.upscale),
                      "out/y_odd");
}

SAMSR_GOLDEN_SUITE(SwinIrPaddingGolden, testing::golden_files("peer_swinir"));

}  // namespace
}  // namespace samsr

// Weights of RRDBNet and SRVGGNetCompact in ncnn's two files, which the test writes.

#include "models/weights/ncnn/ncnn_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cstring>

#include "models/peers/rrdbnet.h"
#include "models/peers/srvgg.h"
#include "models/weights/load_weights.h"
#include "support/golden.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;

/// A network as ncnn's converters write it.
class NcnnFiles {
 public:
  explicit NcnnFiles(bool half) : half_(half) { layer("Input", "data", {}, "data"); }

  void conv(const std::string& name, const at::Tensor& weight, const at::Tensor& bias, const std::string& activation) {
    layer(
        "Convolution", name, {last_}, name,
        fmt::format("0={} 1=3 11=3 2=1 12=1 3=1 13=1 4=1 14=1 5=1 6={}{}", weight.size(0), weight.numel(), activation));
    word(half_ ? 0x01306B47 : 0);
    numbers(half_ ? weight.to(at::kHalf) : weight);
    numbers(bias);
  }
  void prelu(const std::string& name, const at::Tensor& slopes) {
    layer("PReLU", name, {last_}, name, fmt::format("0={}", slopes.numel()));
    numbers(slopes);
  }
  void layer(const std::string& type, const std::string& name, const std::vector<std::string>& bottoms,
             const std::string& top, const std::string& parameters = "") {
    text_ += fmt::format("{:<16} {:<16} {} 1", type, name, bottoms.size());
    for (const std::string& bottom : bottoms) {
      text_ += " " + bottom;
    }
    text_ += " " + top + " " + parameters + "\n";
    last_ = top;
    ++layers_;
  }
  const std::string& last() const { return last_; }

  std::string param() const { return fmt::format("7767517\n{} {}\n", layers_, layers_) + text_; }
  const std::string& bin() const { return bin_; }

 private:
  void word(std::uint32_t value) { bin_.append(reinterpret_cast<const char*>(&value), sizeof(value)); }
  void numbers(const at::Tensor& tensor) {
    bin_.append(static_cast<const char*>(tensor.contiguous().data_ptr()), tensor.nbytes());
    bin_.append((4 - tensor.nbytes() % 4) % 4, '\0');
  }

  const bool half_;
  std::string text_;
  std::string bin_;
  std::string last_;
  int layers_ = 0;
};

std::map<std::string, at::Tensor> tensors_of(const torch::nn::Module& network) {
  const TensorFile file = state_of(network);
  return {file.tensors.begin(), file.tensors.end()};
}

SRVGGNetCompact small_srvgg() {
  SrvggSettings settings;
  settings.num_feat = 5;  // an odd number of halves in the bias' place
  settings.num_conv = 2;
  SRVGGNetCompact network(settings);
  testing::fill_by_rule(*network, 3);
  return network;
}

NcnnFiles srvgg_files(const SRVGGNetCompact& network, bool half) {
  NcnnFiles files(half);
  auto tensors = tensors_of(*network);
  const std::int64_t convs = network->settings().num_conv + 2;
  for (std::int64_t i = 0; i < convs; ++i) {
    const std::string name = fmt::format("body.{}", 2 * i);
    files.conv(fmt::format("Conv_{}", i), tensors.at(name + ".weight"), tensors.at(name + ".bias"), "");
    if (i + 1 < convs) {
      files.prelu(fmt::format("PRelu_{}", i), tensors.at(fmt::format("body.{}.weight", 2 * i + 1)));
    }
  }
  files.layer("PixelShuffle", "shuffle", {files.last()}, "shuffled", "0=4");
  files.layer("Interp", "resize", {"data"}, "base", "0=1 1=4.000000e+00 2=4.000000e+00");
  files.layer("BinaryOp", "add", {"shuffled", "base"}, "output", "0=0");
  return files;
}

TEST(NcnnWeights, AreThoseOfTheNetworkInBothWaysOfStoring) {
  const SRVGGNetCompact network = small_srvgg();
  for (const bool half : {false, true}) {
    const NcnnFiles files = srvgg_files(network, half);
    const TensorFile read = parse_ncnn_weights(files.param(), files.bin(), "x.param", "x.bin");
    const auto expected = tensors_of(*network);
    ASSERT_EQ(read.tensors.size(), expected.size());
    for (const auto& [name, tensor] : read.tensors) {
      const bool halved = half && tensor.dim() > 1;
      EXPECT_TRUE(tensor.equal(halved ? expected.at(name).to(at::kHalf).to(at::kFloat) : expected.at(name))) << name;
    }
    EXPECT_EQ(srvgg_settings_of(read, "x").upscale, 4);
  }
}

TEST(NcnnWeights, OfAnRrdbNetHaveBasicSrsNames) {
  RRDBNetSettings settings;
  settings.num_feat = 8;
  settings.num_grow_ch = 4;
  settings.num_block = 2;
  RRDBNet network(settings);
  testing::fill_by_rule(*network, 3);
  const auto files_with = [&](const std::string& leaky) {
    NcnnFiles files(true);
    for (const auto& item : network->named_parameters()) {
      const std::string& name = item.key();
      if (!name.ends_with(".weight")) {
        continue;
      }
      const std::string part = name.substr(0, name.size() - std::string(".weight").size());
      const bool plain = part.ends_with("conv5") || part == "conv_first" || part == "conv_body" || part == "conv_last";
      files.conv(part, item.value().detach(), network->named_parameters()[part + ".bias"].detach(), plain ? "" : leaky);
      if (part == "conv_body" || part == "conv_up1") {
        files.layer("Interp", part + "_up", {files.last()}, part + "_up", "0=1 1=2.000000e+00 2=2.000000e+00");
      }
    }
    return files;
  };
  const NcnnFiles files = files_with(" 9=2 -23310=1,2.000000e-01");
  const TensorFile read = parse_ncnn_weights(files.param(), files.bin(), "x.param", "x.bin");
  RRDBNet again(rrdbnet_settings_of(read, "x"));
  load_weights(*again, read, "x");
  EXPECT_EQ(again->named_parameters().keys(), network->named_parameters().keys());
  const NcnnFiles other = files_with(" 9=2 -23310=1,1.000000e-01");
  EXPECT_THAT(error_of([&] { parse_ncnn_weights(other.param(), other.bin(), "x.param", "x.bin"); }),
              HasSubstr("LeakyReLU(0.2)"));
}

TEST(NcnnWeights, DamagedFilesAreOneLine) {
  const NcnnFiles files = srvgg_files(small_srvgg(), true);
  const std::string param = files.param();
  const auto error = [](const std::string& text, const std::string& bin) {
    return error_of([&] { parse_ncnn_weights(text, bin, "x.param", "x.bin"); });
  };
  for (std::size_t length = 0; length < param.find("BinaryOp"); length += 7) {
    EXPECT_THAT(error(param.substr(0, length), files.bin()), HasSubstr("x."));
  }
  EXPECT_THAT(error(param, files.bin().substr(0, files.bin().size() - 4)), HasSubstr("x.bin: ends before"));
  EXPECT_THAT(error(param, files.bin() + "1234"), HasSubstr("x.bin: has 4 bytes more"));
  std::string quantised = files.bin();
  quantised[0] = '\x38';
  EXPECT_THAT(error(param, quantised), HasSubstr("quantised"));
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = param;
    changed.replace(changed.find(from), from.size(), to);
    return error(changed, files.bin());
  };
  EXPECT_THAT(with("6=135", "6=999999999"), HasSubstr("x.param"));
  EXPECT_THAT(with("0=1 1=4.0", "0=2 1=4.0"), HasSubstr("nearest neighbours"));
  EXPECT_THAT(with("1=4.000000e+00 2=4", "1=2.000000e+00 2=2"), AllOf(HasSubstr("x.param"), HasSubstr("resizes")));
  EXPECT_THAT(with("BinaryOp ", "InnerProduct "), HasSubstr("InnerProduct"));
  EXPECT_THAT(with("7767517", "7767518"), HasSubstr("7767517"));
}

}  // namespace
}  // namespace samsr

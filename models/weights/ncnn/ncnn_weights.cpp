#include "models/weights/ncnn/ncnn_weights.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "core/atomic_file.h"
#include "core/error.h"
#include "models/weights/ncnn/ncnn_param.h"
#include "models/weights/printable.h"

namespace samsr {
namespace {

// Numbers of parameters (ncnn's docs/developer-guide/operators.md).
constexpr int kNcnnOutputs = 0;  // Convolution
constexpr int kNcnnKernelWidth = 1;
constexpr int kNcnnKernelHeight = 11;
constexpr int kNcnnHasBias = 5;
constexpr int kNcnnWeights = 6;
constexpr int kNcnnQuantised = 8;
constexpr int kNcnnActivation = 9;
constexpr int kNcnnActivationNumbers = 10;
constexpr int kNcnnSlope = 0;       // ReLU
constexpr int kNcnnSlopes = 0;      // PReLU
constexpr int kNcnnResizeType = 0;  // Interp
constexpr int kNcnnResizeHeight = 1;
constexpr int kNcnnShuffle = 0;  // PixelShuffle
constexpr std::int64_t kNcnnNearest = 1;
constexpr std::int64_t kNcnnRelu = 1;  // of kNcnnActivation
constexpr std::int64_t kNcnnLeakyRelu = 2;

constexpr std::uint32_t kNcnnFloat32 = 0;
constexpr std::uint32_t kNcnnFloat16 = 0x01306B47;
constexpr std::uint32_t kNcnnRawFloat32 = 0x0002C056;

/// Numbers one after another in X.bin.
class BinReader {
 public:
  BinReader(std::string_view bytes, std::string source) : rest_(bytes), source_(std::move(source)) {}

  /// `count` numbers that stand bare.
  at::Tensor bare(std::int64_t count) { return floats(count, at::kFloat); }

  /// `count` numbers behind a word that says how they are stored, which ends on a multiple of four bytes.
  at::Tensor stored(std::int64_t count) {
    std::uint32_t how = 0;
    std::memcpy(&how, take(sizeof(how)).data(), sizeof(how));
    if (how != kNcnnFloat32 && how != kNcnnFloat16 && how != kNcnnRawFloat32) {
      throw UserError("{}: its numbers are stored as {:#x}, quantised perhaps; float32 and float16 are read", source_,
                      how);
    }
    return floats(count, how == kNcnnFloat16 ? at::kHalf : at::kFloat);
  }

  void finish() const {
    if (!rest_.empty()) {
      throw UserError("{}: has {} bytes more than the layers of its network need: it is not the file of this .param",
                      source_, rest_.size());
    }
  }

 private:
  std::string_view take(std::size_t bytes) {
    if (bytes > rest_.size()) {
      throw UserError("{}: ends before the weights of its network do: it is cut short, or not the file of this .param",
                      source_);
    }
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }

  at::Tensor floats(std::int64_t count, at::ScalarType type) {
    const std::size_t width = type == at::kHalf ? 2 : 4;
    const std::size_t bytes = static_cast<std::size_t>(count) * width;
    const std::string_view taken = take((bytes + 3) / 4 * 4);
    at::Tensor numbers = at::empty({count}, type);
    std::memcpy(numbers.data_ptr(), taken.data(), bytes);
    return numbers.to(at::kFloat);
  }

  std::string_view rest_;
  const std::string source_;
};

/// A convolution of the network in its order, and the slopes of the PReLU behind it, if there is one.
struct NcnnConv {
  std::string name;
  at::Tensor weight;
  at::Tensor bias;
  at::Tensor slopes;
};

struct NcnnNetwork {
  std::vector<NcnnConv> convs;
  std::vector<std::int64_t> resizes;   ///< factors of nearest enlargement, by layer
  std::vector<std::int64_t> shuffles;  ///< of pixel shuffles
  std::vector<double> slopes;          ///< of each ReLU and LeakyReLU
  std::string source;
};

[[noreturn]] void fail_layer(const std::string& source, const NcnnLayer& layer, const std::string& why) {
  throw UserError("{}: layer {} ({}): {}", source, printable(layer.name), printable(layer.type), why);
}

NcnnConv read_ncnn_conv(const NcnnLayer& layer, const std::string& source, BinReader& bin) {
  const std::int64_t out = layer.whole(kNcnnOutputs, 0);
  const std::int64_t kernel = layer.whole(kNcnnKernelWidth, 0);
  const std::int64_t weights = layer.whole(kNcnnWeights, 0);
  constexpr std::int64_t kKernel = 3;
  constexpr std::int64_t kMostChannels = 65536;
  if (kernel != kKernel || layer.whole(kNcnnKernelHeight, kernel) != kKernel || layer.whole(kNcnnHasBias, 0) != 1 ||
      out < 1 || out > kMostChannels || weights < 1 || weights % (out * kKernel * kKernel) != 0) {
    fail_layer(source, layer, "expected a 3x3 convolution with a bias");
  }
  if (layer.whole(kNcnnQuantised, 0) != 0) {
    fail_layer(source, layer, "its weights are quantised; float32 and float16 are read");
  }
  const std::int64_t channels = weights / (out * kKernel * kKernel);
  NcnnConv conv;
  conv.name = layer.name;
  conv.weight = bin.stored(weights).view({out, channels, kKernel, kKernel});
  conv.bias = bin.bare(out);
  return conv;
}

/// Notes the activation that ncnn's optimiser has put into a convolution.
void note_activation(const NcnnLayer& layer, NcnnNetwork& network) {
  const std::int64_t activation = layer.whole(kNcnnActivation, 0);
  if (activation == 0) {
    return;
  }
  const auto numbers = layer.arrays.find(kNcnnActivationNumbers);
  const bool leaky = activation == kNcnnLeakyRelu && numbers != layer.arrays.end() && numbers->second.size() == 1;
  if (activation != kNcnnRelu && !leaky) {
    fail_layer(network.source, layer, "has another activation than ReLU and LeakyReLU");
  }
  network.slopes.push_back(leaky ? numbers->second.front() : 0);
}

/// What stands between convolutions has no weights, and no say in the names; another layer is of another network.
bool without_weights(const std::string& type) {
  constexpr std::array<const char*, 7> kWithoutNumbers = {"Input",   "Split", "Concat", "BinaryOp",
                                                          "Eltwise", "Reorg", "Noop"};
  return std::find(kWithoutNumbers.begin(), kWithoutNumbers.end(), type) != kWithoutNumbers.end();
}

NcnnNetwork read_ncnn_network(const std::vector<NcnnLayer>& layers, const std::string& source, BinReader& bin) {
  NcnnNetwork network;
  network.source = source;
  for (const NcnnLayer& layer : layers) {
    if (layer.type == "Convolution") {
      network.convs.push_back(read_ncnn_conv(layer, source, bin));
      note_activation(layer, network);
    } else if (layer.type == "ReLU") {
      network.slopes.push_back(layer.number(kNcnnSlope, 0));
    } else if (layer.type == "PReLU") {
      const std::int64_t count = layer.whole(kNcnnSlopes, 0);
      if (network.convs.empty() || network.convs.back().slopes.defined() ||
          count != network.convs.back().weight.size(0)) {
        fail_layer(source, layer, "expected a slope for each channel of the convolution before it");
      }
      network.convs.back().slopes = bin.bare(count);
    } else if (layer.type == "Interp") {
      const std::int64_t factor = layer.whole(kNcnnResizeHeight, 0);
      if (layer.whole(kNcnnResizeType, 0) != kNcnnNearest ||
          layer.number(kNcnnResizeHeight, 0) != static_cast<double>(factor) ||
          layer.number(kNcnnResizeHeight + 1, 0) != layer.number(kNcnnResizeHeight, 0) || factor < 1) {
        fail_layer(source, layer, "resizes in another way than by nearest neighbours and a whole factor");
      }
      network.resizes.push_back(factor);
    } else if (layer.type == "PixelShuffle") {
      network.shuffles.push_back(layer.whole(kNcnnShuffle, 1));
    } else if (!without_weights(layer.type)) {
      fail_layer(source, layer, "is of no RRDBNet and no SRVGGNetCompact, which are what is read of ncnn's files");
    }
  }
  bin.finish();
  return network;
}

void put_conv(TensorFile& file, const std::string& name, const NcnnConv& conv) {
  file.tensors.emplace_back(name + ".weight", conv.weight);
  file.tensors.emplace_back(name + ".bias", conv.bias);
}

/// Whether `conv` takes and gives so many channels; UserError where it does not.
void expect_channels(const NcnnNetwork& network, const NcnnConv& conv, std::int64_t in, std::int64_t out) {
  if (conv.weight.size(1) != in || conv.weight.size(0) != out) {
    throw UserError("{}: layer {} makes {} channels of {}, where an RRDBNet or SRVGGNetCompact makes {} of {}",
                    network.source, printable(conv.name), conv.weight.size(0), conv.weight.size(1), out, in);
  }
}

/// A chain of convolutions with PReLU, a pixel shuffle, and the picture enlarged as much.
TensorFile srvgg_of(const NcnnNetwork& network) {
  TensorFile file;
  const std::size_t count = network.convs.size();
  const std::int64_t features = network.convs.front().weight.size(0);
  const std::int64_t colours = network.convs.front().weight.size(1);
  const std::int64_t scale = network.shuffles.front();
  if (network.shuffles.size() != 1 || network.resizes != std::vector<std::int64_t>{scale} || scale < 1 || scale > 16) {
    throw UserError(
        "{}: resizes otherwise than an SRVGGNetCompact, which shuffles pixels once and enlarges the picture "
        "as much",
        network.source);
  }
  if (!network.slopes.empty()) {
    throw UserError("{}: has ReLU or LeakyReLU, where an SRVGGNetCompact has PReLU alone", network.source);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const NcnnConv& conv = network.convs[i];
    const bool last = i + 1 == count;
    expect_channels(network, conv, i == 0 ? colours : features, last ? colours * scale * scale : features);
    if (conv.slopes.defined() == last) {
      throw UserError("{}: layer {} {} PReLU behind it, as in an SRVGGNetCompact it {}", network.source,
                      printable(conv.name), last ? "has a" : "has no", last ? "has none" : "has");
    }
    put_conv(file, fmt::format("body.{}", 2 * i), conv);
    if (!last) {
      file.tensors.emplace_back(fmt::format("body.{}.weight", 2 * i + 1), conv.slopes);
    }
  }
  return file;
}

/// Every convolution follows from the one before it, so their order is that of the network whatever they are called.
TensorFile rrdbnet_of(const NcnnNetwork& network) {
  constexpr std::size_t kOutside = 6;  // conv_first, conv_body, conv_up1, conv_up2, conv_hr, conv_last
  constexpr std::size_t kOfBlock = 15;
  const std::size_t count = network.convs.size();
  if (count < kOutside + kOfBlock || (count - kOutside) % kOfBlock != 0 ||
      network.resizes != std::vector<std::int64_t>{2, 2} || !network.shuffles.empty()) {
    throw UserError(
        "{}: has {} convolutions and {} enlargements; an RRDBNet has 6 and 15 for each block, and doubles "
        "twice",
        network.source, count, network.resizes.size());
  }
  constexpr double kLeak = 0.2;
  const std::size_t slopes = (count - kOutside) / kOfBlock * 12 + 3;  // conv1 … conv4 of three, ups and conv_hr
  const bool all_leaky = std::all_of(network.slopes.begin(), network.slopes.end(),
                                     [](double slope) { return std::abs(slope - kLeak) < 1e-6; });
  if (network.slopes.size() != slopes || !all_leaky) {
    throw UserError("{}: has {} activations, expected {} LeakyReLU({}) in an RRDBNet of {} convolutions",
                    network.source, network.slopes.size(), slopes, kLeak, count);
  }
  TensorFile file;
  const std::int64_t features = network.convs.front().weight.size(0);
  const std::int64_t growth = network.convs[1].weight.size(0);
  const std::int64_t colours = network.convs.back().weight.size(0);
  std::size_t next = 0;
  const auto take = [&](const std::string& name, std::int64_t in, std::int64_t out) {
    expect_channels(network, network.convs[next], in, out);
    put_conv(file, name, network.convs[next++]);
  };
  take("conv_first", network.convs.front().weight.size(1), features);
  for (std::size_t block = 0; block < (count - kOutside) / kOfBlock; ++block) {
    for (int dense = 1; dense <= 3; ++dense) {
      for (std::int64_t k = 0; k < 5; ++k) {
        take(fmt::format("body.{}.rdb{}.conv{}", block, dense, k + 1), features + k * growth,
             k == 4 ? features : growth);
      }
    }
  }
  for (const char* name : {"conv_body", "conv_up1", "conv_up2", "conv_hr"}) {
    take(name, features, features);
  }
  take("conv_last", features, colours);
  return file;
}

}  // namespace

TensorFile parse_ncnn_weights(std::string_view param, std::string_view bin, const std::string& param_name,
                              const std::string& bin_name) {
  BinReader reader(bin, bin_name);
  const NcnnNetwork network = read_ncnn_network(parse_ncnn_param(param, param_name), param_name, reader);
  if (network.convs.empty()) {
    throw UserError("{}: has no convolution, so it is neither RRDBNet nor SRVGGNetCompact", param_name);
  }
  TensorFile file = network.shuffles.empty() ? rrdbnet_of(network) : srvgg_of(network);
  file.metadata["container"] = "ncnn";
  return file;
}

TensorFile read_ncnn_weights(const std::filesystem::path& param, const std::filesystem::path& bin) {
  constexpr std::size_t kLongestParam = 16 << 20;
  const std::string text = read_file(param, kLongestParam + 1);
  if (text.size() > kLongestParam) {
    throw UserError("{}: has more than {} bytes, which no .param of an RRDBNet or SRVGGNetCompact has", param.string(),
                    kLongestParam);
  }
  return parse_ncnn_weights(text, read_file(bin), param.string(), bin.string());
}

}  // namespace samsr

#pragma once
// The text file of an ncnn network (X.param): its layers and their parameters, without weights.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace samsr {

/// One layer: its kind ("Convolution"), its name, the blobs that it reads and writes, and its parameters by number.
struct NcnnLayer {
  std::string type;
  std::string name;
  std::vector<std::string> bottoms;
  std::vector<std::string> tops;
  std::map<std::int64_t, double> numbers;                ///< "0=64"
  std::map<std::int64_t, std::vector<double>> arrays{};  ///< "-23310=1,2.0e-01" under 10

  /// A parameter that is a whole number; `otherwise` where the layer has none.
  std::int64_t whole(std::int64_t key, std::int64_t otherwise) const;
  double number(std::int64_t key, double otherwise) const;
};

/// The layers of a file's text in their order. UserError with `source`, one line, when it is no ncnn network in text,
/// or damaged. Takes time and memory by the text's length alone.
std::vector<NcnnLayer> parse_ncnn_param(std::string_view text, const std::string& source);

}  // namespace samsr

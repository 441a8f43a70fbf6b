#include "models/weights/weight_file.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>

#include "core/error.h"
#include "models/weights/pth/pth_file.h"
#include "models/weights/pth/unreadable.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// The number 0x1950a86a20f9469cfc6c, with which files of torch.save began before PyTorch 1.6, as pickled.
constexpr std::string_view kLegacyMagic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

std::string first_bytes(const fs::path& path) {
  std::error_code error;
  std::ifstream in(path, std::ios::binary);
  if (!in || fs::is_directory(path, error)) {
    throw UserError("{}: cannot be read: {}", path.string(),
                    fs::is_directory(path, error) ? "it is a folder" : std::strerror(errno));
  }
  std::array<char, 64> bytes{};
  in.read(bytes.data(), bytes.size());
  return {bytes.data(), static_cast<std::size_t>(in.gcount())};
}

}  // namespace

WeightFormat weight_format(const fs::path& path) {
  const std::string begin = first_bytes(path);
  if (begin.starts_with("PK")) {
    return WeightFormat::kZip;
  }
  if (begin.starts_with("\x80") && begin.find(kLegacyMagic) != std::string::npos) {
    return WeightFormat::kLegacy;
  }
  if (path.extension() == ".safetensors" || (begin.size() > 8 && begin[8] == '{')) {
    return WeightFormat::kSafetensors;
  }
  throw UserError("{}: is no file of weights: neither safetensors nor PyTorch's{}; fetch it again", path.string(),
                  begin.starts_with("<")                     ? ", but a web page"
                  : begin.starts_with("version https://git") ? ", but a pointer of Git LFS"
                  : begin.empty()                            ? ", but empty"
                                                             : "");
}

TensorFile read_weights(const fs::path& path) {
  const WeightFormat format = weight_format(path);
  if (format == WeightFormat::kSafetensors) {
    return read_safetensors(path);
  }
  try {
    return format == WeightFormat::kZip ? read_zip_weights(path) : read_legacy_weights(path);
  } catch (const UnreadableWeights& error) {
    throw UserError("{}: cannot be read as weights: {}", path.string(), error.what());
  }
}

}  // namespace samsr

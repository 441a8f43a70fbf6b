#include "models/weights/weight_file.h"

#include <array>
#include <optional>
#include <string_view>

#include "core/atomic_file.h"
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
  if (fs::exists(path, error) && !fs::is_regular_file(path, error)) {
    throw UserError("{}: cannot be read: it is {}", path.string(),
                    fs::is_directory(path, error) ? "a folder" : "a pipe or a device, not a file");
  }
  constexpr std::size_t kEnoughToTell = 64;
  return read_file(path, kEnoughToTell);
}

/// The length of a safetensors header, eight bytes, and its first character.
bool begins_as_safetensors(const std::string& begin) {
  return begin.size() > 8 && begin[8] == '{' && begin.substr(4, 4) == std::string(4, '\0');
}

/// What came in place of weights, where that can be told; empty where it cannot.
std::string_view told_from(const std::string& begin) {
  if (begin.empty()) {
    return "it is empty";
  }
  if (begin.starts_with("version https://git-lfs")) {
    return "it is a pointer of Git LFS, so `git lfs pull` fetches the file";
  }
  const std::size_t first = begin.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (first != std::string::npos && begin[first] == '<') {
    return "it is a web page, as a site answers that asks to log in or to confirm";
  }
  if (first != std::string::npos && begin[first] == '{') {
    return "it is JSON, as a site answers that refuses";
  }
  constexpr std::array<std::string_view, 4> kPacked{"\x1f\x8b",
                                                    "\xfd"
                                                    "7zXZ",
                                                    "7z\xbc\xaf", "\x28\xb5\x2f\xfd"};
  for (const std::string_view packed : kPacked) {
    if (begin.starts_with(packed)) {
      return "it is compressed, so unpack it first";
    }
  }
  return {};
}

/// The format that the first bytes tell; none when they are of something else.
std::optional<WeightFormat> format_told_by(const std::string& begin) {
  if (begin.starts_with("PK")) {
    return WeightFormat::kZip;
  }
  if (begin.starts_with("\x80") && begin.find(kLegacyMagic) != std::string::npos) {
    return WeightFormat::kLegacy;
  }
  return begins_as_safetensors(begin) ? std::optional(WeightFormat::kSafetensors) : std::nullopt;
}

}  // namespace

bool is_weights_file(const fs::path& path) { return format_told_by(first_bytes(path)).has_value(); }

WeightFormat weight_format(const fs::path& path) {
  const std::string begin = first_bytes(path);
  if (const auto format = format_told_by(begin)) {
    return *format;
  }
  const std::string_view what = told_from(begin);
  if (what.empty() && path.extension() == ".safetensors") {
    return WeightFormat::kSafetensors;  // whose reader says what is damaged
  }
  throw UserError("{}: is no file of weights, neither safetensors nor PyTorch's: {}; fetch it again", path.string(),
                  what.empty() ? "its first bytes are none of theirs" : what);
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

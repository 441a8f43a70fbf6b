#include "eval/measure/feature_cache.h"

#include <ATen/ATen.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "eval/metrics/fid/npz_file.h"
#include "models/weights/sha256.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr const char* kArray = "features";
constexpr std::size_t kDigits = 32;  // of the digest, in the name of the file

}  // namespace

std::string FeatureCache::key(const SetMetric& metric, const ImageSet& pictures, std::int64_t enlarge) const {
  if (folder_.empty()) {
    return {};
  }
  std::string content = fmt::format("samsr-features/1\n{}\nenlarged {}\n", metric.fingerprint(), enlarge);
  for (const auto& [name, path] : pictures) {
    content += sha256_of_file(path) + " " + name + "\n";
  }
  return metric.name() + "-" + sha256_of(content).substr(0, kDigits);
}

at::Tensor FeatureCache::find(const std::string& key, std::int64_t rows, std::int64_t columns, Log& log) const {
  std::error_code none;
  if (folder_.empty() || !fs::exists(file_of(key), none)) {
    return {};
  }
  std::string damage = "it holds other features";
  try {
    const NamedArrays arrays = read_npz(file_of(key), {kArray});
    if (!arrays.empty() && arrays[0].second.scalar_type() == at::kFloat &&
        arrays[0].second.sizes() == at::IntArrayRef({rows, columns}) &&
        arrays[0].second.isfinite().all().item<bool>()) {
      return arrays[0].second;
    }
  } catch (const UserError& error) {
    damage = error.what();
  }
  log.warning("{} is not used, and made again: {}", file_of(key).string(), damage);
  return {};
}

void FeatureCache::keep(const std::string& key, const at::Tensor& features) const {
  if (!folder_.empty()) {
    make_folder(folder_);
    write_npz({{kArray, features}}, file_of(key));
  }
}

}  // namespace samsr

#include "support/golden.h"

#include <hdf5.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>
#include <stdexcept>

#include "core/rng.h"

namespace samsr::testing {
namespace fs = std::filesystem;
namespace {

/// Owns an HDF5 identifier of any kind.
class Handle {
 public:
  explicit Handle(hid_t id) : id_(id) {
    if (id < 0) {
      throw std::runtime_error("HDF5 call failed on a golden file");
    }
  }
  ~Handle() { H5Idec_ref(id_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
};

Handle open_file(const fs::path& path) { return Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT)); }

std::vector<std::string> read_strings(hid_t type, std::size_t count, auto&& read) {
  std::vector<std::string> texts;
  if (H5Tis_variable_str(type) > 0) {
    std::vector<char*> raw(count, nullptr);
    const Handle memory(H5Tcopy(H5T_C_S1));
    H5Tset_size(memory, H5T_VARIABLE);
    H5Tset_cset(memory, H5Tget_cset(type));
    read(static_cast<hid_t>(memory), static_cast<void*>(raw.data()));
    for (char* text : raw) {
      texts.emplace_back(text);
      H5free_memory(text);
    }
  } else {
    const std::size_t width = H5Tget_size(type);
    std::string bytes(width * count, '\0');
    read(type, static_cast<void*>(bytes.data()));
    for (std::size_t i = 0; i < count; ++i) {
      const std::string text = bytes.substr(i * width, width);
      texts.push_back(text.substr(0, text.find('\0')));
    }
  }
  return texts;
}

std::string text_attribute(hid_t file, const char* name) {
  const Handle attribute(H5Aopen(file, name, H5P_DEFAULT));
  const Handle type(H5Aget_type(attribute));
  return read_strings(type, 1, [&](hid_t memory, void* to) { H5Aread(attribute, memory, to); }).front();
}

/// Stems of the files in tests/golden.
constexpr const char* kShipped[] = {
    "adversarial_lora",
    "clipiqa",
    "degradation",
    "diffusion",
    "dists",
    "fid",
    "flowmap",
    "lora",
    "lpips_alex",
    "lpips_vgg",
    "musiq",
    "niqe",
    "peer_dasr",
    "peer_ldm_sr",
    "peer_rrdbnet_basicsr",
    "peer_rrdbnet_esrgan",
    "peer_rrdbnet_old_arch",
    "peer_srvgg",
    "peer_swinir",
    "psnr_ssim",
    "rsd",
    "sam_amg_crops0",
    "sam_amg_crops0_minarea",
    "sam_amg_crops1",
    "sam_masks_tiny",
    "sam_tiny",
    "sam_vit_b",
    "samsr_paper",
    "samsr_released",
    "schedule",
    "tadsr",
    "unet_paper",
    "unet_tiny",
    "unet_tiny_rect",
    "unet_tiny_unshuffle",
    "vpdsr",
    "vq_f4",
    "vq_tiny",
};

/// The folder that SAMSR_GOLDEN names; empty when it names none.
fs::path other_folder() {
  const char* folder = std::getenv("SAMSR_GOLDEN");
  return folder == nullptr ? "" : folder;
}

}  // namespace

fs::path golden_folder() { return other_folder().empty() ? fs::path(SAMSR_TEST_GOLDEN) : other_folder(); }

std::vector<fs::path> golden_files(const std::string& prefix) {
  const auto wanted = [&](const std::string& stem) { return stem == prefix || stem.starts_with(prefix + "_"); };
  std::set<fs::path> files;
  std::error_code no_folder;
  for (const auto& entry : fs::directory_iterator(golden_folder(), no_folder)) {
    if (entry.path().extension() == ".h5" && wanted(entry.path().stem().string())) {
      files.insert(entry.path());
    }
  }
  if (other_folder().empty() || no_folder) {
    for (const std::string stem : kShipped) {
      if (wanted(stem)) {
        files.insert(golden_folder() / (stem + ".h5"));
      }
    }
  }
  return {files.begin(), files.end()};
}

std::string golden_test_name(const fs::path& path) {
  std::string name = path.stem().string();
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

Golden::Golden(const fs::path& path, c10::Device device) : path_(path), device_(device) {
  if (!fs::exists(path)) {
    throw std::runtime_error(path.string() + ": the golden file is missing");
  }
  const Handle file = open_file(path);
  config_ = text_attribute(file, "config");
  {
    const Handle attribute(H5Aopen(file, "salt", H5P_DEFAULT));
    H5Aread(attribute, H5T_NATIVE_UINT64, &salt_);
  }
  {
    const Handle attribute(H5Aopen(file, "tolerance", H5P_DEFAULT));
    H5Aread(attribute, H5T_NATIVE_DOUBLE, &tolerance_);
  }
  if (H5Lexists(file, "param_names", H5P_DEFAULT) > 0) {
    const Handle dataset(H5Dopen2(file, "param_names", H5P_DEFAULT));
    const Handle type(H5Dget_type(dataset));
    const Handle space(H5Dget_space(dataset));
    param_names_ =
        read_strings(type, static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)),
                     [&](hid_t memory, void* to) { H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, to); });
  }
}

bool Golden::has(const std::string& name) const {
  const Handle file = open_file(path_);
  const std::string group = name.substr(0, name.find('/'));
  return H5Lexists(file, group.c_str(), H5P_DEFAULT) > 0 && H5Lexists(file, name.c_str(), H5P_DEFAULT) > 0;
}

std::vector<std::string> Golden::names(const std::string& group) const {
  const Handle file = open_file(path_);
  const Handle parent(H5Gopen2(file, group.c_str(), H5P_DEFAULT));
  std::vector<std::string> found;
  H5Literate(
      parent, H5_INDEX_NAME, H5_ITER_INC, nullptr,
      [](hid_t, const char* name, const H5L_info_t*, void* to) -> herr_t {
        static_cast<std::vector<std::string>*>(to)->emplace_back(name);
        return 0;
      },
      &found);
  return found;
}

torch::Tensor Golden::read(const std::string& name) const {
  const Handle file = open_file(path_);
  if (!has(name)) {
    throw std::runtime_error(path_.string() + " has no " + name);
  }
  const Handle dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT));
  const Handle space(H5Dget_space(dataset));
  std::vector<hsize_t> extent(static_cast<std::size_t>(std::max(H5Sget_simple_extent_ndims(space), 0)));
  H5Sget_simple_extent_dims(space, extent.data(), nullptr);
  const Handle type(H5Dget_type(dataset));
  const std::size_t width = H5Tget_size(type);
  const bool is_float = H5Tget_class(type) == H5T_FLOAT;
  const torch::Dtype dtype = is_float     ? (width == 8 ? torch::kFloat64 : torch::kFloat32)
                             : width == 1 ? torch::kUInt8
                             : width == 8 ? torch::kInt64
                                          : torch::kInt32;
  const hid_t memory = dtype == torch::kFloat64   ? H5T_NATIVE_DOUBLE
                       : dtype == torch::kFloat32 ? H5T_NATIVE_FLOAT
                       : dtype == torch::kUInt8   ? H5T_NATIVE_UINT8
                       : dtype == torch::kInt64   ? H5T_NATIVE_INT64
                                                  : H5T_NATIVE_INT32;
  torch::Tensor tensor = torch::empty(std::vector<std::int64_t>(extent.begin(), extent.end()), dtype);
  if (H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor.data_ptr()) < 0) {
    throw std::runtime_error(path_.string() + ": " + name + " cannot be read");
  }
  return tensor.to(device_);
}

void Golden::expect_close(const torch::Tensor& actual, const std::string& name) const {
  expect_within(tolerance_of(name), actual, read(name), name);
}

void Golden::expect_close(const torch::Tensor& actual, const torch::Tensor& expected, const std::string& what) const {
  expect_within(tolerance_, actual, expected, what);
}

double Golden::tolerance_of(const std::string& name) const {
  const Handle file = open_file(path_);
  if (H5Aexists_by_name(file, name.c_str(), "tolerance", H5P_DEFAULT) <= 0) {
    return tolerance_;
  }
  const Handle attribute(H5Aopen_by_name(file, name.c_str(), "tolerance", H5P_DEFAULT, H5P_DEFAULT));
  double tolerance = 0;
  H5Aread(attribute, H5T_NATIVE_DOUBLE, &tolerance);
  return tolerance;
}

void Golden::expect_within(double tolerance, const torch::Tensor& actual, const torch::Tensor& expected,
                           const std::string& what) const {
  ASSERT_EQ(actual.sizes().vec(), expected.sizes().vec()) << path_ << " " << what;
  const torch::Tensor a = actual.detach().to(torch::kCPU, torch::kFloat64);
  const torch::Tensor b = expected.to(torch::kCPU, torch::kFloat64);
  ASSERT_TRUE(a.isfinite().all().item<bool>()) << path_ << " " << what << " is not finite";
  const double worst = ((a - b).abs() / (b.abs() + 1)).max().item<double>();
  EXPECT_LE(worst, tolerance) << path_ << " " << what;
}

torch::Tensor rule_seeded(const std::string& name, at::IntArrayRef shape, std::uint64_t salt) {
  torch::Tensor tensor = torch::empty(shape, torch::kFloat32);
  const std::int64_t count = tensor.numel();
  const double spread =
      tensor.dim() >= 2 ? std::sqrt(3.0 / (static_cast<double>(count) / static_cast<double>(shape[0]))) : 0;
  const std::uint64_t seed = fnv1a64(name) + salt * 0xD1342543DE82EF95ULL;
  auto* values = tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < count; ++i) {
    std::uint64_t z = seed + static_cast<std::uint64_t>(i + 1) * 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    z = z ^ (z >> 31);
    const double u = static_cast<double>(z >> 40) * 0x1.0p-23 - 1.0;
    double value = 0.1 * u;
    if (name.ends_with("running_var")) {
      value = 1 + 0.25 * u;
    } else if (name.ends_with("running_mean")) {
      value = 0.1 * u;
    } else if (tensor.dim() >= 2) {
      value = u * spread;
    } else if (name.ends_with("weight")) {
      value = 1 + 0.1 * u;
    }
    values[i] = static_cast<float>(value);
  }
  return tensor;
}

void fill_by_rule(torch::nn::Module& module, std::uint64_t salt, const std::string& prefix) {
  const torch::NoGradGuard no_grad;
  const auto fill = [&](const std::string& name, torch::Tensor& tensor) {
    for (const char* skipped : {"num_batches_tracked", "relative_position_index", "attn_mask"}) {
      if (name.ends_with(skipped)) {
        return;
      }
    }
    tensor.copy_(rule_seeded(prefix + name, tensor.sizes(), salt));
  };
  for (auto& item : module.named_parameters()) {
    fill(item.key(), item.value());
  }
  for (auto& item : module.named_buffers()) {
    fill(item.key(), item.value());
  }
}

}  // namespace samsr::testing

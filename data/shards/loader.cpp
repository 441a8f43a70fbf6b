#include "data/shards/loader.h"

#include <ATen/ATen.h>

#include "core/error.h"
#include "core/rng.h"
#include "data/shards/permutation.h"

namespace samsr {
namespace {

/// (H, W, 3) bytes to planes of `Out`, each value through `convert`.
template <class Out, class Convert>
void to_planes(const std::uint8_t* pixels, std::int64_t count, Out* out, Convert convert) {
  for (std::int64_t i = 0; i < count; ++i) {
    out[i] = convert(pixels[3 * i]);
    out[count + i] = convert(pixels[3 * i + 1]);
    out[2 * count + i] = convert(pixels[3 * i + 2]);
  }
}

/// An empty (B, …) tensor for a field of (H, W, 3), (H, W) or (C, h, w); undefined when it is not wanted.
at::Tensor room_for(const ShardField* field, std::int64_t batch, bool wanted, at::ScalarType type) {
  if (!wanted || field == nullptr) {
    return {};
  }
  std::vector<std::int64_t> shape{batch};
  if (field->type == at::kHalf) {
    shape.insert(shape.end(), field->shape.begin(), field->shape.end());
  } else {
    const std::int64_t channels = field->shape.size() == 3 ? field->shape[2] : 1;
    shape.insert(shape.end(), {channels, field->shape[0], field->shape[1]});
  }
  return at::empty(shape, type);
}

void check_field(const ShardSet& shards, const char* name, at::ScalarType type, std::size_t dimensions,
                 const char* setting) {
  const ShardField* field = shards.find(name);
  if (field == nullptr) {
    throw UserError("{}: the shards have no '{}'; build them with {}", shards.folder().string(), name, setting);
  }
  if (field->type != type || field->shape.size() != dimensions) {
    throw UserError("{}: '{}' is stored as {} with {} dimensions, expected {} with {}", shards.folder().string(),
                    name, stored_type_name(field->type), field->shape.size(), stored_type_name(type), dimensions);
  }
}

/// Row `row` of a batch's tensor.
template <class T>
T* row_of(const at::Tensor& tensor, std::int64_t row) {
  return tensor.data_ptr<T>() + row * (tensor.numel() / tensor.size(0));
}

}  // namespace

Loader::Loader(const ShardSet& shards, const LoaderSettings& settings, std::uint64_t seed, BatchFields fields,
               Log& log)
    : shards_(shards),
      settings_(settings),
      seed_(seed),
      fields_(fields),
      latents_(fields.latents && shards.find("z_hr") != nullptr),
      log_(log) {
  check_field(shards, "lr", at::kByte, 3, "`samsr data build`");
  check_field(shards, "coverage", at::kByte, 2, "`samsr data build`");
  if (latents_) {
    check_field(shards, "z_hr", at::kHalf, 3, "data.latents=true");
    check_field(shards, "z_lr", at::kHalf, 3, "data.latents=true");
  }
  if (fields.hr) {
    check_field(shards, "hr", at::kByte, 3, "`samsr data build`");
  }
  if (fields.coverage_hr) {
    check_field(shards, "coverage_hr", at::kByte, 2, "data.coverage_hr=true");
  }
}

std::uint64_t Loader::sample_at(std::uint64_t position) const {
  const std::uint64_t epoch = position / shards_.size();
  const std::uint64_t place = position % shards_.size();
  if (!settings_.shuffle) {
    return place;
  }
  return Permutation(shards_.size(), derive_seed(seed_, "sample order", {epoch}))(place);
}

std::size_t Loader::bad_samples() const {
  const std::lock_guard lock(mutex_);
  return bad_.size();
}

void Loader::report_bad(std::uint64_t sample) const {
  const std::lock_guard lock(mutex_);
  if (!bad_.insert(sample).second) {
    return;
  }
  log_.from_rank(fmt::format("{}: {} fails its checksum and is left out ({} so far)", shards_.folder().string(),
                             shards_.where(sample), bad_.size()));
  if (bad_.size() > static_cast<std::size_t>(settings_.max_bad)) {
    throw UserError("{}: {} samples fail their checksum, more than data.max_bad={}; see `samsr data verify`",
                    shards_.folder().string(), bad_.size(), settings_.max_bad);
  }
}

bool Loader::fill(Batch& batch, std::int64_t row, std::uint64_t sample) const {
  std::vector<std::uint8_t> bytes;
  const auto read = [&](const char* name) {
    bytes.resize(shards_.find(name)->bytes);
    return shards_.read(sample, name, bytes.data());
  };
  const auto read_latent = [&](const char* name, const at::Tensor& latent) {
    if (!read(name)) {
      return false;
    }
    const auto* half = reinterpret_cast<const at::Half*>(bytes.data());
    std::copy(half, half + bytes.size() / sizeof(at::Half), row_of<float>(latent, row));
    return true;
  };
  if (!read("lr")) {
    return false;
  }
  to_planes(bytes.data(), static_cast<std::int64_t>(bytes.size() / 3), row_of<float>(batch.lq, row),
            [](std::uint8_t value) { return static_cast<float>(value) / 127.5F - 1.0F; });
  if (!shards_.read(sample, "coverage", row_of<std::uint8_t>(batch.coverage, row))) {
    return false;
  }
  if (latents_ && !(read_latent("z_hr", batch.z_0) && read_latent("z_lr", batch.z_y))) {
    return false;
  }
  if (fields_.hr) {
    if (!read("hr")) {
      return false;
    }
    to_planes(bytes.data(), static_cast<std::int64_t>(bytes.size() / 3), row_of<std::uint8_t>(batch.hr, row),
              [](std::uint8_t value) { return value; });
  }
  return !fields_.coverage_hr || shards_.read(sample, "coverage_hr", row_of<std::uint8_t>(batch.coverage_hr, row));
}

Batch Loader::load(std::uint64_t first, std::int64_t count) const {
  TORCH_CHECK(count > 0, "a batch of ", count, " samples");
  Batch batch;
  batch.lq = room_for(shards_.find("lr"), count, true, at::kFloat);
  batch.coverage = room_for(shards_.find("coverage"), count, true, at::kByte);
  batch.z_0 = room_for(shards_.find("z_hr"), count, latents_, at::kFloat);
  batch.z_y = room_for(shards_.find("z_lr"), count, latents_, at::kFloat);
  batch.hr = room_for(shards_.find("hr"), count, fields_.hr, at::kByte);
  batch.coverage_hr = room_for(shards_.find("coverage_hr"), count, fields_.coverage_hr, at::kByte);
  for (std::int64_t row = 0; row < count; ++row) {
    const std::uint64_t position = first + static_cast<std::uint64_t>(row);
    const std::uint64_t epoch_start = position - position % shards_.size();
    std::uint64_t place = position % shards_.size();
    std::uint64_t sample = sample_at(position);
    for (std::uint64_t tried = 1; !fill(batch, row, sample); ++tried) {
      report_bad(sample);
      if (tried == shards_.size()) {
        throw UserError("{}: every sample fails its checksum; build the data set anew", shards_.folder().string());
      }
      place = (place + 1) % shards_.size();
      sample = sample_at(epoch_start + place);
    }
    batch.sample.push_back(sample);
    batch.position.push_back(position);
  }
  return batch;
}

}  // namespace samsr

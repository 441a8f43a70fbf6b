#include "data/shards/loader.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

#include "core/checksum.h"
#include "core/error.h"
#include "core/rng.h"
#include "data/shards/decode.h"
#include "data/shards/permutation.h"

namespace samsr {
namespace {

/// A field is read, checked and decoded in pieces that stay in the processor's cache. Whole pixels.
constexpr std::size_t kPiece = std::size_t{3} << 15;

/// Checks the type and shape of a field; UserError naming the `remedy` when it is missing.
void check_field(const ShardSet& shards, const char* name, at::ScalarType type, std::size_t dimensions,
                 const char* remedy) {
  const ShardField* field = shards.find(name);
  if (field == nullptr) {
    throw UserError("{}: the shards have no '{}'; build them with {}", shards.folder().string(), name, remedy);
  }
  if (field->type != type || field->shape.size() != dimensions) {
    throw UserError("{}: '{}' is stored as {} with {} dimensions, expected {} with {}", shards.folder().string(), name,
                    stored_type_name(field->type), field->shape.size(), stored_type_name(type), dimensions);
  }
}

/// Bytes of row `row` of a batch's tensor.
std::uint8_t* row_of(const at::Tensor& tensor, std::int64_t row) {
  return static_cast<std::uint8_t*>(tensor.mutable_data_ptr()) +
         static_cast<std::size_t>(row) * (tensor.nbytes() / static_cast<std::size_t>(tensor.size(0)));
}

/// Reads the fields of one sample, checking each.
class SampleReader {
 public:
  explicit SampleReader(ShardSet::Place place)
      : place_(std::move(place)), checksums_(place_.shard.checksums(*place_.file, place_.sample)) {}

  /// The field as stored; false when its checksum does not fit.
  bool read(const char* name, void* out) const {
    const ShardField& field = *place_.shard.find(name);
    place_.file->read_at(field.offset + place_.sample * field.bytes, out, field.bytes);
    return crc32c(out, field.bytes) == checksums_[field.column];
  }

  /// Hands the field to `decode(bytes, size, position)` piece by piece; false when its checksum does not fit.
  template <class Decode>
  bool read_in_pieces(const char* name, Decode decode) const {
    const ShardField& field = *place_.shard.find(name);
    const std::uint64_t start = field.offset + place_.sample * field.bytes;
    std::vector<std::uint8_t> bytes(std::min(kPiece, field.bytes));
    std::uint32_t checksum = 0;
    for (std::size_t at = 0; at < field.bytes; at += bytes.size()) {
      const std::size_t size = std::min(bytes.size(), field.bytes - at);
      place_.file->read_at(start + at, bytes.data(), size);
      checksum = crc32c(bytes.data(), size, checksum);
      decode(bytes.data(), size, at);
    }
    return checksum == checksums_[field.column];
  }

  /// (H,W,3) bytes to the row of a (B,3,H,W) tensor.
  template <class T>
  bool read_image(const char* name, const at::Tensor& tensor, std::int64_t row) const {
    T* out = reinterpret_cast<T*>(row_of(tensor, row));
    const auto plane = static_cast<std::size_t>(tensor.size(2) * tensor.size(3));
    return read_in_pieces(name, [&](const std::uint8_t* bytes, std::size_t size, std::size_t at) {
      decode_pixels(bytes, size / 3, plane, out + at / 3);
    });
  }

  /// (K,C,h,w) numbers, of which (C,h,w) number `k` go to `out`.
  bool read_part(const char* name, std::uint64_t k, std::uint8_t* out) const {
    const ShardField& field = *place_.shard.find(name);
    const std::size_t part = field.bytes / static_cast<std::size_t>(field.shape[0]);
    return read_in_pieces(name, [&](const std::uint8_t* bytes, std::size_t size, std::size_t at) {
      const std::size_t from = std::max(at, k * part);
      const std::size_t to = std::min(at + size, (k + 1) * part);
      if (from < to) {
        std::memcpy(out + (from - k * part), bytes + (from - at), to - from);
      }
    });
  }

 private:
  const ShardSet::Place place_;
  const std::vector<std::uint32_t> checksums_;
};

}  // namespace

Loader::Loader(const ShardSet& shards, const LoaderSettings& settings, std::uint64_t seed, BatchFields fields, Log& log)
    : Loader(shards, settings, seed, fields, log, {0, shards.size()}) {}

Loader::Loader(const ShardSet& shards, const LoaderSettings& settings, std::uint64_t seed, BatchFields fields, Log& log,
               SampleRange range)
    : shards_(shards),
      settings_(settings),
      seed_(seed),
      fields_(fields),
      range_(range),
      latents_(fields.latents && shards.find("z_hr") != nullptr),
      log_(log) {
  TORCH_CHECK(range.count > 0 && range.first + range.count <= shards.size(), "Loader: ", range.count, " samples from ",
              range.first, " of ", shards.size());
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
  if (fields.rollout) {
    check_field(shards, "rollout/x0", at::kHalf, 4, "`samsr data build --stage rollout`");
    check_field(shards, "rollout/noise_seed", at::kUInt64, 1, "`samsr data build --stage rollout`");
    if (shards.find("rollout/x0")->shape[0] != shards.find("rollout/noise_seed")->shape[0]) {
      throw UserError("{}: the rollouts and their seeds differ in number; build that stage anew",
                      shards.folder().string());
    }
  }
}

std::uint64_t Loader::sample_at(std::uint64_t position) const {
  const std::uint64_t epoch = position / samples();
  const std::uint64_t place = position % samples();
  if (!settings_.shuffle) {
    return range_.first + place;
  }
  return range_.first + Permutation(samples(), derive_seed(seed_, "sample order", {epoch}))(place);
}

void Loader::report_bad(std::uint64_t sample) const {
  const std::lock_guard lock(mutex_);
  if (reported_.insert(sample).second) {
    log_.from_rank(
        fmt::format("{}: {} fails its checksum and is left out", shards_.folder().string(), shards_.where(sample)));
  }
}

Batch Loader::empty_batch(std::int64_t count) const {
  const auto image = [&](const char* name) {
    const std::vector<std::int64_t>& shape = shards_.find(name)->shape;
    return std::vector<std::int64_t>{shape.size() == 3 ? 3 : 1, shape[0], shape[1]};
  };
  const auto latent = [&](const char* name) {
    const std::vector<std::int64_t>& shape = shards_.find(name)->shape;
    return std::vector<std::int64_t>(shape.end() - 3, shape.end());
  };
  const auto room = [&](const char* name, bool wanted, at::ScalarType type, auto shape_of) {
    if (!wanted) {
      return at::Tensor();
    }
    std::vector<std::int64_t> shape = shape_of(name);
    shape.insert(shape.begin(), count);
    // Torch keeps page-locked memory by itself, until copies from it are done.
    return fields_.pinned ? at::empty(shape, at::TensorOptions(type).pinned_memory(true))
                          : memory_->tensor(shape, type);
  };
  Batch batch;
  batch.lq = room("lr", true, at::kFloat, image);
  batch.coverage = room("coverage", true, at::kByte, image);
  batch.z_0 = room("z_hr", latents_, at::kHalf, latent);
  batch.z_y = room("z_lr", latents_, at::kHalf, latent);
  batch.hr = room("hr", fields_.hr, at::kByte, image);
  batch.coverage_hr = room("coverage_hr", fields_.coverage_hr, at::kByte, image);
  batch.x0 = room("rollout/x0", fields_.rollout, at::kHalf, latent);
  return batch;
}

bool Loader::fill(Batch& batch, std::int64_t row, std::uint64_t sample, std::uint64_t epoch) const try {
  const SampleReader reader(shards_.place(sample));
  if (!reader.read_image<float>("lr", batch.lq, row) || !reader.read("coverage", row_of(batch.coverage, row))) {
    return false;
  }
  if (latents_ && !(reader.read("z_hr", row_of(batch.z_0, row)) && reader.read("z_lr", row_of(batch.z_y, row)))) {
    return false;
  }
  if (fields_.hr && !reader.read_image<std::uint8_t>("hr", batch.hr, row)) {
    return false;
  }
  if (fields_.coverage_hr && !reader.read("coverage_hr", row_of(batch.coverage_hr, row))) {
    return false;
  }
  if (fields_.rollout) {
    std::vector<std::uint64_t> seeds(static_cast<std::size_t>(shards_.find("rollout/noise_seed")->shape[0]));
    const std::uint64_t k = (derive_seed(seed_, "rollout", {sample}) + epoch) % seeds.size();
    if (!reader.read("rollout/noise_seed", seeds.data()) || !reader.read_part("rollout/x0", k, row_of(batch.x0, row))) {
      return false;
    }
    batch.noise_seed.push_back(seeds[k]);
  }
  return true;
} catch (const UserError& error) {
  throw UserError(
      "{}; the shard was whole when the run began: restore it (`samsr data build` makes it again) and start the same "
      "command, which resumes",
      error.what());
}

Batch Loader::load(std::uint64_t first, std::int64_t count) const {
  TORCH_CHECK(count > 0, "a batch of ", count, " samples");
  Batch batch = empty_batch(count);
  for (std::int64_t row = 0; row < count; ++row) {
    const std::uint64_t position = first + static_cast<std::uint64_t>(row);
    const std::uint64_t epoch = position / samples();
    std::uint64_t place = position % samples();
    std::uint64_t sample = sample_at(position);
    for (std::uint64_t tried = 1; !fill(batch, row, sample, epoch); ++tried) {
      report_bad(sample);
      batch.bad.push_back(sample);
      if (tried == samples()) {
        throw UserError("{}: every sample fails its checksum; build the data set anew", shards_.folder().string());
      }
      place = (place + 1) % samples();
      sample = sample_at(epoch * samples() + place);
    }
    batch.sample.push_back(sample);
    batch.position.push_back(position);
  }
  return batch;
}

}  // namespace samsr

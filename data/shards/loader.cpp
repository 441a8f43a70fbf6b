#include "data/shards/loader.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

#include "core/checksum.h"
#include "core/error.h"
#include "core/finite.h"
#include "core/parallel.h"
#include "core/resize.h"
#include "core/rng.h"
#include "data/shards/decode.h"
#include "data/shards/permutation.h"

namespace samsr {
namespace {

/// A field is read, checked and decoded in pieces that stay in the processor's cache. Whole pixels.
constexpr std::size_t kPiece = std::size_t{3} << 15;

/// UserError naming the `remedy` when the shards lack a dataset; its form was checked when they were opened.
void check_dataset(const ShardSet& shards, const char* name, const char* remedy) {
  if (shards.find(name) == nullptr) {
    throw UserError("{}: the shards have no '{}'; build them with {}", shards.folder().string(), name, remedy);
  }
}

/// The fields that batches carry, each checked. UserError when one that is asked for is missing.
std::vector<const BatchField*> carried_fields(const ShardSet& shards, const BatchFields& fields) {
  std::vector<const BatchField*> carried;
  // Latents are there together or not at all.
  const bool latents = shards.find("z_hr") != nullptr;
  for (const BatchField& field : batch_fields()) {
    if (field.is_in(fields) && (!field.optional || latents)) {
      check_dataset(shards, field.dataset, field.remedy);
      carried.push_back(&field);
    }
  }
  return carried;
}

/// UserError where a batch would mix maps of several scales, which cannot be resized without another meaning, or LR
/// images of several without latents, whose size they take.
void check_scales(const ShardSet& shards, const std::vector<const BatchField*>& carried) {
  if (shards.scales().size() == 1) {
    return;
  }
  for (const BatchField* field : carried) {
    if (field->form == BatchField::Form::kMap) {
      throw UserError(
          "{}: shards of the scales {}, and '{}' of several scales does not fit into one batch; train on shards of one "
          "scale, or a recipe that needs no masks (flowmap)",
          shards.folder().string(), fmt::join(shards.scales(), ", "), field->dataset);
    }
  }
  const bool images = std::ranges::any_of(carried, [](const auto* field) { return field->tensor == &Batch::lq; });
  if (images && shards.find("z_hr") == nullptr) {
    throw UserError("{}: shards of the scales {}, which need latents; build them with data.latents=true",
                    shards.folder().string(), fmt::join(shards.scales(), ", "));
  }
}

/// Height and width of the LR images in a batch: those stored, but of several scales those of the latents.
std::vector<std::int64_t> lr_size(const ShardSet& shards) {
  const std::vector<std::int64_t>& stored = shards.find("lr")->shape;
  if (shards.scales().size() == 1) {
    return stored;
  }
  const std::vector<std::int64_t>& latent = shards.find("z_hr")->shape;
  return {latent[1], latent[2], 3};
}

/// Shape of the field in a batch of `count` samples.
std::vector<std::int64_t> batch_shape(const BatchField& field, const std::vector<std::int64_t>& stored,
                                      std::int64_t count) {
  switch (field.form) {
    case BatchField::Form::kImage:
      return {count, 3, stored[0], stored[1]};
    case BatchField::Form::kMap:
      return {count, 1, stored[0], stored[1]};
    default: {
      std::vector<std::int64_t> shape(stored.end() - 3, stored.end());
      shape.insert(shape.begin(), count);
      return shape;
    }
  }
}

/// UserError naming sample and field when a latent of row `row`, whose checksum is right, has numbers that are not
/// finite.
void check_latents(const Batch& batch, const std::vector<const BatchField*>& fields, std::int64_t row,
                   const ShardSet& shards, std::uint64_t sample) {
  for (const BatchField* field : fields) {
    const bool bytes = field->stored == at::kByte;
    const std::string bad = bytes ? std::string() : not_finite((batch.*field->tensor).select(0, row));
    if (!bad.empty()) {
      throw UserError("{}: {}: '{}' holds {}; build stage {} anew, with weights that are sound",
                      shards.folder().string(), shards.where(sample), field->dataset, bad, field->stage);
    }
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

  /// The field to row `row` of the batch's tensor; of several drawn, number `drawn`. False when a checksum does not
  /// fit.
  bool read(const BatchField& field, const at::Tensor& tensor, std::int64_t row, std::uint64_t drawn) const {
    switch (field.form) {
      case BatchField::Form::kImage:
        if (const auto& stored = place_.shard.find(field.dataset)->shape;
            stored[0] != tensor.size(2) || stored[1] != tensor.size(3)) {
          return read_resized(field.dataset, stored, tensor, row);
        }
        return field.loaded == at::kFloat ? read_image<float>(field.dataset, tensor, row)
                                          : read_image<std::uint8_t>(field.dataset, tensor, row);
      case BatchField::Form::kDrawn:
        return read_part(field.dataset, drawn, row_of(tensor, row));
      default:
        return read(field.dataset, row_of(tensor, row));
    }
  }

 private:
  /// (H,W,3) bytes to the row of a (B,3,H,W) tensor.
  template <class T>
  bool read_image(const char* name, const at::Tensor& tensor, std::int64_t row) const {
    T* out = reinterpret_cast<T*>(row_of(tensor, row));
    const auto plane = static_cast<std::size_t>(tensor.size(2) * tensor.size(3));
    return read_in_pieces(name, [&](const std::uint8_t* bytes, std::size_t size, std::size_t at) {
      decode_pixels(bytes, size / 3, plane, out + at / 3);
    });
  }

  /// The same for an image of another size: resized as a flow map's condition is.
  bool read_resized(const char* name, const std::vector<std::int64_t>& stored, const at::Tensor& tensor,
                    std::int64_t row) const {
    const OneCore one_core;
    const at::Tensor image = at::empty({1, 3, stored[0], stored[1]}, tensor.scalar_type());
    const bool sound = read_image<float>(name, image, 0);
    tensor[row].copy_(resize_bicubic(image, {tensor.size(2), tensor.size(3)})[0]);
    return sound;
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
      carried_(carried_fields(shards, fields)),
      log_(log) {
  check_scales(shards, carried_);
  TORCH_CHECK(range.count > 0 && range.first + range.count <= shards.size(), "Loader: ", range.count, " samples from ",
              range.first, " of ", shards.size());
  if (fields.rollout) {
    check_dataset(shards, kNoiseSeedDataset, "`samsr data build --stage rollout`");
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
  Batch batch;
  for (const BatchField* field : carried_) {
    const bool lr = field->tensor == &Batch::lq;
    const std::vector<std::int64_t> shape =
        batch_shape(*field, lr ? lr_size(shards_) : shards_.find(field->dataset)->shape, count);
    batch.*field->tensor = memory_->tensor(shape, field->loaded, fields_.pinned);
  }
  return batch;
}

bool Loader::fill(Batch& batch, std::int64_t row, std::uint64_t sample, std::uint64_t epoch) const try {
  const SampleReader reader(shards_.place(sample));
  std::uint64_t drawn = 0;
  if (fields_.rollout) {
    std::vector<std::uint64_t> seeds(static_cast<std::size_t>(shards_.find(kNoiseSeedDataset)->shape[0]));
    if (!reader.read(kNoiseSeedDataset, seeds.data())) {
      return false;
    }
    drawn = (derive_seed(seed_, "rollout", {sample}) + epoch) % seeds.size();
    batch.noise_seed.resize(static_cast<std::size_t>(row));  // what a sample left out has entered
    batch.noise_seed.push_back(seeds[drawn]);
  }
  for (const BatchField* field : carried_) {
    if (!reader.read(*field, batch.*field->tensor, row, drawn)) {
      return false;
    }
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
    check_latents(batch, carried_, row, shards_, sample);
    batch.sample.push_back(sample);
    batch.position.push_back(position);
  }
  return batch;
}

}  // namespace samsr

#include "data/tools/stored_sample.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "core/error.h"
#include "data/shards/batch.h"

namespace samsr {
namespace {

const ShardField& field_of(const Shard& shard, std::string_view name) {
  const ShardField* field = shard.find(name);
  if (field == nullptr) {
    throw UserError("{}: has no dataset '{}'", shard.path().string(), name);
  }
  return *field;
}

void read_checked(const Shard& shard, const ShardField& field, std::uint64_t sample, void* out) {
  const RandomAccessFile file(shard.path(), RandomAccessFile::Access::kRead);
  if (!shard.read(file, field, sample, out)) {
    throw UserError("{}: sample {} field {}: checksum does not fit; see `samsr data verify`", shard.path().string(),
                    sample, field.name);
  }
}

int picture_type(std::string_view name) {
  for (const BatchField& known : batch_fields()) {
    if (known.dataset == name && known.form == BatchField::Form::kImage) {
      return CV_8UC3;
    }
    if (known.dataset == name && known.form == BatchField::Form::kMap) {
      return CV_8UC1;
    }
  }
  throw std::logic_error("no picture or map: " + std::string(name));
}

}  // namespace

cv::Mat read_stored_picture(const Shard& shard, std::string_view name, std::uint64_t sample) {
  const ShardField& field = field_of(shard, name);
  cv::Mat picture(static_cast<int>(field.shape[0]), static_cast<int>(field.shape[1]), picture_type(name));
  if (picture.total() * picture.elemSize() != field.bytes) {
    throw std::logic_error("a shard was opened whose " + field.name + " is no picture");
  }
  read_checked(shard, field, sample, picture.data);
  return picture;
}

std::string read_stored_text(const Shard& shard, std::string_view name, std::uint64_t sample) {
  const ShardField& field = field_of(shard, name);
  std::string text(field.bytes, '\0');
  read_checked(shard, field, sample, text.data());
  text.resize(::strnlen(text.data(), text.size()));
  return text;
}

JsonEntry read_stored_record(const Shard& shard, std::string_view name, std::uint64_t sample) {
  return JsonEntry::parse(read_stored_text(shard, name, sample),
                          fmt::format("{}: sample {}", shard.path().string(), sample));
}

std::optional<std::uint32_t> source_of_photograph(const JsonEntry& source) {
  if (!source.has("source")) {
    return std::nullopt;
  }
  const std::uint64_t number = source.count("source");
  if (number > std::numeric_limits<std::uint32_t>::max()) {
    source.fail("source is no number of a source");
  }
  return static_cast<std::uint32_t>(number);
}

std::string photograph_of(const JsonEntry& source) {
  try {
    return source.exact_text("image");
  } catch (const UserError& error) {
    throw UserError("{}; its record of where it comes from names no image", error.what());
  }
}

}  // namespace samsr

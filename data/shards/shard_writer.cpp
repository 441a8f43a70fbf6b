#include "data/shards/shard_writer.h"

#include <ATen/core/Tensor.h>

#include <algorithm>

#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/error.h"
#include "core/finite.h"
#include "data/shards/hdf5.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kPage = 4096;
/// More than HDF5's own records of a shard take, beside its texts.
constexpr std::uint64_t kMetadataBytes = 1 << 16;

}  // namespace

ShardWriter::ShardWriter(fs::path path, ShardHeader header, const Sample& first, std::uint64_t samples)
    : path_(std::move(path)),
      temporary_(temporary_name(path_)),
      header_(std::move(header)),
      samples_(samples),
      file_(std::make_unique<RandomAccessFile>(temporary_, RandomAccessFile::Access::kCreate)) {
  try {
    reserve_for(first);
    create(first);
  } catch (...) {
    std::error_code ignored;
    fs::remove(temporary_, ignored);
    throw;
  }
}

ShardWriter::~ShardWriter() {
  if (file_ != nullptr) {
    std::error_code ignored;
    fs::remove(temporary_, ignored);
  }
}

void ShardWriter::reserve_for(const Sample& first) {
  const std::uint64_t columns = first.fields.size() + first.texts.size();
  std::uint64_t bytes =
      kMetadataBytes + header_.config.size() + header_.content.size() + samples_ * columns * sizeof(std::uint32_t);
  for (const auto& [name, tensor] : first.fields) {
    bytes += kPage + samples_ * tensor.nbytes();
  }
  file_->reserve(bytes);
  const std::string empty = hdf5::empty_file();
  file_->write_at(0, empty.data(), empty.size());
}

void ShardWriter::create(const Sample& first) {
  const hdf5::QuietErrors quiet;
  hdf5::Id file = hdf5::open_file(temporary_, true);
  hdf5::write_attribute(file, "format", std::string(kShardFormat));
  hdf5::write_attribute(file, "config", header_.config);
  hdf5::write_attribute(file, "content", header_.content);
  hdf5::write_attribute(file, "seed", header_.seed);
  hdf5::write_attribute(file, "first_index", header_.first_index);
  hdf5::write_attribute(file, "scale", header_.scale);
  hdf5::write_attribute(file, "tool", header_.tool);

  std::vector<std::string> names;
  for (const auto& [name, tensor] : first.fields) {
    std::vector<std::int64_t> shape{static_cast<std::int64_t>(samples_)};
    shape.insert(shape.end(), tensor.sizes().begin(), tensor.sizes().end());
    const hdf5::Id dataset = hdf5::create_dataset(file, name, hdf5::stored_type(tensor.scalar_type()), shape);
    fields_.push_back({.name = name,
                       .type = tensor.scalar_type(),
                       .shape = tensor.sizes().vec(),
                       .offset = hdf5::offset(dataset),
                       .bytes = tensor.nbytes(),
                       .column = fields_.size()});
    names.push_back(name);
  }
  for (const auto& [name, text] : first.texts) {
    texts_.push_back({name, {}});
    names.push_back(name);
  }
  hdf5::Id table = hdf5::create_dataset(file, std::string(kChecksumDataset), hdf5::stored_type(at::kUInt32),
                                        {static_cast<std::int64_t>(samples_), static_cast<std::int64_t>(names.size())});
  hdf5::write_attribute(table, "fields", names);
  checksum_offset_ = hdf5::offset(table);
  table.close("H5Dclose");
  file.close("H5Fclose");
}

void ShardWriter::append(const Sample& sample) {
  TORCH_CHECK(appended_ < samples_, "a shard of ", samples_, " samples is full");
  TORCH_CHECK(sample.fields.size() == fields_.size() && sample.texts.size() == texts_.size(), "the shard stores ",
              fields_.size(), " arrays and ", texts_.size(), " texts, got ", sample.fields.size(), " and ",
              sample.texts.size());
  for (const ShardField& field : fields_) {
    const auto& [name, tensor] = sample.fields[field.column];
    TORCH_CHECK(name == field.name && tensor.scalar_type() == field.type && tensor.sizes() == field.shape &&
                    tensor.is_contiguous(),
                "sample field ", name, " ", tensor.sizes(), " does not fit the shard's ", field.name);
    if (const std::string bad = not_finite(tensor); !bad.empty()) {
      throw UserError(
          "{}: '{}' of sample {} would hold {}; use weights that are sound, and whose latents half precision "
          "can hold",
          path_.string(), name, header_.first_index + appended_, bad);
    }
    file_->write_at(field.offset + appended_ * field.bytes, tensor.const_data_ptr(), field.bytes);
    checksums_.push_back(crc32c(tensor.const_data_ptr(), field.bytes));
  }
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    const auto& [name, text] = sample.texts[i];
    TORCH_CHECK(name == texts_[i].name && text.find('\0') == std::string::npos, "sample text ", name,
                " does not fit the shard's ", texts_[i].name);
    checksums_.push_back(crc32c(text.data(), text.size()));
    texts_[i].values.push_back(text);
  }
  ++appended_;
}

void ShardWriter::write_texts() {
  std::uint64_t bytes = fs::file_size(temporary_) + kMetadataBytes;
  std::vector<std::size_t> lengths;
  for (const Texts& texts : texts_) {
    std::size_t length = 1;
    for (const std::string& text : texts.values) {
      length = std::max(length, text.size());
    }
    lengths.push_back(length);
    bytes += samples_ * length + kPage;
  }
  file_->reserve(bytes);
  std::vector<std::uint64_t> offsets;
  {
    const hdf5::QuietErrors quiet;
    hdf5::Id file = hdf5::open_file(temporary_, true);
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      hdf5::Id dataset = hdf5::create_dataset(file, texts_[i].name, hdf5::text_type(lengths[i]),
                                              {static_cast<std::int64_t>(samples_)});
      offsets.push_back(hdf5::offset(dataset));
      dataset.close("H5Dclose");
    }
    file.close("H5Fclose");
  }
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    std::string padded;
    for (std::uint64_t sample = 0; sample < samples_; ++sample) {
      padded = texts_[i].values[sample];
      padded.resize(lengths[i], '\0');
      file_->write_at(offsets[i] + sample * lengths[i], padded.data(), padded.size());
    }
  }
}

void ShardWriter::finish() {
  TORCH_CHECK(appended_ == samples_, "the shard has ", appended_, " of ", samples_, " samples");
  file_->write_at(checksum_offset_, checksums_.data(), checksums_.size() * sizeof(std::uint32_t));
  write_texts();
  publish(temporary_, path_);
  file_.reset();
}

}  // namespace samsr

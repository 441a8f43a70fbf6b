#pragma once
// One shard: an HDF5 file of `samples()` samples, each of whose datasets lies in one piece, so that samples
// are read at their file offset without the HDF5 library and its lock.

#include <c10/core/ScalarType.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "data/shards/random_access_file.h"
#include "data/shards/sample.h"

namespace samsr {

inline constexpr std::string_view kShardFormat = "samsr-shard/1";
inline constexpr std::string_view kShardFormatName = "samsr-shard/";  ///< without the version
/// Dataset (N, fields) of CRC-32C; its attribute `fields` names the columns.
inline constexpr std::string_view kChecksumDataset = "crc32c";

/// The root attributes.
struct ShardHeader {
  std::string config;   ///< YAML of the settings that decided what the shard holds (config_of_content)
  std::string content;  ///< all that the bytes depend on (content.h); equal in all shards of a set
  std::uint64_t seed = 0;
  std::uint64_t first_index = 0;  ///< of the shard's first sample in the data set
  std::uint64_t scale = 0;        ///< how much larger the high-resolution image is
  std::string tool;               ///< program and version
};

/// One dataset, without its first dimension, the sample.
struct ShardField {
  std::string name;
  at::ScalarType type = at::kByte;
  bool text = false;  ///< padded with zeros to `bytes`; its checksum is that of the text alone
  std::vector<std::int64_t> shape;
  std::uint64_t offset = 0;  ///< of sample 0 in the file, bytes
  std::size_t bytes = 0;     ///< of one sample
  std::size_t column = 0;    ///< in the table of checksums
};

/// A shard's description; the file itself is opened by the caller, who may have too many to keep open.
class Shard {
 public:
  /// Reads header and layout. UserError naming the file and why: missing, cut short, another format. Uses
  /// HDF5, so by one thread at a time.
  explicit Shard(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const ShardHeader& header() const { return header_; }
  std::uint64_t samples() const { return samples_; }
  std::uint64_t file_bytes() const { return file_bytes_; }
  /// In the order of the checksums; `source` among them.
  const std::vector<ShardField>& fields() const { return fields_; }
  /// Null when the shard has no such dataset.
  const ShardField* find(std::string_view name) const;

  /// Reads `field` of `sample` (0 … samples()-1) into `out`, field.bytes long; false when its checksum does
  /// not fit. Safe to use from several threads.
  bool read(const RandomAccessFile& file, const ShardField& field, std::uint64_t sample, void* out) const;
  /// The checksums of all fields of `sample`, by ShardField::column.
  std::vector<std::uint32_t> checksums(const RandomAccessFile& file, std::uint64_t sample) const;
  /// CRC-32C of the checksums of one field: equal exactly when the field's bytes are.
  std::uint32_t field_hash(const RandomAccessFile& file, const ShardField& field) const;

 private:
  std::uint32_t stored_checksum(const RandomAccessFile& file, const ShardField& field, std::uint64_t sample) const;

  std::filesystem::path path_;
  ShardHeader header_;
  std::uint64_t samples_ = 0;
  std::uint64_t file_bytes_ = 0;
  std::uint64_t checksum_offset_ = 0;
  std::vector<ShardField> fields_;
};

/// Whether a file that Shard refuses may be one of samsr's all the same, damaged or of another version: HDF5 that says
/// so, HDF5 that is cut short, nothing but zeroes. Uses HDF5, so by one thread at a time.
bool may_be_torn_shard(const std::filesystem::path& path);

/// "uint8", "float16", …
std::string stored_type_name(at::ScalarType type);

}  // namespace samsr

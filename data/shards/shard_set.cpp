#include "data/shards/shard_set.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "core/checksum.h"
#include "core/error.h"
#include "data/shards/loader.h"
#include "data/shards/manifest.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kOpenFiles = 256;

void check_against_manifest(const ManifestEntry& entry, const fs::path& path) {
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(path, error);
  if (error) {
    throw UserError("{}: the shard cannot be opened: {}; run `samsr data build` again to restore it", path.string(),
                    error.message());
  }
  if (bytes != entry.bytes) {
    throw UserError("{}: has {} bytes instead of {} (cut short?); delete it and run `samsr data build` again",
                    path.string(), bytes, entry.bytes);
  }
}

/// Whether the shape of a dataset follows the scale of its shard, as that of LR images does.
bool follows_scale(std::string_view dataset) {
  return dataset == "lr" || dataset == "coverage" || dataset == "coverage_hr";
}

bool same_layout(const Shard& a, const Shard& b) {
  const bool same_scale = a.header().scale == b.header().scale;
  return a.header().content == b.header().content &&
         std::equal(a.fields().begin(), a.fields().end(), b.fields().begin(), b.fields().end(),
                    [&](const ShardField& x, const ShardField& y) {
                      return x.name == y.name && x.type == y.type &&
                             (x.shape == y.shape || (x.text && y.text) || (!same_scale && follows_scale(x.name)));
                    });
}

/// What identifies the samples of some shards: how many each has, and the checksum of the field's.
std::string checksum_lines(const Manifest& manifest, const char* dataset) {
  std::string lines;
  for (const ManifestEntry& shard : manifest.shards) {
    const auto found = shard.crc32c.find(dataset);
    lines += found == shard.crc32c.end() ? "" : fmt::format("{} {}\n", shard.samples, found->second);
  }
  return lines;
}

}  // namespace

ShardSet::ShardSet(const fs::path& folder) : folder_(folder), files_(kOpenFiles) {
  for (const ManifestEntry& entry : read_manifest(folder).shards) {
    const fs::path path = folder / entry.file;
    check_against_manifest(entry, path);
    Shard shard(path);
    if (shard.header().first_index != entry.first_index || shard.samples() != entry.samples) {
      throw UserError("{}: holds samples {} to {}, the manifest says {} to {}; run `samsr data build` again",
                      path.string(), shard.header().first_index, shard.header().first_index + shard.samples() - 1,
                      entry.first_index, entry.first_index + entry.samples - 1);
    }
    if (!shards_.empty() && !same_layout(shards_.front(), shard)) {
      throw UserError("{}: made with another configuration than {}; build the data set anew", path.string(),
                      shards_.front().path().filename().string());
    }
    size_ += shard.samples();
    shards_.push_back(std::move(shard));
  }
}

std::vector<std::uint64_t> ShardSet::scales() const {
  std::set<std::uint64_t> scales;
  for (const Shard& shard : shards_) {
    scales.insert(shard.header().scale);
  }
  return {scales.begin(), scales.end()};
}

const Shard& ShardSet::shard_of(std::uint64_t index) const {
  const auto after =
      std::upper_bound(shards_.begin(), shards_.end(), index,
                       [](std::uint64_t value, const Shard& shard) { return value < shard.header().first_index; });
  return *std::prev(after);
}

bool ShardSet::read(std::uint64_t index, std::string_view name, void* out) const {
  const Place at = place(index);
  const ShardField* field = at.shard.find(name);
  if (field == nullptr || field->text || index >= size_) {
    throw std::logic_error("no such sample or array: " + std::string(name));
  }
  return at.shard.read(*at.file, *field, at.sample, out);
}

std::optional<std::string> ShardSet::read_text(std::uint64_t index, std::string_view name) const {
  const Place at = place(index);
  const ShardField* field = at.shard.find(name);
  if (field == nullptr || !field->text || index >= size_) {
    throw std::logic_error("no such sample or text: " + std::string(name));
  }
  std::string text(field->bytes, '\0');
  if (!at.shard.read(*at.file, *field, at.sample, text.data())) {
    return std::nullopt;
  }
  text.resize(::strnlen(text.data(), text.size()));
  return text;
}

ShardSet::Place ShardSet::place(std::uint64_t index) const {
  const Shard& shard = shard_of(index);
  return {shard, files_.open(shard.path()), index - shard.header().first_index};
}

std::map<std::string, std::string> ShardSet::checksums(const BatchFields& fields) const {
  const Manifest manifest = read_manifest(folder_);
  std::map<std::string, std::string> checksums;
  for (const BatchField& field : batch_fields()) {
    const std::string samples = checksum_lines(manifest, field.dataset);
    if (field.is_in(fields) && !samples.empty()) {
      checksums[field.dataset] = fmt::format("{:08x}", crc32c(samples.data(), samples.size()));
    }
  }
  return checksums;
}

std::vector<std::pair<std::string, std::string>> ShardSet::facts(const BatchFields&, std::uint64_t count) const {
  return {{"data", fmt::format("{} samples in {}, fingerprint {:08x}", count, folder_.string(),
                               file_crc32c(manifest_path(folder_)))}};
}

std::unique_ptr<const BatchSource> ShardSet::batches(const LoaderSettings& settings, std::uint64_t seed,
                                                     const BatchFields& fields, Log& log, SampleRange range) const {
  return std::make_unique<Loader>(*this, settings, seed, fields, log, range);
}

std::string ShardSet::where(std::uint64_t index) const {
  const Shard& shard = shard_of(index);
  return fmt::format("{} sample {}", shard.path().filename().string(), index - shard.header().first_index);
}

}  // namespace samsr

#include "data/tools/pair_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/error.h"
#include "core/field_text.h"
#include "data/images/image_file.h"
#include "data/shards/manifest.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr const char* kPairRecord = ".samsr-pairs";
constexpr const char* kPairFormat = "samsr-pairs/1";
constexpr const char* kPairParts[] = {"lq", "gt"};

/// The same for a data set whatever stages are added to it.
std::string content_of_set(const ShardSet& set) {
  std::string text;
  for (const ManifestEntry& shard : read_manifest(set.folder()).shards) {
    text += fmt::format("{} ", shard.samples);
    for (const char* field : {"lr", "hr"}) {
      const auto found = shard.crc32c.find(field);
      text += found == shard.crc32c.end() ? "- " : found->second + ' ';
    }
  }
  return fmt::format("{} {:08x}", set.size(), crc32c(text.data(), text.size()));
}

/// "sample-000042.png".
std::string name_of_pair(std::uint64_t index) { return fmt::format("sample-{:06}.png", index); }

bool is_name_of_pair(const std::string& name) {
  const std::string_view prefix = "sample-";
  const std::string_view extension = ".png";
  return name.starts_with(prefix) && name.ends_with(extension) &&
         std::all_of(name.begin() + prefix.size(), name.end() - extension.size(),
                     [](char each) { return each >= '0' && each <= '9'; });
}

}  // namespace

PairFolder::PairFolder(const fs::path& folder, const ShardSet& set)
    : folder_(folder), set_(content_of_set(set)), set_folder_(fs::absolute(set.folder()).lexically_normal().string()) {
  clean_temporaries(folder_);
  const fs::path record = folder_ / kPairRecord;
  if (fs::exists(record)) {
    const std::vector<std::string> fields = split_fields(read_file(record));
    if (fields.size() < 3 || fields.front() != kPairFormat) {
      throw UserError("{}: damaged, or of another version of samsr; name another folder", record.string());
    }
    recorded_set_ = fields[1];
    recorded_folder_ = fields[2];
    std::copy_if(fields.begin() + 3, fields.end(), std::inserter(names_, names_.end()), is_name_of_pair);
  }
  for (const char* part : kPairParts) {
    make_folder(folder_ / part);
    clean_temporaries(folder_ / part);
    for (const auto& entry : fs::directory_iterator(folder_ / part)) {
      const std::string name = entry.path().filename().string();
      if (is_name_of_pair(name) && !names_.contains(name)) {
        throw UserError(
            "{}: was not written by this samsr, so no pair is written beside or over it; move it, or name another "
            "folder",
            entry.path().string());
      }
    }
  }
}

std::size_t PairFolder::replace_all(std::uint64_t first, std::uint64_t count) {
  std::set<std::string> wanted;
  for (std::uint64_t index = first; index < first + count; ++index) {
    wanted.insert(name_of_pair(index));
  }
  std::size_t left_over = 0;
  for (const std::string& name : names_) {
    if (wanted.contains(name) && recorded_set_ == set_) {
      continue;
    }
    left_over += wanted.contains(name) ? 0 : 1;
    for (const char* part : kPairParts) {
      std::error_code reason;
      if (!fs::remove(folder_ / part / name, reason) && reason) {
        throw UserError("{}: cannot be removed: {}", (folder_ / part / name).string(), reason.message());
      }
    }
  }
  names_ = std::move(wanted);
  write_record();
  return left_over;
}

void PairFolder::add(std::uint64_t first, std::uint64_t count) {
  if (!names_.empty() && recorded_set_ != set_) {
    throw UserError("{}: holds pairs of another data set ({}); name another folder", folder_.string(),
                    one_line(recorded_folder_));
  }
  for (std::uint64_t index = first; index < first + count; ++index) {
    names_.insert(name_of_pair(index));
  }
  write_record();
}

void PairFolder::write_record() const {
  std::vector<std::string> fields{kPairFormat, set_, set_folder_};
  fields.insert(fields.end(), names_.begin(), names_.end());
  write_file_atomically(folder_ / kPairRecord, join_fields(fields));
}

void write_pair(const fs::path& folder, std::uint64_t index, const cv::Mat& lr, const cv::Mat& hr) {
  write_png(folder / "lq" / name_of_pair(index), lr);
  write_png(folder / "gt" / name_of_pair(index), hr);
}

}  // namespace samsr

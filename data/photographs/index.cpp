#include "data/photographs/index.h"

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/error.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<char, 24> kMagic{"samsr-photographs/1"};

/// The file's first bytes.
struct Head {
  std::array<char, 24> magic = kMagic;
  std::uint64_t summary_offset = 0;
  std::uint64_t summary_size = 0;
  std::uint32_t summary_checksum = 0;
  std::uint32_t zero = 0;
};
static_assert(sizeof(Head) == 48);

struct Record {
  std::uint64_t path_offset = 0;
  std::uint32_t path_length = 0;
  std::uint32_t checksum = 0;
};
static_assert(sizeof(Record) == 16);

template <class T>
void append_bytes(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string to_json(const PhotographSummary& summary) {
  const Json json{{"folder", summary.folder},           {"state", summary.state},
                  {"min_size", summary.min_size},       {"files", summary.files},
                  {"usable", summary.usable},           {"too_small", summary.too_small},
                  {"unreadable", summary.unreadable},   {"converted", summary.converted},
                  {"fingerprint", summary.fingerprint}, {"problems", summary.problems}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);  // a path need not be UTF-8
}

PhotographSummary from_json(const std::string& text) {
  const Json json = Json::parse(text);
  PhotographSummary summary;
  json.at("folder").get_to(summary.folder);
  json.at("state").get_to(summary.state);
  json.at("min_size").get_to(summary.min_size);
  json.at("files").get_to(summary.files);
  json.at("usable").get_to(summary.usable);
  json.at("too_small").get_to(summary.too_small);
  json.at("unreadable").get_to(summary.unreadable);
  json.at("converted").get_to(summary.converted);
  json.at("fingerprint").get_to(summary.fingerprint);
  json.at("problems").get_to(summary.problems);
  return summary;
}

[[noreturn]] void damaged(const fs::path& path) {
  throw UserError("{}: damaged, or no list of photographs; delete it and run `samsr data build` again", path.string());
}

}  // namespace

PhotographIndex::PhotographIndex(const fs::path& path) : path_(path), file_(path, RandomAccessFile::Access::kRead) {
  const std::uint64_t size = fs::file_size(path);
  Head head;
  if (size < sizeof head) {
    damaged(path);
  }
  file_.read_at(0, &head, sizeof head);
  if (head.magic != kMagic || head.summary_offset > size || head.summary_size != size - head.summary_offset) {
    damaged(path);
  }
  std::string text(head.summary_size, '\0');
  file_.read_at(head.summary_offset, text.data(), text.size());
  if (crc32c(text.data(), text.size()) != head.summary_checksum) {
    damaged(path);
  }
  try {
    summary_ = from_json(text);
  } catch (const Json::exception&) {
    damaged(path);
  }
  end_of_paths_ = head.summary_offset;
  if (summary_.usable > (end_of_paths_ - sizeof head) / sizeof(Record)) {
    damaged(path);
  }
}

Photograph PhotographIndex::at(std::uint64_t number) const {
  if (number >= size()) {
    throw std::logic_error("no photograph of that number");
  }
  Record record;
  file_.read_at(sizeof(Head) + number * sizeof record, &record, sizeof record);
  if (record.path_offset > end_of_paths_ || record.path_length > end_of_paths_ - record.path_offset) {
    damaged(path_);
  }
  Photograph photograph{std::string(record.path_length, '\0'), record.checksum};
  file_.read_at(record.path_offset, photograph.path.data(), photograph.path.size());
  return photograph;
}

PhotographIndexWriter::PhotographIndexWriter(fs::path path, std::uint64_t most)
    : path_(std::move(path)),
      temporary_(temporary_name(path_)),
      file_(temporary_, RandomAccessFile::Access::kCreate),
      record_offset_(sizeof(Head)),
      path_offset_(sizeof(Head) + most * sizeof(Record)) {}

PhotographIndexWriter::~PhotographIndexWriter() {
  if (!finished_) {
    std::error_code ignored;
    fs::remove(temporary_, ignored);
  }
}

void PhotographIndexWriter::append(const Photograph& photograph) {
  append_bytes(records_, Record{.path_offset = path_offset_ + paths_.size(),
                                .path_length = static_cast<std::uint32_t>(photograph.path.size()),
                                .checksum = photograph.checksum});
  paths_ += photograph.path;
  constexpr std::size_t kBuffer = std::size_t{1} << 20;
  if (paths_.size() + records_.size() > kBuffer) {
    flush();
  }
}

void PhotographIndexWriter::flush() {
  file_.write_at(record_offset_, records_.data(), records_.size());
  file_.write_at(path_offset_, paths_.data(), paths_.size());
  record_offset_ += records_.size();
  path_offset_ += paths_.size();
  records_.clear();
  paths_.clear();
}

void PhotographIndexWriter::finish(const PhotographSummary& summary) {
  flush();
  const std::string text = to_json(summary);
  const Head head{.summary_offset = path_offset_,
                  .summary_size = text.size(),
                  .summary_checksum = crc32c(text.data(), text.size())};
  file_.write_at(path_offset_, text.data(), text.size());
  file_.write_at(0, &head, sizeof head);
  publish(temporary_, path_);
  finished_ = true;
}

}  // namespace samsr

#include "data/photographs/index.h"

#include <array>
#include <cstring>

#include "core/append_bytes.h"
#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/error.h"
#include "core/json_entry.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr std::array<char, 24> kMagic{"samsr-photographs/2"};
constexpr std::array<char, 24> kMagicOfOneFolder{"samsr-photographs/1"};

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
  std::uint32_t source = 0;
  std::uint32_t packing = 0;
  std::uint32_t file_length = 0;
  std::uint32_t zero = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};
static_assert(sizeof(Record) == 48);
constexpr std::size_t kRecordOfOneFolder = 16;

std::string to_json(const PhotographSummary& summary) {
  nlohmann::ordered_json json;
  json["sources"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < summary.sources.size(); ++i) {
    nlohmann::ordered_json source;
    put_exact_text(source, "path", summary.sources[i].path);
    source["weight"] = summary.sources[i].weight;
    source["usable"] = summary.usable_of[i];
    json["sources"].push_back(std::move(source));
  }
  json["state"] = summary.state;
  json["min_size"] = summary.min_size;
  json["crop_size"] = summary.crop_size;
  json["files"] = summary.files;
  json["usable"] = summary.usable;
  json["too_small"] = summary.too_small;
  json["below_crop"] = summary.below_crop;
  json["unreadable"] = summary.unreadable;
  json["converted"] = summary.converted;
  json["fingerprint"] = summary.fingerprint;
  json["problems"] = summary.problems;
  json["small"] = summary.small;
  json["remarks"] = summary.remarks;
  return json_text(json);
}

std::vector<std::string> texts_of(const std::vector<JsonEntry>& entries) {
  std::vector<std::string> texts;
  for (const JsonEntry& entry : entries) {
    texts.push_back(entry.as_text());
  }
  return texts;
}

/// `summary.usable` is known.
void read_sources(const JsonEntry& json, PhotographSummary& summary) {
  if (!json.has("sources")) {  // a list of one folder
    summary.sources = json.exact_text("folder");
    summary.usable_of = {summary.usable};
    return;
  }
  std::vector<PhotographSource> sources;
  std::uint64_t usable = 0;
  for (const JsonEntry& entry : json.list("sources")) {
    sources.push_back({entry.exact_text("path"), entry.number("weight")});
    usable += summary.usable_of.emplace_back(entry.count("usable"));
  }
  if (sources.empty() || usable != summary.usable) {
    json.fail("the photographs of its sources are not those of the whole");
  }
  summary.sources = std::move(sources);
}

PhotographSummary from_json(const JsonEntry& json) {
  PhotographSummary summary;
  summary.state = json.text("state");
  summary.min_size = static_cast<int>(json.count("min_size"));
  summary.files = json.count("files");
  summary.usable = json.count("usable");
  summary.too_small = json.count("too_small");
  summary.unreadable = json.count("unreadable");
  for (const auto& [kind, count] : json.object("converted").items()) {
    summary.converted[kind] = count.as_count();
  }
  read_sources(json, summary);
  summary.fingerprint = json.text("fingerprint");
  summary.problems = texts_of(json.list("problems"));
  if (json.has("crop_size")) {  // older lists lack it, and are made anew
    summary.crop_size = static_cast<int>(json.count("crop_size"));
    summary.below_crop = json.count("below_crop");
    summary.small = texts_of(json.list("small"));
  }
  if (json.has("remarks")) {
    summary.remarks = texts_of(json.list("remarks"));
  }
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
  record_size_ = head.magic == kMagicOfOneFolder ? kRecordOfOneFolder : sizeof(Record);
  if ((head.magic != kMagic && head.magic != kMagicOfOneFolder) || head.summary_offset > size ||
      head.summary_size != size - head.summary_offset) {
    damaged(path);
  }
  std::string text(head.summary_size, '\0');
  file_.read_at(head.summary_offset, text.data(), text.size());
  if (crc32c(text.data(), text.size()) != head.summary_checksum) {
    damaged(path);
  }
  summary_ = from_json(JsonEntry::parse(text, path.string()));
  end_of_paths_ = head.summary_offset;
  if (summary_.usable > (end_of_paths_ - sizeof head) / record_size_) {
    damaged(path);
  }
}

Photograph PhotographIndex::at(std::uint64_t number) const {
  if (number >= size()) {
    throw std::logic_error("no photograph of that number");
  }
  Record record;
  file_.read_at(sizeof(Head) + number * record_size_, &record, record_size_);
  if (record.path_offset > end_of_paths_ || record.path_length > end_of_paths_ - record.path_offset) {
    damaged(path_);
  }
  Photograph photograph;
  photograph.path.resize(record.path_length);
  file_.read_at(record.path_offset, photograph.path.data(), photograph.path.size());
  photograph.checksum = record.checksum;
  photograph.source = record.source;
  photograph.packing = static_cast<PhotographPlace::Packing>(record.packing);
  photograph.file_length = record_size_ == kRecordOfOneFolder ? record.path_length : record.file_length;
  photograph.offset = record.offset;
  photograph.size = record.size;
  if (photograph.source >= summary_.sources.size() || photograph.packing >= PhotographPlace::Packing::kArchive ||
      photograph.file_length > record.path_length) {
    damaged(path_);
  }
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
                                .checksum = photograph.checksum,
                                .source = photograph.source,
                                .packing = static_cast<std::uint32_t>(photograph.packing),
                                .file_length = photograph.file_length,
                                .offset = photograph.offset,
                                .size = photograph.size});
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

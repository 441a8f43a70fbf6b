#include "train/report/run_record.h"

#include <yaml-cpp/yaml.h>

#include <chrono>
#include <ctime>
#include <map>

#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/host.h"
#include "core/yaml_text.h"
#include "data/shards/manifest.h"

namespace samsr {

void RunRecord::print(Log& log) const {
  for (const auto& [name, text] : facts_) {
    log.info("{:<12} {}", name, text);
  }
}

void RunRecord::append_to(const std::filesystem::path& file) const {
  YAML::Emitter yaml;
  yaml << YAML::BeginDoc << YAML::BeginMap;
  for (const auto& [name, text] : facts_) {
    yaml << YAML::Key << name << YAML::Value << text;
  }
  yaml << YAML::EndMap;
  const std::string earlier = std::filesystem::exists(file) ? read_file(file) : std::string();
  write_file_atomically(file, earlier + yaml.c_str() + "\n");
}

std::vector<std::map<std::string, std::string>> recorded_starts(const std::filesystem::path& file) {
  std::vector<std::map<std::string, std::string>> starts;
  if (!std::filesystem::exists(file)) {
    return starts;
  }
  for (const YAML::Node& start : parse_yaml_documents(read_file(file), file.string())) {
    std::map<std::string, std::string>& facts = starts.emplace_back();
    for (const auto& fact : start) {
      if (start.IsMap() && fact.second.IsScalar()) {
        facts[fact.first.Scalar()] = fact.second.Scalar();
      }
    }
  }
  return starts;
}

std::string hosts_of(Communicator& communicator) {
  std::map<std::string, int> ranks;
  for (const std::string& host : communicator.gather(host_name())) {
    ++ranks[host];
  }
  std::string text;
  for (const auto& [host, count] : ranks) {
    text += fmt::format("{}{} ({} rank{})", text.empty() ? "" : ", ", host, count, count == 1 ? "" : "s");
  }
  return text;
}

std::string data_fingerprint(const std::filesystem::path& shards) {
  return fmt::format("{:08x}", file_crc32c(manifest_path(shards)));
}

std::string time_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

}  // namespace samsr

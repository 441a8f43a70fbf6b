#include "comm/gather_json.h"

#include "core/json_entry.h"

namespace samsr {

std::vector<nlohmann::json> gather_results(Communicator& comm, const nlohmann::json& local) {
  std::vector<nlohmann::json> by_rank;
  std::size_t count = 0;
  for (const std::string& text : comm.gather(json_text(local))) {
    by_rank.push_back(nlohmann::json::parse(text));
    count += by_rank.back().size();
  }
  std::vector<nlohmann::json> results;
  for (std::size_t i = 0; i < count; ++i) {
    results.push_back(std::move(by_rank[i % by_rank.size()].at(i / by_rank.size())));
  }
  return results;
}

}  // namespace samsr

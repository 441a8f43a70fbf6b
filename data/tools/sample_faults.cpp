#include "data/tools/sample_faults.h"

#include <vector>

#include "core/field_text.h"

namespace samsr {

SampleFaults gather_faults(const SampleFaults& own, Communicator& comm) {
  std::vector<std::string> fields;
  for (const auto& [index, line] : own) {
    fields.push_back(std::to_string(index));
    fields.push_back(one_line(line));
  }
  SampleFaults all;
  for (const std::string& text : comm.gather(join_fields(fields))) {
    const std::vector<std::string> of_rank = split_fields(text);
    for (std::size_t i = 0; i + 1 < of_rank.size(); i += 2) {
      all.emplace(std::stoull(of_rank[i]), of_rank[i + 1]);
    }
  }
  return all;
}

}  // namespace samsr

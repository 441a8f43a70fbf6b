#pragma once
// Fields of one stored sample as the tools look at them, each checked.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <string>
#include <string_view>

#include "data/shards/shard.h"

namespace samsr {

/// Picture `name` ("hr", "lr") as CV_8UC3 RGB, map `name` ("coverage", "coverage_hr") as CV_8UC1. UserError when the
/// shard has no such dataset or its checksum does not fit; std::logic_error for a name that is neither.
cv::Mat read_stored_picture(const Shard& shard, std::string_view name, std::uint64_t sample);

/// Text `name` as JSON. UserError when the shard has no such text, its checksum does not fit, or it is no record.
nlohmann::ordered_json read_stored_record(const Shard& shard, std::string_view name, std::uint64_t sample);

/// A stored text as JSON; `where` stands for it in messages. UserError when it is no object, or nested too deep.
nlohmann::ordered_json parse_record(const std::string& text, const std::string& where);

/// The photograph that a record of the field `source` names. UserError when it names none.
std::string photograph_of(const nlohmann::ordered_json& source, const std::string& where);

}  // namespace samsr

#pragma once
// Fields of one stored sample as the tools look at them, each checked.

#include <cstdint>
#include <opencv2/core.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/json_entry.h"
#include "data/shards/shard.h"

namespace samsr {

/// Picture `name` ("hr", "lr") as CV_8UC3 RGB, map `name` ("coverage", "coverage_hr") as CV_8UC1. UserError when the
/// shard has no such dataset or its checksum does not fit; std::logic_error for a name that is neither.
cv::Mat read_stored_picture(const Shard& shard, std::string_view name, std::uint64_t sample);

/// Text `name`. UserError when the shard has no such text or its checksum does not fit.
std::string read_stored_text(const Shard& shard, std::string_view name, std::uint64_t sample);

/// The same as JSON. UserError when it is none.
JsonEntry read_stored_record(const Shard& shard, std::string_view name, std::uint64_t sample);

/// The photograph that a record of the field `source` names. UserError when it names none.
std::string photograph_of(const JsonEntry& source);

/// The number in data.images of the source that it is of; nothing for a build of one. UserError when it is no number.
std::optional<std::uint32_t> source_of_photograph(const JsonEntry& source);

}  // namespace samsr

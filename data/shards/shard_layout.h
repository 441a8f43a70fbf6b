#pragma once

#include <cstdint>
#include <vector>

#include "data/shards/shard.h"

namespace samsr {

/// Whether the datasets of a shard are what their names promise (sample.h, the table of batch.h): type, dimensions,
/// three channels, sizes that fit each other and `scale`. Readers rely on it: they compute with these shapes.
/// std::runtime_error naming the dataset, what it is and what was expected. Datasets of other names may have any form.
void check_layout(const std::vector<ShardField>& fields, std::uint64_t scale);

}  // namespace samsr

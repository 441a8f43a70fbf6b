#include "data/shards/shard_layout.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "data/shards/batch.h"

namespace samsr {
namespace {

using Shape = std::vector<std::int64_t>;

/// Of any side or count. Far beyond what is stored, and products of it with a scale do not overflow.
constexpr std::int64_t kLargestExtent = 1 << 20;
constexpr std::uint64_t kLargestScale = 64;

std::string described(const ShardField& field) {
  return fmt::format("dataset {} is {} ({})", field.name, field.text ? "text" : stored_type_name(field.type),
                     fmt::join(field.shape, ", "));
}

[[noreturn]] void unexpected(const ShardField& field, const std::string& expected) {
  throw std::runtime_error(fmt::format("{}, expected {}", described(field), expected));
}

const ShardField* find(const std::vector<ShardField>& fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& field) { return field.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

const char* dimensions_of(BatchField::Form form) {
  switch (form) {
    case BatchField::Form::kImage:
      return "(H, W, 3)";
    case BatchField::Form::kMap:
      return "(H, W)";
    case BatchField::Form::kLatent:
      return "(C, h, w)";
    default:
      return "(K, C, h, w)";
  }
}

void check_form(const ShardField& field, const BatchField& known) {
  const bool right = !field.text && field.type == known.stored && field.shape.size() == known.dimensions() &&
                     (known.form != BatchField::Form::kImage || field.shape[2] == 3);
  if (!right) {
    unexpected(field, stored_type_name(known.stored) + " " + dimensions_of(known.form));
  }
  if (std::any_of(field.shape.begin(), field.shape.end(), [](std::int64_t n) { return n > kLargestExtent; })) {
    unexpected(field, fmt::format("at most {} a side", kLargestExtent));
  }
}

void check_one(const ShardField& field) {
  for (const BatchField& known : batch_fields()) {
    if (field.name == known.dataset) {
      return check_form(field, known);
    }
  }
  if (field.name == kNoiseSeedDataset) {
    if (field.text || field.type != at::kUInt64 || field.shape.size() != 1) {
      unexpected(field, "uint64 (K)");
    }
  } else if ((field.name == kSourceField || field.name == kMasksField) && !field.text) {
    unexpected(field, "text");
  }
}

/// Shape that `field`, where the shard has it, must have because of another dataset.
void expect_shape(const std::vector<ShardField>& fields, std::string_view name, const Shape& shape,
                  std::string_view because) {
  const ShardField* field = find(fields, name);
  if (field != nullptr && field->shape != shape) {
    unexpected(*field, fmt::format("({}) because of {}", fmt::join(shape, ", "), because));
  }
}

}  // namespace

void check_layout(const std::vector<ShardField>& fields, std::uint64_t scale) {
  if (scale < 1 || scale > kLargestScale) {
    throw std::runtime_error(fmt::format("its scale is {}, expected 1 to {}", scale, kLargestScale));
  }
  std::set<std::string_view> names;
  for (const ShardField& field : fields) {
    check_one(field);
    if (!names.insert(field.name).second) {
      throw std::runtime_error(fmt::format("dataset {} is listed twice", field.name));
    }
  }
  if (const ShardField* lr = find(fields, "lr")) {
    const Shape map{lr->shape[0], lr->shape[1]};
    const auto factor = static_cast<std::int64_t>(scale);
    expect_shape(fields, "hr", {factor * map[0], factor * map[1], 3}, fmt::format("lr and scale {}", scale));
    expect_shape(fields, "coverage", map, "lr");
    expect_shape(fields, "coverage_hr", map, "lr");
  }
  if (const ShardField* latent = find(fields, "z_hr")) {
    expect_shape(fields, "z_lr", latent->shape, "z_hr");
  }
  if (const ShardField* rollouts = find(fields, "rollout/x0")) {
    expect_shape(fields, kNoiseSeedDataset, {rollouts->shape[0]}, "rollout/x0");
    expect_shape(fields, "z_lr", {rollouts->shape.begin() + 1, rollouts->shape.end()}, "rollout/x0");
  }
}

}  // namespace samsr

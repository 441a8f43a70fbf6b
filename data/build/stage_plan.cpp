#include "data/build/stage_plan.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/error.h"

namespace samsr {
namespace {

/// The fields that `stored` keeps of a stage it has.
bool has_field(const Shard* stored, const StagePlan& plan, const std::string& field) {
  return stored != nullptr && plan.keep.contains(std::string(stage_of_field(field))) && stored->find(field) != nullptr;
}

bool depends_on_any(const std::string& stage, const std::string& content, const std::set<std::string>& others) {
  return std::any_of(others.begin(), others.end(),
                     [&](const std::string& other) { return stage_depends_on(stage, content, other); });
}

void check_needs(const Shard* stored, const StageList& asked, const StagePlan& plan) {
  for (const auto& stage : asked.stages) {
    if (!plan.run.contains(stage->name())) {
      continue;
    }
    for (const std::string& field : stage->needs()) {
      const std::string giver(stage_of_field(field));
      if (!plan.run.contains(giver) && !has_field(stored, plan, field)) {
        throw UserError("{}has no {}, which the stage {} reads; do that stage too: --stage {},{}",
                        stored == nullptr ? "the shard is missing, so it " : "", field, stage->name(), giver,
                        stage->name());
      }
    }
  }
}

}  // namespace

const Stage* StageList::find(std::string_view name) const {
  for (const auto& stage : stages) {
    if (stage->name() == name) {
      return stage.get();
    }
  }
  return nullptr;
}

StagePlan plan_stages(const Shard* stored, const StageList& asked) {
  const StageContents there = stored == nullptr ? StageContents{} : split_content(stored->header().content);
  StagePlan plan;
  for (const std::string& name : stages_as_done()) {
    const auto found = there.find(name);
    const Stage* stage = asked.find(name);
    if (stage != nullptr) {
      const std::string content = stage->content();
      const bool stale = depends_on_any(name, content, plan.run);
      if (found != there.end() && found->second == content && !stale) {
        plan.keep.insert(name);
        continue;
      }
      if (found != there.end() && found->second != content && !asked.named) {
        throw UserError(
            "its stage {} was made with other settings: {}; choose another data.out, or replace these fields with "
            "--stage {}",
            name, first_difference(found->second, content), name);
      }
      plan.run.insert(name);
    } else if (found != there.end()) {
      if (depends_on_any(name, found->second, plan.run)) {
        throw UserError("its stage {} was made from fields that would be replaced; do it again too: --stage {},{}",
                        name, fmt::join(plan.run, ","), name);
      }
      plan.keep.insert(name);
    }
  }
  check_needs(stored, asked, plan);
  return plan;
}

}  // namespace samsr

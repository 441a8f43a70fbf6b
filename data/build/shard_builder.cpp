#include "data/build/shard_builder.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>

#include "core/error.h"
#include "data/shards/shard_writer.h"

namespace samsr {
namespace {

/// Reads the fields of stages that stay.
class StoredFields {
 public:
  StoredFields(const Shard& shard, const std::set<std::string>& stages)
      : shard_(shard), file_(shard.path(), RandomAccessFile::Access::kRead) {
    for (const ShardField& field : shard.fields()) {
      if (stages.contains(std::string(stage_of_field(field.name)))) {
        fields_.push_back(&field);
      }
    }
  }

  Sample read(std::uint64_t number) const {
    Sample sample;
    for (const ShardField* field : fields_) {
      if (field->text) {
        std::string text(field->bytes, '\0');
        read(*field, number, text.data());
        text.resize(::strnlen(text.data(), text.size()));
        sample.texts.emplace_back(field->name, std::move(text));
      } else {
        at::Tensor tensor = at::empty(field->shape, field->type);
        read(*field, number, tensor.data_ptr());
        sample.fields.emplace_back(field->name, std::move(tensor));
      }
    }
    return sample;
  }

 private:
  void read(const ShardField& field, std::uint64_t number, void* out) const {
    if (!shard_.read(file_, field, number, out)) {
      throw UserError(
          "{}: sample {} field {}: checksum does not fit; delete the shard and run `samsr data build` again",
          shard_.path().string(), number, field.name);
    }
  }

  const Shard& shard_;
  const RandomAccessFile file_;
  std::vector<const ShardField*> fields_;
};

std::ptrdiff_t stage_number(std::string_view field) {
  const auto& names = stage_names();
  return std::find(names.begin(), names.end(), stage_of_field(field)) - names.begin();
}

/// The order of the shard's datasets, whichever stage came first.
void sort_by_stage(Sample& sample) {
  const auto by_stage = [](const auto& a, const auto& b) { return stage_number(a.first) < stage_number(b.first); };
  std::stable_sort(sample.fields.begin(), sample.fields.end(), by_stage);
  std::stable_sort(sample.texts.begin(), sample.texts.end(), by_stage);
}

bool same_samples(const Shard& shard, const PlannedShard& planned) {
  return shard.header().first_index == planned.first_index && shard.samples() == planned.samples;
}

}  // namespace

ShardHeader ShardBuilder::header_for(const PlannedShard& planned, const StagePlan& plan, const Shard* stored) const {
  StageContents contents;
  for (const std::string& name : plan.run) {
    contents[name] = stages_.find(name)->content();
  }
  if (stored != nullptr) {
    const StageContents there = split_content(stored->header().content);
    for (const std::string& name : plan.keep) {
      contents[name] = there.at(name);
    }
  }
  const bool old_pairs = plan.keep.contains("pairs");
  const std::string content = join_content(contents);
  return {.config = config_of_content(content),
          .content = content,
          .seed = old_pairs ? stored->header().seed : data_.seed,
          .first_index = planned.first_index,
          .scale = old_pairs ? stored->header().scale : static_cast<std::uint64_t>(data_.scale_of(planned.first_index)),
          .tool = "samsr " SAMSR_VERSION};
}

Shard ShardBuilder::build(const PlannedShard& planned, const std::function<void(std::uint64_t)>& made) const {
  std::optional<Shard> stored;
  if (planned.usable) {
    stored.emplace(planned.path);
    TORCH_CHECK(same_samples(*stored, planned), planned.path.string(), " has changed while it was waiting");
  }
  const StagePlan plan = plan_stages(stored ? &*stored : nullptr, stages_);
  std::vector<Stage*> todo;
  std::size_t chunk = 1;
  for (const auto& stage : stages_.stages) {
    if (plan.run.contains(stage->name())) {
      todo.push_back(stage.get());
      chunk = std::lcm(chunk, stage->batch());
    }
  }
  std::optional<StoredFields> kept;
  if (stored) {
    kept.emplace(*stored, plan.keep);
  }
  std::optional<ShardWriter> writer;
  for (std::uint64_t begin = 0; begin < planned.samples; begin += chunk) {
    std::vector<Sample> samples(std::min<std::uint64_t>(chunk, planned.samples - begin));
    for (std::size_t i = 0; kept && i < samples.size(); ++i) {
      samples[i] = kept->read(begin + i);
    }
    for (Stage* stage : todo) {
      for (std::size_t at = 0; at < samples.size(); at += stage->batch()) {
        const std::size_t count = std::min(stage->batch(), samples.size() - at);
        stage->run(planned.first_index + begin + at, std::span(samples).subspan(at, count));
      }
    }
    for (Sample& sample : samples) {
      sort_by_stage(sample);
      if (!writer) {
        writer.emplace(planned.path, header_for(planned, plan, stored ? &*stored : nullptr), sample, planned.samples);
      }
      writer->append(sample);
    }
    made(samples.size());
  }
  writer->finish();
  return Shard(planned.path);
}

}  // namespace samsr

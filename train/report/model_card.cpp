#include "train/report/model_card.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <functional>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/yaml_text.h"
#include "data/photographs/index.h"
#include "data/shards/manifest.h"
#include "eval/tables/merge.h"
#include "eval/tables/print.h"
#include "eval/tables/trained_run.h"
#include "models/weights/sha256.h"
#include "train/checkpoints/best_checkpoint.h"
#include "train/checkpoints/checkpoint.h"
#include "train/report/run_record.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// Settings that say where things lie or how many cores there are; the weights do not depend on them.
constexpr std::pair<const char*, const char*> kOfTheMachine[] = {
    {"data", "images"},  {"data", "out"},      {"train", "shards"},    {"train", "out"},
    {"train", "resume"}, {"train", "threads"}, {"train", "device"},    {"train", "teacher_weights"},
    {"val", "lq"},       {"val", "gt"},        {"semantic", "weights"}};

/// A setting of a resolved configuration; UserError naming the file that lacks it.
std::string setting(const YAML::Node& config, const fs::path& file, const char* section, const char* key) {
  const YAML::Node values = config[section];
  const YAML::Node value = values && values.IsMap() ? values[key] : YAML::Node();
  if (!value || !value.IsScalar()) {
    throw UserError("{}: no setting {}.{} in it", file.string(), section, key);
  }
  return value.Scalar();
}

YAML::Node read_yaml(const fs::path& file) {
  const YAML::Node yaml = parse_yaml(read_yaml_file(file), file.string());
  if (!yaml.IsMap()) {
    throw UserError("{}: not a configuration, which is a map of sections", file.string());
  }
  return yaml;
}

/// What one run recorded.
class RunFacts {
 public:
  RunFacts(const CardModel& model, Log& log)
      : model_(model),
        record_file_(model.run / "run.yaml"),
        config_file_(model.run / "config.yaml"),
        config_(read_yaml(config_file_)),
        starts_(parse_yaml_documents(read_file(record_file_), record_file_.string())) {
    if (starts_.empty() || !starts_.back().IsMap()) {
      throw UserError("{}: the run has not been started", record_file_.string());
    }
    checkpoint_ = find_weights(model.run, log).parent_path().filename().string();
  }

  std::string of(const char* section, const char* key) const { return setting(config_, config_file_, section, key); }
  /// A fact of the last start.
  std::string fact(const char* name) const {
    const YAML::Node value = starts_.back()[name];
    if (!value || !value.IsScalar()) {
      throw UserError("{}: the last start says nothing of '{}'", record_file_.string(), name);
    }
    return value.Scalar();
  }
  /// The part of a fact before `end`.
  std::string fact_until(const char* name, std::string_view end) const {
    const std::string whole = fact(name);
    return whole.substr(0, whole.find(end));
  }
  /// Precision, ranks, threads and device: what follows the recipe's name in the fact `recipe`.
  std::string computed_with() const {
    const std::string whole = fact("recipe");
    const std::string name = of("train", "recipe") + " · ";
    return whole.starts_with(name) ? whole.substr(name.size()) : whole;
  }

  std::string images_seen() const {
    return std::to_string(std::stoll(of("train", "steps")) * std::stoll(of("train", "global_batch")));
  }
  std::string hours() const { return fmt::format("{:.2f}", read_trained_run(model_.run, model_.name).hours); }
  std::string weights_of() const {
    const auto best = read_best(model_.run);
    const bool is_best = best && best->checkpoint == checkpoint_;
    return checkpoint_ + (is_best ? fmt::format(", best {} in validation", best->figure) : ", the last");
  }
  /// The first 16 digits of the SHA-256 of all settings but kOfTheMachine.
  std::string fingerprint() const {
    YAML::Node settings = YAML::Clone(config_);
    for (const auto& [section, key] : kOfTheMachine) {
      settings[section].remove(key);
    }
    return sha256_of(YAML::Dump(settings)).substr(0, 16);
  }

 private:
  const CardModel model_;
  const fs::path record_file_;
  const fs::path config_file_;
  const YAML::Node config_;
  std::vector<YAML::Node> starts_;
  std::string checkpoint_;
};

/// Models are the columns, because the facts are many.
std::string training_block(const std::vector<CardModel>& models, Log& log) {
  using Fact = std::pair<const char*, std::function<std::string(const RunFacts&)>>;
  const Fact facts[] = {
      {"recipe", [](const RunFacts& run) { return run.of("train", "recipe"); }},
      {"steps", [](const RunFacts& run) { return run.of("train", "steps"); }},
      {"images a step", [](const RunFacts& run) { return run.of("train", "global_batch"); }},
      {"images seen", [](const RunFacts& run) { return run.images_seen(); }},
      {"learning rate",
       [](const RunFacts& run) { return run.of("train", "lr") + ", " + run.of("train", "lr_schedule"); }},
      {"weights", [](const RunFacts& run) { return run.weights_of(); }},
      {"averaged with", [](const RunFacts& run) { return run.of("train", "ema_rate"); }},
      {"hours", [](const RunFacts& run) { return run.hours(); }},
      {"computed with", [](const RunFacts& run) { return run.computed_with(); }},
      {"hardware", [](const RunFacts& run) { return run.fact("hardware"); }},
      {"program", [](const RunFacts& run) { return run.fact_until("program", ", started"); }},
      {"seed", [](const RunFacts& run) { return run.of("train", "seed"); }},
      {"settings", [](const RunFacts& run) { return fmt::format("`{}`", run.fingerprint()); }},
  };
  std::vector<RunFacts> runs;
  std::string text = "| |";
  std::string rule = "\n| --- |";
  for (const CardModel& model : models) {
    runs.emplace_back(model, log);
    text += fmt::format(" {} |", model.name);
    rule += " --- |";
  }
  text += rule;
  for (const auto& [name, of_run] : facts) {
    text += fmt::format("\n| {} |", name);
    for (const RunFacts& run : runs) {
      text += fmt::format(" {} |", of_run(run));
    }
  }
  return text +
         "\n\nHours are the sum of the steps' times; saving and validating come on top. `settings` begins the SHA-256 "
         "of the "
         "run's resolved settings without those that name places or cores.";
}

std::string files_block(const std::vector<CardModel>& models, Log& log) {
  std::string text = "| file | parameters, M | bytes | SHA-256 |\n| --- | ---: | ---: | --- |";
  std::uintmax_t bytes = 0;
  for (const CardModel& model : models) {
    const std::string digest = sha256_of_file(model.file);
    const std::uintmax_t size = fs::file_size(model.file);
    bytes += size;
    text += fmt::format("\n| `{}` | {} | {} | `{}` |", model.file.filename().string(),
                        RunFacts(model, log).fact_until("network", " M parameters"), size, digest);
  }
  return text + fmt::format("\n\nTogether {:.1f} MB.", static_cast<double>(bytes) / 1e6);
}

std::string data_block(const fs::path& shards) {
  const fs::path file = shards / "config.yaml";
  const YAML::Node config = read_yaml(file);
  const auto of = [&](const char* section, const char* key) { return setting(config, file, section, key); };
  const PhotographSummary photographs = PhotographIndex(shards / "photographs.index").summary();
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"photographs", fmt::format("{}, CRC-32C `{}`", photographs.usable, photographs.fingerprint)},
      {"pairs", fmt::format("{}, CRC-32C `{}`", read_manifest(shards).samples(), data_fingerprint(shards))},
      {"crops", fmt::format("{0} × {0} pixels, ×{1} smaller", of("data", "gt_size"), of("data", "scale"))},
      {"mirrored, turned", of("data", "use_hflip") + ", " + of("data", "use_rot")},
      {"degradation", of("degradation", "preset")},
      {"masks", of("masks", "source")},
      {"seed", of("data", "seed")},
  };
  std::string text = "| | |\n| --- | --- |";
  for (const auto& [name, value] : rows) {
    text += fmt::format("\n| {} | {} |", name, value);
  }
  return text;
}

std::string figures_block(const fs::path& results) {
  Measurements measurements;
  measurements.results = merge_results(collect_results({results.string()}));
  TableLayout layout = layout_of_everything(measurements);
  layout.title = fmt::format("{} pictures", measurements.results.front().methods.front().images.size());
  std::string text = tables_markdown({fill_table(layout, measurements)});
  text.erase(text.find_last_not_of('\n') + 1);
  return text;
}

}  // namespace

std::string model_card(const std::string& text, const std::string& source, const CardSources& sources, Log& log) {
  const std::pair<std::string, std::function<std::string()>> blocks[] = {
      {"files", [&] { return files_block(sources.models, log); }},
      {"data", [&] { return data_block(sources.shards); }},
      {"training", [&] { return training_block(sources.models, log); }},
      {"figures", [&] { return figures_block(sources.results); }},
  };
  std::string card;
  std::size_t at = 0;
  for (std::size_t open; (open = text.find("{{", at)) != std::string::npos;) {
    const std::size_t close = text.find("}}", open);
    const std::string name = text.substr(open + 2, close == std::string::npos ? close : close - open - 2);
    const auto block =
        std::find_if(std::begin(blocks), std::end(blocks), [&](const auto& each) { return each.first == name; });
    if (close == std::string::npos || block == std::end(blocks)) {
      throw UserError("{}:{}: no such place '{{{{{}}}}}'; there are files, data, training, figures", source,
                      std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(open), '\n') + 1,
                      name.substr(0, name.find('\n')));
    }
    card += text.substr(at, open - at) + block->second();
    at = close + 2;
  }
  return card + text.substr(at);
}

}  // namespace samsr

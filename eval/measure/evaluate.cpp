#include "eval/measure/evaluate.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "comm/work_through.h"
#include "core/json_entry.h"
#include "core/parallel.h"
#include "data/images/image_file.h"
#include "data/images/picture_failure.h"
#include "eval/measure/set_scorer.h"
#include "eval/upscale/bicubic.h"

namespace samsr {
namespace {

/// Images that one rank takes at a time, and of which those of one size go through a metric together.
constexpr std::int64_t kGroup = 8;

std::string size_of(const at::Tensor& image) { return fmt::format("{}x{}", image.size(3), image.size(2)); }

/// What became of one image.
struct Scored {
  std::vector<double> values;  ///< in the order of the metrics; NaN where there is none
  std::string unreadable;      ///< why it, or one of its values, could not be computed
  std::string mismatch;        ///< "name (200x100, reference 200x120)"
  std::string valueless;       ///< metrics that have no value for it, and why
  bool usable = false;         ///< it can be read, and is of the right size
  std::optional<Colour> colour_shift;
};

/// One image with its counterpart.
struct Loaded {
  at::Tensor pred;  ///< (1,3,H,W) uint8; undefined when it cannot be measured
  at::Tensor ref;   ///< undefined without references
  std::string path{};
};

/// Mean colour of (1,3,H,W) uint8.
Colour mean_colour(const at::Tensor& image) {
  const at::Tensor means = image.to(at::kFloat).mean({0, 2, 3}, /*keepdim=*/false, at::kDouble);
  return {means[0].item<double>(), means[1].item<double>(), means[2].item<double>()};
}

Colour difference(const Colour& a, const Colour& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }

/// Scores one method's images.
class MethodScorer {
 public:
  MethodScorer(const Comparison& comparison, const ComparedMethod& method, const std::vector<const Metric*>& metrics,
               std::int64_t reference_size)
      : comparison_(comparison), method_(method), metrics_(metrics), reference_size_(reference_size) {
    for (const auto& [name, path] : method.images) {
      names_.push_back(name);
    }
  }

  const std::vector<std::string>& names() const { return names_; }

  /// Images [first, last).
  std::vector<Scored> score(std::int64_t first, std::int64_t last) const {
    std::vector<Scored> scored(static_cast<std::size_t>(last - first));
    std::vector<Loaded> loaded(scored.size());
    in_parallel(last - first, [&](std::int64_t i) {
      const auto slot = static_cast<std::size_t>(i);
      scored[slot].values.assign(metrics_.size(), std::nan(""));
      load(names_[static_cast<std::size_t>(first + i)], loaded[slot], scored[slot]);
    });
    const std::vector<std::vector<std::size_t>> batches = batches_of(loaded);
    for (std::size_t m = 0; m < metrics_.size(); ++m) {
      const auto measure = [&](std::int64_t b) {
        score_batch(m, batches[static_cast<std::size_t>(b)], loaded, scored);
      };
      if (metrics_[m]->by_network()) {
        for (std::size_t b = 0; b < batches.size(); ++b) {
          measure(static_cast<std::int64_t>(b));
        }
      } else {
        in_parallel(static_cast<std::int64_t>(batches.size()), measure);
      }
    }
    for (std::size_t i = 0; i < scored.size(); ++i) {
      explain_missing_values(names_[static_cast<std::size_t>(first) + i], loaded[i], scored[i]);
    }
    return scored;
  }

 private:
  void load(const std::string& name, Loaded& loaded, Scored& scored) const {
    try {
      at::Tensor pred = to_tensor(read_image(method_.images.at(name), Bits::kEight, comparison_.images).rgb);
      pred = method_.enlarge > 1 ? upscale_bicubic(pred, method_.enlarge) : pred;
      at::Tensor counterpart;
      if (!comparison_.references.empty()) {
        counterpart = loaded.ref =
            to_tensor(read_image(comparison_.references.at(name), Bits::kEight, comparison_.images).rgb);
        scored.mismatch = compare_with_reference(name, pred, loaded.ref);
      } else if (!comparison_.lq.empty()) {
        counterpart = to_tensor(read_image(comparison_.lq.at(name), Bits::kEight, comparison_.images).rgb);
        scored.mismatch = method_.enlarge == 1 ? compare_with_lq(name, pred, counterpart) : "";
      }
      if (scored.mismatch.empty()) {
        scored.usable = true;
        loaded.pred = pred;
        loaded.path = method_.images.at(name).string();
        if (counterpart.defined()) {
          scored.colour_shift = difference(mean_colour(pred), mean_colour(counterpart));
        }
      }
    } catch (...) {
      loaded = {};  // which frees memory for the next
      scored.unreadable = describe_failure(method_.images.at(name).string(), std::current_exception());
    }
  }

  std::string compare_with_reference(const std::string& name, const at::Tensor& pred, const at::Tensor& ref) const {
    if (reference_size_ > 0 && (ref.size(2) != reference_size_ || ref.size(3) != reference_size_)) {
      return fmt::format("{} (reference {}, the benchmark's are {}x{})", name, size_of(ref), reference_size_,
                         reference_size_);
    }
    return ref.sizes() == pred.sizes() ? "" : fmt::format("{} ({}, reference {})", name, size_of(pred), size_of(ref));
  }

  std::string compare_with_lq(const std::string& name, const at::Tensor& pred, const at::Tensor& lq) const {
    const bool fits = pred.size(2) == comparison_.scale * lq.size(2) && pred.size(3) == comparison_.scale * lq.size(3);
    return fits ? "" : fmt::format("{} ({}, x{} of {})", name, size_of(pred), comparison_.scale, size_of(lq));
  }

  /// Numbers of loaded images of one size, in order. What a network takes at once is its metric's own matter.
  static std::vector<std::vector<std::size_t>> batches_of(const std::vector<Loaded>& loaded) {
    std::vector<std::vector<std::size_t>> batches;
    for (std::size_t i = 0; i < loaded.size(); ++i) {
      if (!loaded[i].pred.defined()) {
        continue;
      }
      const auto open = std::find_if(batches.begin(), batches.end(), [&](const auto& batch) {
        return loaded[batch.front()].pred.sizes() == loaded[i].pred.sizes();
      });
      if (open == batches.end()) {
        batches.push_back({i});
      } else {
        open->push_back(i);
      }
    }
    return batches;
  }

  /// A batch that memory does not suffice for is done image by image; one that then fails has no value.
  void score_batch(std::size_t m, const std::vector<std::size_t>& batch, const std::vector<Loaded>& loaded,
                   std::vector<Scored>& scored) const {
    try {
      score_together(m, batch, loaded, scored);
    } catch (...) {
      const std::string failure = describe_failure(loaded[batch.front()].path, std::current_exception());
      if (batch.size() == 1) {
        scored[batch.front()].unreadable = fmt::format("{} ({})", failure, metrics_[m]->name());
        return;
      }
      for (const std::size_t i : batch) {
        score_batch(m, {i}, loaded, scored);
      }
    }
  }

  void score_together(std::size_t m, const std::vector<std::size_t>& batch, const std::vector<Loaded>& loaded,
                      std::vector<Scored>& scored) const {
    std::vector<at::Tensor> preds;
    std::vector<at::Tensor> refs;
    for (const std::size_t i : batch) {
      preds.push_back(loaded[i].pred);
      if (loaded[i].ref.defined()) {
        refs.push_back(loaded[i].ref);
      }
    }
    const at::Tensor scores = metrics_[m]->score(at::cat(preds), refs.empty() ? at::Tensor() : at::cat(refs));
    for (std::size_t k = 0; k < batch.size(); ++k) {
      scored[batch[k]].values[m] = scores[static_cast<std::int64_t>(k)].item<double>();
    }
  }

  void explain_missing_values(const std::string& name, const Loaded& loaded, Scored& scored) const {
    if (!loaded.pred.defined() || !scored.unreadable.empty()) {
      return;
    }
    for (std::size_t m = 0; m < metrics_.size(); ++m) {
      if (std::isnan(scored.values[m])) {
        const std::string reason = metrics_[m]->undefined_for(loaded.pred.size(2), loaded.pred.size(3));
        scored.valueless += fmt::format("{}{}: no {} ({})", scored.valueless.empty() ? "" : "; ", name,
                                        metrics_[m]->name(), reason.empty() ? "too little texture" : reason);
      }
    }
  }

  const Comparison& comparison_;
  const ComparedMethod& method_;
  const std::vector<const Metric*>& metrics_;
  const std::int64_t reference_size_;
  std::vector<std::string> names_;
};

/// One rank's share as text for the others; JSON keeps every digit of a double and has null for NaN.
std::string pack(const std::vector<std::pair<std::int64_t, Scored>>& share) {
  nlohmann::json packed = nlohmann::json::array();
  for (const auto& [number, scored] : share) {
    const auto colour = scored.colour_shift ? nlohmann::json(*scored.colour_shift) : nlohmann::json();
    packed.push_back(
        {number, scored.values, scored.unreadable, scored.mismatch, scored.valueless, colour, scored.usable});
  }
  return json_text(packed);
}

void unpack(const std::string& text, std::vector<Scored>& all) {
  for (const auto& entry : nlohmann::json::parse(text)) {
    Scored& scored = all.at(entry[0].get<std::size_t>());
    for (const auto& value : entry[1]) {
      scored.values.push_back(value.is_null() ? std::nan("") : value.get<double>());
    }
    scored.unreadable = entry[2];
    scored.mismatch = entry[3];
    scored.valueless = entry[4];
    if (!entry[5].is_null()) {
      scored.colour_shift = entry[5].get<Colour>();
    }
    scored.usable = entry[6];
  }
}

/// The remarks of one kind, in the order of the images.
std::vector<std::string> remarks(const std::vector<Scored>& all, std::string Scored::*kind) {
  std::vector<std::string> found;
  for (const Scored& scored : all) {
    if (!(scored.*kind).empty()) {
      found.push_back(scored.*kind);
    }
  }
  return found;
}

void report(const std::vector<Scored>& all, const std::string& name, const std::string& source, Log& log,
            InputProblems& problems) {
  for (const std::string& unreadable : remarks(all, &Scored::unreadable)) {
    problems.add(unreadable);
  }
  if (const auto wrong = remarks(all, &Scored::mismatch); !wrong.empty()) {
    problems.add(fmt::format("{}: {} of {} images differ in size from what they are compared with: {}", source,
                             wrong.size(), all.size(), first_few(wrong)));
  }
  if (const auto none = remarks(all, &Scored::valueless); !none.empty()) {
    log.warning("{}: {} images are left out of a mean: {}", name, none.size(), first_few(none));
  }
}

std::vector<Scored> score_images(const MethodScorer& scorer, const std::string& name, Communicator& communicator,
                                 Log& log) {
  const auto images = static_cast<std::int64_t>(scorer.names().size());
  std::vector<std::pair<std::int64_t, Scored>> share;
  // The groups are the same for any number of ranks, so that batches are too, and every bit of a score.
  const auto last_of = [&](std::int64_t first) { return std::min(first + kGroup, images); };
  const auto score = [&](std::uint64_t group, const ReportWork&) {
    const std::int64_t first = static_cast<std::int64_t>(group) * kGroup;
    std::vector<Scored> scored = scorer.score(first, last_of(first));
    for (std::int64_t i = first; i < last_of(first); ++i) {
      share.emplace_back(i, std::move(scored[static_cast<std::size_t>(i - first)]));
    }
  };
  const auto images_of = [&](std::uint64_t group) {
    const std::int64_t first = static_cast<std::int64_t>(group) * kGroup;
    return static_cast<std::uint64_t>(last_of(first) - first);
  };
  work_through({.task = name,
                .unit = "images",
                .items = static_cast<std::uint64_t>((images + kGroup - 1) / kGroup),
                .units = images_of},
               score, communicator, log);
  std::vector<Scored> all(static_cast<std::size_t>(images));
  for (const std::string& text : communicator.gather(pack(share))) {
    unpack(text, all);
  }
  return all;
}

/// The metrics of a comparison, by what they measure.
struct SortedMetrics {
  std::vector<const Metric*> of_images;
  std::vector<std::size_t> columns;  ///< of those, among all
  std::map<std::size_t, SetScorer> of_sets;
};

/// Names of the images that a metric of whole sets can take.
std::vector<std::string> usable_names(const MethodScorer& scorer, const std::vector<Scored>& all) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].usable) {
      names.push_back(scorer.names()[i]);
    }
  }
  return names;
}

}  // namespace

Results evaluate(const Comparison& comparison, const std::vector<const Metric*>& metrics, std::int64_t reference_size,
                 Communicator& communicator, Log& log, InputProblems& problems) {
  Results results;
  results.reference = comparison.reference_folder.string();
  SortedMetrics sorted;
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    results.metrics.push_back(describe(*metrics[m]));
    if (const auto* of_set = dynamic_cast<const SetMetric*>(metrics[m])) {
      const auto made = sorted.of_sets.try_emplace(m, comparison, *of_set, communicator, log, problems).first;
      results.metrics.back().protocol = made->second.protocol();
    } else {
      sorted.of_images.push_back(metrics[m]);
      sorted.columns.push_back(m);
    }
  }
  for (const ComparedMethod& each : comparison.methods) {
    const EvalMethod& method = each.method;
    const MethodScorer scorer(comparison, each, sorted.of_images, reference_size);
    const std::vector<Scored> all = score_images(scorer, method.name, communicator, log);
    MethodScores& scores = results.methods.emplace_back();
    scores.name = method.name;
    scores.source = method.source.empty() ? method.folder.string() : method.source;
    report(all, scores.name, scores.source, log, problems);
    scores.seconds_per_image = method.seconds_per_image;
    scores.parameters = method.parameters;
    for (std::size_t i = 0; i < all.size(); ++i) {
      std::vector<double> values(metrics.size(), std::nan(""));
      for (std::size_t m = 0; m < sorted.columns.size(); ++m) {
        values[sorted.columns[m]] = all[i].values[m];
      }
      scores.images.push_back({scorer.names()[i], values, all[i].colour_shift});
    }
    for (auto& [m, of_set] : sorted.of_sets) {
      scores.of_set[m] = of_set.score(each, usable_names(scorer, all));
    }
  }
  return results;
}

}  // namespace samsr

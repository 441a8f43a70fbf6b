#include "eval/measure/set_scorer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "comm/work_through.h"
#include "core/append_bytes.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/json_entry.h"
#include "core/parallel.h"
#include "data/images/image_file.h"
#include "data/images/picture_failure.h"
#include "eval/measure/frechet_bootstrap.h"
#include "eval/metrics/fid/set_statistics.h"
#include "eval/upscale/bicubic.h"
#include "models/weights/printable.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// Pictures that pass through the network together. The groups are the same for any number of ranks, so that batches
/// are too, and every bit of a feature.
constexpr std::int64_t kSetGroup = 8;

/// Features of some pictures of a set, as text for the other ranks.
class Share {
 public:
  explicit Share(std::int64_t columns) : row_bytes_(static_cast<std::size_t>(columns) * sizeof(float)) {}

  void add(std::uint64_t picture, const at::Tensor& row) {
    append_bytes(text_, picture);
    text_.append(static_cast<const char*>(row.const_data_ptr()), row_bytes_);
  }
  const std::string& text() const { return text_; }

  /// Puts what `text` holds into its rows of `features`.
  void put(const std::string& text, at::Tensor& features) const {
    for (std::size_t at = 0; at < text.size(); at += sizeof(std::uint64_t) + row_bytes_) {
      std::uint64_t picture = 0;
      std::memcpy(&picture, text.data() + at, sizeof picture);
      std::memcpy(features[static_cast<std::int64_t>(picture)].mutable_data_ptr(), text.data() + at + sizeof picture,
                  row_bytes_);
    }
  }

 private:
  const std::size_t row_bytes_;
  std::string text_;
};

/// The features of a group; undefined where one of its pictures failed, of which `failures` says why.
std::vector<at::Tensor> group_features(const SetMetric& metric, const std::vector<at::Tensor>& prepared,
                                       const std::vector<std::string>& paths, std::vector<std::string>& failures) {
  std::vector<at::Tensor> rows(prepared.size());
  std::vector<std::size_t> there;
  std::vector<at::Tensor> batch;
  for (std::size_t i = 0; i < prepared.size(); ++i) {
    if (prepared[i].defined()) {
      there.push_back(i);
      batch.push_back(prepared[i]);
    }
  }
  if (batch.empty()) {
    return rows;
  }
  try {
    const at::Tensor features = metric.features(at::cat(batch));
    for (std::size_t k = 0; k < there.size(); ++k) {
      rows[there[k]] = features[static_cast<std::int64_t>(k)];
    }
  } catch (...) {
    const std::string failure = describe_failure(paths[there.front()], std::current_exception());
    if (batch.size() == 1) {
      failures[there.front()] = fmt::format("{} ({})", failure, metric.name());
      return rows;
    }
    for (const std::size_t i : there) {  // memory may suffice for one at a time
      rows[i] = group_features(metric, {prepared[i]}, {paths[i]}, failures)[0];
    }
  }
  return rows;
}

ImageSet images_called(const ImageSet& images, const std::vector<std::string>& names) {
  ImageSet found;
  for (const std::string& name : names) {
    found.emplace(name, images.at(name));
  }
  return found;
}

}  // namespace

SetScorer::SetScorer(const Comparison& comparison, const SetMetric& metric, Communicator& communicator, Log& log,
                     InputProblems& problems)
    : comparison_(comparison),
      metric_(metric),
      communicator_(communicator),
      log_(log),
      problems_(problems),
      cache_(comparison.features) {
  if (comparison.reference_statistics.empty()) {
    return;
  }
  const SetStatistics known = read_statistics(comparison.reference_statistics);
  if (known.mean.size(0) != metric.feature_count()) {
    throw UserError("{}: statistics of {} features, {} has {}", comparison.reference_statistics.string(),
                    known.mean.size(0), metric.name(), metric.feature_count());
  }
  if (!known.protocol.empty() && known.protocol != metric.protocol()) {
    throw UserError("{}: made by another protocol ({}) than {}'s ({})", comparison.reference_statistics.string(),
                    printable(known.protocol), metric.name(), metric.protocol());
  }
  known_references_ = fit_of_statistics(known.mean, known.covariance);
}

std::string SetScorer::protocol() const {
  return known_references_ ? fmt::format("{}, against the statistics of {}", metric_.protocol(),
                                         comparison_.reference_statistics.filename().string())
                           : metric_.protocol();
}

at::Tensor SetScorer::compute_features(const ImageSet& pictures, std::int64_t enlarge, const std::string& whose,
                                       std::vector<std::string>& failures) {
  const std::vector<std::pair<std::string, fs::path>> listed(pictures.begin(), pictures.end());
  const auto count = static_cast<std::int64_t>(listed.size());
  Share share(metric_.feature_count());
  nlohmann::json failed = nlohmann::json::array();
  const auto last_of = [&](std::int64_t first) { return std::min(first + kSetGroup, count); };
  const auto work = [&](std::uint64_t group, const ReportWork&) {
    const std::int64_t first = static_cast<std::int64_t>(group) * kSetGroup;
    const auto size = static_cast<std::size_t>(last_of(first) - first);
    std::vector<at::Tensor> prepared(size);
    std::vector<std::string> paths(size);
    std::vector<std::string> why(size);
    in_parallel(static_cast<std::int64_t>(size), [&](std::int64_t i) {
      const auto slot = static_cast<std::size_t>(i);
      paths[slot] = listed[static_cast<std::size_t>(first + i)].second.string();
      try {
        const at::Tensor picture = to_tensor(read_image(paths[slot], Bits::kEight, comparison_.images).rgb);
        prepared[slot] = metric_.prepared(enlarge > 1 ? upscale_bicubic(picture, enlarge) : picture);
      } catch (...) {
        why[slot] = describe_failure(paths[slot], std::current_exception());
      }
    });
    const std::vector<at::Tensor> rows = group_features(metric_, prepared, paths, why);
    for (std::size_t i = 0; i < size; ++i) {
      if (rows[i].defined()) {
        share.add(static_cast<std::uint64_t>(first) + i, rows[i]);
      } else {
        failed.push_back({static_cast<std::uint64_t>(first) + i, why[i]});
      }
    }
  };
  const auto pictures_of = [&](std::uint64_t group) {
    const std::int64_t first = static_cast<std::int64_t>(group) * kSetGroup;
    return static_cast<std::uint64_t>(last_of(first) - first);
  };
  work_through({.task = fmt::format("{} of {}", metric_.name(), whose),
                .unit = "images",
                .items = static_cast<std::uint64_t>((count + kSetGroup - 1) / kSetGroup),
                .units = pictures_of},
               work, communicator_, log_);
  at::Tensor features = at::full({count, metric_.feature_count()}, std::nan(""), at::kFloat);
  for (const std::string& text : communicator_.gather(share.text())) {
    share.put(text, features);
  }
  std::map<std::uint64_t, std::string> lines;
  for (const std::string& text : communicator_.gather(json_text(failed))) {
    for (const auto& entry : nlohmann::json::parse(text)) {
      lines.emplace(entry[0].get<std::uint64_t>(), entry[1].get<std::string>());
    }
  }
  for (const auto& [picture, line] : lines) {
    failures.push_back(line);
  }
  return features;
}

at::Tensor SetScorer::features_of(const ImageSet& pictures, std::int64_t enlarge, const std::string& whose,
                                  std::vector<std::string>& failures) {
  const auto rows = static_cast<std::int64_t>(pictures.size());
  std::string key;
  Share found(metric_.feature_count());
  on_first_rank(
      [&] {
        key = cache_.key(metric_, pictures, enlarge);
        const at::Tensor features = cache_.find(key, rows, metric_.feature_count(), log_);
        for (std::int64_t row = 0; features.defined() && row < rows; ++row) {
          found.add(static_cast<std::uint64_t>(row), features[row]);
        }
      },
      communicator_);
  const std::string known = communicator_.gather(found.text()).front();
  if (!known.empty()) {
    at::Tensor features = at::empty({rows, metric_.feature_count()}, at::kFloat);
    found.put(known, features);
    return features;
  }
  at::Tensor features = compute_features(pictures, enlarge, whose, failures);
  if (failures.empty()) {
    on_first_rank([&] { cache_.keep(key, features); }, communicator_);
  }
  return features;
}

at::Tensor SetScorer::reference_features(const std::vector<std::string>& names) {
  const ImageSet& all = comparison_.references;
  if (!references_.defined()) {
    std::vector<std::string> failures;
    references_ = features_of(all, 1, "the references", failures);
    for (const std::string& line : failures) {
      log_.warning("{}", line);
    }
    if (failures.empty()) {
      keep_statistics(references_, comparison_.statistics / (metric_.name() + "-reference.npz"));
    }
  }
  std::vector<std::int64_t> rows;
  for (const std::string& name : names) {
    rows.push_back(std::distance(all.begin(), all.find(name)));
  }
  return references_.index_select(0, at::tensor(rows, at::kLong));
}

void SetScorer::keep_statistics(const at::Tensor& features, const fs::path& file) {
  if (!comparison_.statistics.empty() && features.size(0) >= 2) {
    on_first_rank(
        [&] {
          make_folder(file.parent_path());
          write_statistics(features, metric_.protocol(), file);
        },
        communicator_);
  }
}

SetFigure SetScorer::score(const ComparedMethod& method, const std::vector<std::string>& names) {
  std::vector<std::string> failures;
  at::Tensor features = features_of(images_called(method.images, names), method.enlarge, method.method.name, failures);
  for (const std::string& line : failures) {
    problems_.add(line);
  }
  at::Tensor references = known_references_ ? at::Tensor() : reference_features(names);
  at::Tensor whole = features.isfinite().all(1);
  whole = references.defined() ? whole & references.isfinite().all(1) : whole;
  const at::Tensor kept = whole.nonzero().squeeze(1);
  if (kept.size(0) < 2) {
    log_.warning("{}: no {}: a set of pictures has at least two, {} could be measured", method.method.name,
                 metric_.name(), kept.size(0));
    return {};
  }
  features = features.index_select(0, kept);
  references = references.defined() ? references.index_select(0, kept) : references;
  keep_statistics(features, comparison_.statistics / metric_.name() / (method.method.name + ".npz"));
  return figure_of(features, references, method.method.name);
}

SetFigure SetScorer::figure_of(const at::Tensor& features, const at::Tensor& references, const std::string& whose) {
  std::optional<FrechetBootstrap> bootstrap;
  if (features.size(0) > FrechetBootstrap::kMostPictures) {
    log_.info("{}: {} has no interval: samples of {} pictures would take too long ({} at most)", whose, metric_.name(),
              features.size(0), FrechetBootstrap::kMostPictures);
  } else if (known_references_) {
    bootstrap.emplace(features, *known_references_);
  } else {
    bootstrap.emplace(features, references);
  }
  // The distance of the set, then those of the samples; each on one core, so that every bit is the same on any number.
  std::vector<double> distances(1 + static_cast<std::size_t>(bootstrap ? FrechetBootstrap::kSamples : 0), 0.0);
  std::vector<std::size_t> mine;
  for (auto i = static_cast<std::size_t>(communicator_.rank()); i < distances.size();
       i += static_cast<std::size_t>(communicator_.size())) {
    mine.push_back(i);
  }
  in_parallel(static_cast<std::int64_t>(mine.size()), [&](std::int64_t i) {
    const OneCore one_core;
    const std::size_t number = mine[static_cast<std::size_t>(i)];
    distances[number] = number > 0
                            ? bootstrap->distance(number)
                            : frechet_distance(fit_of_features(features),
                                               known_references_ ? *known_references_ : fit_of_features(references));
  });
  communicator_.sum(distances);
  SetFigure figure;
  figure.value = distances.front();
  figure.counted = features.size(0);
  figure.interval = interval_of_samples(figure.value, {distances.begin() + 1, distances.end()});
  return figure;
}

}  // namespace samsr

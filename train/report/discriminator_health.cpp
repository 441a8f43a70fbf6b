#include "train/report/discriminator_health.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

namespace samsr {
namespace {

std::optional<double> loss_called(const StepMetrics& metrics, std::string_view name) {
  const auto found =
      std::ranges::find(metrics.losses, name, [](const auto& each) -> std::string_view { return each.first; });
  return found == metrics.losses.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

std::string discriminator_text(const StepMetrics& metrics) {
  const auto accuracy = loss_called(metrics, "discriminator_accuracy");
  const auto real = loss_called(metrics, "discriminator_real");
  const auto fake = loss_called(metrics, "discriminator_fake");
  if (!accuracy || !real || !fake) {
    return {};
  }
  return fmt::format("  D {:.0f} % (real {:+.2f}, fake {:+.2f})", 100 * *accuracy, *real, *fake);
}

void DiscriminatorHealth::add(const StepMetrics& metrics) {
  const auto accuracy = loss_called(metrics, "discriminator_accuracy");
  if (accuracy && std::isfinite(*accuracy) && !metrics.skipped) {
    ++steps_;
    accuracy_ += *accuracy;
  }
}

std::string DiscriminatorHealth::verdict() {
  constexpr double kChance = 0.55;
  constexpr double kCertain = 0.95;
  const double accuracy = accuracy_ / static_cast<double>(steps_);
  const std::string found =
      fmt::format("right in {:.0f} % of its logits over {} step{}", 100 * accuracy, steps_, steps_ == 1 ? "" : "s");
  *this = {};
  if (accuracy < kChance) {
    return "the discriminator is dead, " + found +
           ", as good as chance: raise discriminator.lr, or give it a start (discriminator.start)";
  }
  if (accuracy > kCertain) {
    return "the discriminator wins, " + found +
           ": the student does not get on against it; lower discriminator.lr, or raise distill.lambda_adversarial";
  }
  return "discriminator and student are in balance: it is " + found;
}

}  // namespace samsr

#pragma once

#include <ATen/record_function.h>
#include <c10/core/Device.h>
#include <c10/core/Event.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

namespace samsr {

/// What a step's time goes into. Forward holds the copy to the device, and the encoder where latents are not cached;
/// optimizer holds the gradient's norm, its exchange of losses and the averaged weights.
enum class StepPhase { kDataWait, kRollout, kForward, kBackward, kExchange, kOptimizer };

inline constexpr std::array kStepPhaseNames{"data_wait", "rollout", "forward", "backward", "exchange", "optimizer"};

/// Milliseconds of one step.
struct StepTimes {
  std::array<double, kStepPhaseNames.size()> ms{};  ///< of each phase
  double whole = 0;                                 ///< from the step's first mark to its end

  double& operator[](StepPhase phase) { return ms[static_cast<std::size_t>(phase)]; }
  double operator[](StepPhase phase) const { return ms[static_cast<std::size_t>(phase)]; }
  /// Of all phases; what it lacks of `whole` is between them.
  double total() const;
  /// Of the rank's own work, before it waits for others: all but the exchange and what comes behind it.
  double before_exchange() const { return total() - (*this)[StepPhase::kExchange] - (*this)[StepPhase::kOptimizer]; }
};

/// Splits the time of steps into phases. On a GPU the marks are events of its stream, so that taking time never makes
/// the host wait; a phase is then the time between its marks there. For one thread.
class StepTimer {
 public:
  explicit StepTimer(c10::Device device);

  /// While it lives, time counts as `phase`; a span inside another one takes its time out of the outer one. Named in
  /// the profiler's traces. Without a timer it only names.
  class Span {
   public:
    Span(StepTimer* timer, StepPhase phase);
    ~Span();
    Span(const Span&) = delete;
    Span& operator=(const Span&) = delete;

   private:
    StepTimer* const timer_;
    const std::optional<StepPhase> outer_;
    at::RecordFunction record_;
  };

  /// `ms` milliseconds of this step that were counted as `from` belong to `to`.
  void move(StepPhase from, StepPhase to, double ms);
  /// Ends the step that began with the first span after the last one.
  void end_step();

  /// The times of every step ended since the last call. Waits for the GPU to reach the last of them.
  std::vector<StepTimes> take();

 private:
  /// From here on time counts as `phase`, or as none.
  struct Mark {
    std::optional<StepPhase> phase;
    std::chrono::steady_clock::time_point time;
    std::size_t step;
  };
  struct Move {
    StepPhase from;
    StepPhase to;
    double ms;
    std::size_t step;
  };
  void mark(std::optional<StepPhase> phase);
  double milliseconds(std::size_t from_mark) const;

  const c10::Device device_;
  std::optional<StepPhase> current_;
  std::size_t steps_ = 0;  ///< ended since the last take()
  std::vector<Mark> marks_;
  std::vector<c10::Event> events_;  ///< of marks_, on a GPU; kept and recorded anew after take()
  std::vector<Move> moves_;
};

}  // namespace samsr
